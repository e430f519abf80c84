"""What Heroku says about a dyno's memory. Pure.

Dev Center, "Heroku Error Codes": R14 above the quota, said again and again while it lasts; R15 and
SIGKILL above twice the quota.
"""

from __future__ import annotations

MB = 1 << 20
VASTLY = 2


def verdict(used: int, quota: int) -> tuple[list[str], bool]:
    """The lines to log for `used` bytes of `quota`, and whether the dyno must be killed (R15)."""
    if quota <= 0 or used <= quota:
        return [], False
    running = f"Process running mem={used // MB}M({used * 100 / quota:.1f}%)"
    if used > VASTLY * quota:
        return [running], True
    return [running, "Error R14 (Memory quota exceeded)"], False
