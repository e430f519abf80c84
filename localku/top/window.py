"""The last minute, second by second: rates and counts out of the points of the feed. Pure.

Counts of several seconds add up. Percentiles do not, so that there are none here: those of several
seconds come from the platform, which merges its histograms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Point = dict[str, Any]  # as `GET /localku/apps/APP/metrics` has it

MINUTE = 60  # seconds that are kept
RECENT = 10  # seconds that a rate is the mean of: steady enough to be read
CLASSES = ("2xx", "3xx", "4xx", "5xx")


class Window:
    """The points of the last minute. now: the first second that is not over, by the platform's
    clock; a second without a point is one in which nothing happened."""

    __slots__ = ("_points", "now")

    def __init__(self) -> None:
        self.now = 0
        self._points: dict[int, Point] = {}

    def add(self, point: Point) -> None:
        """A second that is over. One that is there already is replaced, as a later point knows
        more."""
        second = int(point.get("t", 0))
        self._points[second] = point
        self.move(second + 1)

    def move(self, now: float) -> None:
        """It is `now`: what is older than a minute is forgotten. Time never goes back."""
        self.now = max(self.now, int(now))
        for second in [each for each in self._points if each < self.now - MINUTE]:
            del self._points[second]

    def last(self, seconds: int) -> Iterator[Point]:
        """The points of the last so many seconds, oldest first."""
        for second in range(self.now - seconds, self.now):
            point = self._points.get(second)
            if point is not None:
                yield point

    def is_silent(self, seconds: int = RECENT) -> bool:
        """Whether there was neither a request nor a number of the app's in the last seconds."""
        return not any(
            point.get("custom") or sum(point.get("requests", {}).values())
            for point in self.last(seconds)
        )

    # -- requests of the app -----------------------------------------------------------------

    def rate(self, seconds: int = RECENT) -> float:
        """Requests in a second."""
        return sum(self.classes(seconds).values())

    def classes(self, seconds: int = RECENT) -> dict[str, float]:
        """Requests in a second of each status class; that of 1xx only if there are any."""
        found = dict.fromkeys(CLASSES, 0)
        for point in self.last(seconds):
            for name, number in point.get("requests", {}).items():
                if number or name in found:
                    found[name] = found.get(name, 0) + number
        return {name: number / seconds for name, number in found.items()}

    def series(self) -> list[float]:
        """Requests in each second of the last minute, the latest last."""
        return [sum(self._at(second).get("requests", {}).values()) for second in self._minute()]

    def codes(self, seconds: int = MINUTE) -> dict[str, int]:
        """How often each H-, R- and L-code was seen, the most frequent first."""
        found: dict[str, int] = {}
        for point in self.last(seconds):
            for code, number in point.get("codes", {}).items():
                found[code] = found.get(code, 0) + number
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    # -- one dyno ----------------------------------------------------------------------------

    def dyno_rate(self, name: str, seconds: int = RECENT) -> float:
        """Requests in a second that this dyno answered."""
        return sum(self._of(point, name, "requests") for point in self.last(seconds)) / seconds

    def dyno_errors(self, name: str, seconds: int = MINUTE) -> int:
        """Requests that failed at this dyno."""
        return int(sum(self._of(point, name, "errors") for point in self.last(seconds)))

    def dyno_series(self, name: str) -> list[float]:
        """Requests in each second of the last minute."""
        return [self._of(self._at(second), name, "requests") for second in self._minute()]

    def highest(self) -> float:
        """The most requests that one dyno got within one second."""
        return max(
            (
                dyno.get("requests", 0)
                for point in self._points.values()
                for dyno in point.get("dynos", {}).values()
            ),
            default=0,
        )

    def _minute(self) -> range:
        return range(self.now - MINUTE, self.now)

    def _at(self, second: int) -> Point:
        return self._points.get(second, {})

    @staticmethod
    def _of(point: Point, name: str, what: str) -> float:
        return float(point.get("dynos", {}).get(name, {}).get(what, 0))
