"""The router's lines, read for metrics only: which dyno, how long, which status, which code. Pure.

The router writes thousands of lines a second. So a line is first cut down to its tail, from
` dyno=` to ` bytes=`, which is the same for many; only distinct tails are read. Nothing that a
client sends can look like the start of a tail: there is no blank in a path, a host or an address
of a router line.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

_DYNO = b" dyno="
_END = b" bytes="
_CODE = b" code=H"
_TAILS = re.compile(rb" dyno=([^ ]* [^ ]* [^ ]* [^ ]*) ")
_OPENING_END = b" method="
_TAIL = re.compile(rb"(\S*) connect=(\d*)(?:ms)? service=(\d*)(?:ms)? status=(\d*)")
_AT = re.compile(rb'at=(\w+) code=(\w+)(?: desc="([^"]*)")?')
KNOWN = 4096  # tails that need not be read again
TUNNEL = 101  # the line of a WebSocket comes at its end: its time is no response time


@dataclass(frozen=True, slots=True)
class Served:
    """What a line says. dyno: "" for none. connect, service: ms, None if unknown. status: 0 if
    unknown. code: an H-code or ""; level, desc: as the line has them."""

    dyno: str
    connect: int | None
    service: int | None
    status: int
    code: str = ""
    level: str = "info"
    desc: str = ""

    @property
    def failed(self) -> bool:
        """Whether the platform or the dyno is to blame: a 5xx, or at=error."""
        return self.status >= 500 or self.level == "error"

    @property
    def status_class(self) -> str:
        """`2xx`; "" when there is no status (H24)."""
        return f"{self.status // 100}xx" if 100 <= self.status < 600 else ""


def count_tails(data: bytes, counts: Counter[bytes]) -> int:
    """Add the tails of some router lines to counts; returns how many lines there were."""
    if _CODE in data:
        return _count_slowly(data, counts)
    tails = _TAILS.findall(data)
    counts.update(tails)
    return len(tails)


def _count_slowly(data: bytes, counts: Counter[bytes]) -> int:
    """The same for lines of which some have a code: it stands in front, and goes with the tail."""
    lines = data.split(b"\n")
    for line in lines:
        start = line.rfind(_DYNO)
        if start < 0:
            continue
        tail = line[start + len(_DYNO) : line.find(_END, start)]
        opening = line[: line.find(_OPENING_END)]
        code = _AT.search(opening) if _CODE in opening else None
        counts[tail if code is None else code.group() + b"\n" + tail] += 1
    return len(lines) - 1


@lru_cache(maxsize=KNOWN)
def read_tail(tail: bytes) -> Served | None:
    """What a counted tail says; None for something that the router does not write."""
    opening, newline, rest = tail.rpartition(b"\n")
    match = _TAIL.match(rest)
    if match is None:
        return None
    dyno, connect, service, status = match.groups()
    code = _AT.match(opening) if newline else None
    level, name, desc = code.groups(b"") if code is not None else (b"info", b"", b"")
    return Served(
        dyno.decode("ascii", "replace"),
        int(connect) if connect else None,
        int(service) if service else None,
        int(status) if status else 0,
        name.decode(),
        level.decode(),
        desc.decode("ascii", "replace"),
    )
