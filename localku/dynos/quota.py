"""What Heroku says about a dyno's memory. Pure.

Dev Center, "Heroku Error Codes": R14 above the quota, said again and again while it lasts; R15 and
SIGKILL above twice the quota. For R14 the page cache counts (rss, cache and swap), for R15 it does
not, since the kernel would give it back.
"""

from __future__ import annotations

MB = 1 << 20
VASTLY = 2


def verdict(total: int, held: int, quota: int) -> tuple[list[str], bool]:
    """The lines to log, and whether the dyno must be killed (R15).

    total: bytes with the cache. held: bytes without. quota: bytes, 0 for none.
    """
    if quota <= 0 or total <= quota:
        return [], False
    vast = held > VASTLY * quota
    used = held if vast else total
    running = f"Process running mem={used // MB}M({used * 100 / quota:.1f}%)"
    return ([running], True) if vast else ([running, "Error R14 (Memory quota exceeded)"], False)
