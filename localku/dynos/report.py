"""The lines of log-runtime-metrics, as Heroku writes them. Pure.

Shape and order: Dev Center, "log-runtime-metrics", and lines of real apps. A value that this
machine does not tell is left out rather than made up (see usage.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localku.dynos.usage import Usage

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Who:
    """name: `web.1`. app_id: of its app. run_id: a UUID of this run of it."""

    name: str
    app_id: str
    run_id: str

    def __str__(self) -> str:
        return f"source={self.name} dyno=heroku.{self.app_id}.{self.run_id}"


def load_line(who: Who, averages: tuple[float, float, float]) -> str:
    """The first line. averages: over 1, 5 and 15 minutes."""
    one, five, fifteen = averages
    return (
        f"{who} sample#load_avg_1m={one:.2f} sample#load_avg_5m={five:.2f}"
        f" sample#load_avg_15m={fifteen:.2f}"
    )


def memory_line(who: Who, usage: Usage, quota: int) -> str:
    """The second line. quota: bytes, 0 for none."""
    fields = [
        f"memory_total={_mb(usage.total)}",
        f"memory_rss={_mb(usage.rss)}",
        f"memory_cache={_mb(usage.cache)}",
        f"memory_swap={_mb(usage.swap)}",
    ]
    if usage.pages_in is not None:
        fields.append(f"memory_pgpgin={usage.pages_in}pages")
    if usage.pages_out is not None:
        fields.append(f"memory_pgpgout={usage.pages_out}pages")
    if quota:
        fields.append(f"memory_quota={_mb(quota)}")
    return f"{who} " + " ".join(f"sample#{field}" for field in fields)


def _mb(size: int) -> str:
    return f"{size / MB:.2f}MB"
