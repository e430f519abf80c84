"""How a reader is told that lines were lost: Heroku's L-codes as entries. Pure. START PATH.

Literal texts from heroku.md section 2 (Dev Center "Heroku Error Codes"; logplex).
"""

from __future__ import annotations

from localku.logs.entry import Entry
from localku.logs.stamp import to_micros, utc_second


class Loss:
    """Counts the lines that one reader lost since it was last told."""

    __slots__ = ("last", "lines", "since")

    def __init__(self) -> None:
        self.lines = 0
        self.since = 0.0
        self.last = 0.0

    def add(self, entry: Entry) -> None:
        """entry was not delivered."""
        self.count(count_lines(entry), entry.time, entry.time)

    def count(self, lines: int, since: float, last: float) -> None:
        """So many lines were not delivered; the first of them came at since, the last at last."""
        self.since = min(self.since, since) if self.lines else since
        self.last = max(self.last, last) if self.lines else last
        self.lines += lines

    def take(self) -> tuple[int, float, float]:
        """Lines lost, when the first and the last of them came; and begins to count anew."""
        lost = (self.lines, self.since, self.last)
        self.lines = 0
        return lost


def count_lines(entry: Entry) -> int:
    """Lines in entry, a partial one counting as a line."""
    data = entry.data
    return data.count(b"\n") + (not data.endswith(b"\n"))


def output_overflow(loss: Loss) -> Entry:
    """L10: a buffer towards an output (the console, a drain) was full."""
    lines, since, last = loss.take()
    text = f"Error L10 (output buffer overflow): {lines} messages dropped since {_moment(since)}.\n"
    return Entry(last, "heroku", "logplex", text.encode())


def tail_overflow(loss: Loss) -> Entry:
    """L11: a tail session did not read fast enough."""
    lines, since, last = loss.take()
    text = (
        "Error L11 (Tail buffer overflow) -> "
        f"This tail session dropped {lines} messages since {_moment(since)}.\n"
    )
    return Entry(last, "heroku", "logplex", text.encode())


def _moment(moment: float) -> str:
    return utc_second(to_micros(moment)[0]) + "+00:00"
