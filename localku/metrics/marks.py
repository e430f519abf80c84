"""Heroku's lines as marks on a time line: releases, scaling, restarts, crashes, errors. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

API = "api"
EPISODE = 60.0  # seconds without a code, after which it is news again
TEXT_MAX = 500

_OF_API = (
    ("Release v", "release"),
    ("Scaled to ", "scale"),
    ("Set ", "config"),
    ("Remove ", "config"),
    ("Maintenance mode ", "maintenance"),
    ("Restarting", "restart"),
)
_OF_DYNO = (
    ("Restarting", "restart"),
    ("Cycling", "restart"),
)
_CRASHED = re.compile(r"State changed from \w+ to crashed")
_ERROR = re.compile(r"Error ([RL]\d\d)\b")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened. t: seconds since the epoch. kind: release, scale, restart, config,
    crash, maintenance or error. code, dyno: "" for none."""

    t: float
    kind: str
    text: str
    code: str = ""
    dyno: str = ""


def read(t: float, source: str, dyno: str, line: str) -> Mark | None:
    """The mark that a line of the platform makes, None for any other line."""
    if source == "app":
        kind = _kind(line, _OF_API) if dyno == API else ""
        return Mark(t, kind, line[:TEXT_MAX]) if kind else None
    error = _ERROR.match(line)
    if error is not None:
        return Mark(t, "error", line[:TEXT_MAX], error.group(1), dyno)
    kind = "crash" if _CRASHED.match(line) else _kind(line, _OF_DYNO)
    return Mark(t, kind, line[:TEXT_MAX], "", dyno) if kind else None


def may_mark(source: str, dyno: str) -> bool:
    """Whether an entry may hold a mark: those of apps and of the router do not."""
    return dyno == API if source == "app" else dyno != "router"


def _kind(line: str, table: tuple[tuple[str, str], ...]) -> str:
    return next((kind for start, kind in table if line.startswith(start)), "")


class Episodes:
    """Which codes are news: one that goes on is told once, not every second."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], float] = {}

    def is_news(self, code: str, dyno: str, now: float) -> bool:
        """Note that the code came; whether it had not for so long."""
        before = self._last.get((code, dyno))
        if before is None and len(self._last) >= 1000:
            self._last.clear()  # of one-off dynos there are ever new names
        self._last[code, dyno] = now
        return before is None or now - before > EPISODE
