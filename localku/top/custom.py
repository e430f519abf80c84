"""The app's own numbers, which it logs by l2met's conventions: what was last heard of each. Pure.

l2met (github.com/ryandotsmith/l2met): counts are summed, samples are the last value, measures have
percentiles. Those come with the seconds that the platform merged.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from localku.top.window import MINUTE, Point

KEPT = 200  # names; an app that makes ever new ones must not fill us


@dataclass(slots=True)
class Custom:
    """One of the app's numbers. kind: measure, count or sample. heard: the second in which it was
    last said. last: the last sample. seconds: in which it came, and what came: of a measure how
    many values, of a count their sum."""

    name: str
    kind: str
    unit: str = ""
    heard: int = 0
    last: float | None = None
    seconds: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=MINUTE))

    def total(self, now: int, seconds: int = MINUTE) -> float:
        """Values of a measure, or the sum of a count, in the last seconds."""
        return sum(value for second, value in self.seconds if now - seconds <= second < now)

    def series(self, now: int) -> list[float]:
        """The same for each second of the last minute; for a sample its values."""
        found = dict(self.seconds)
        return [found.get(second, 0.0) for second in range(now - MINUTE, now)]


class Customs:
    """All of them, by name."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, Custom] = {}

    def add(self, point: Point) -> None:
        """What was said in one second."""
        second = int(point.get("t") or 0)
        for name, given in (point.get("custom") or {}).items():
            self._take(second, name, given)

    def _take(self, second: int, name: str, given: dict[str, Any]) -> None:
        kind = str(given.get("type", ""))
        custom = self._known.get(name)
        if custom is None or custom.kind != kind:
            if custom is None and len(self._known) >= KEPT:
                del self._known[min(self._known, key=lambda each: self._known[each].heard)]
            custom = self._known[name] = Custom(name, kind)
        custom.heard = max(custom.heard, second)
        custom.unit = str(given.get("unit") or "")
        if kind == "sample":
            custom.last = value = float(given.get("last") or 0)
        else:
            value = float(given.get("sum" if kind == "count" else "count") or 0)
        if custom.seconds and custom.seconds[-1][0] == second:
            custom.seconds.pop()
        custom.seconds.append((second, value))

    def sorted(self) -> list[Custom]:
        """By name."""
        return [self._known[name] for name in sorted(self._known)]
