"""When a change is told: soon after one save, once for a burst, seldom for a long one.

Pure: `now` is monotonic time in seconds, passed in. The lookout calls `touch` for each change
that matters, sleeps for `wait`, and calls `fire` when that is 0. A change is told when nothing
has followed it for `quiet` seconds (trailing), but not later than `cap` seconds after it. A
change within `calm` seconds of the last telling belongs to something that goes on (a build, a
slow checkout): each of these makes the next quiet time four times and the next cap twice as
long, up to their limits. So a single save is told at once and a burst does not restart an app
over and over.
"""

from __future__ import annotations

GROWTH_OF_QUIET = 4
GROWTH_OF_CAP = 2
LONGEST_QUIET = 0.4  # seconds: shorter than the pause between two saves by hand
LONGEST_CAP = 8.0


class Debounce:
    """Times in seconds. quiet: of a first change. cap: longest delay. calm: ends a burst."""

    __slots__ = ("_cap", "_first", "_fired", "_last", "_quiet", "calm", "cap", "quiet")

    def __init__(self, quiet: float, cap: float = 1.0, calm: float = 1.0) -> None:
        self.quiet = quiet
        self.cap = max(cap, quiet)
        self.calm = calm
        self._quiet = self.quiet
        self._cap = self.cap
        self._first: float | None = None
        self._last = 0.0
        self._fired: float | None = None

    @property
    def is_pending(self) -> bool:
        """Whether something waits to be told."""
        return self._first is not None

    def touch(self, now: float) -> None:
        """A change that matters was seen."""
        if self._first is None:
            self._first = now
            if self._fired is not None and now - self._fired >= self.calm:
                self._quiet, self._cap = self.quiet, self.cap
        self._last = now

    def wait(self, now: float) -> float | None:
        """Seconds until the change is to be told: 0 when it is due, None when there is none."""
        if self._first is None:
            return None
        due = min(self._last + self._quiet, self._first + self._cap)
        return max(0.0, due - now)

    def fire(self, now: float) -> None:
        """The change is told."""
        self._first = None
        self._fired = now
        self._quiet = max(self.quiet, min(self._quiet * GROWTH_OF_QUIET, LONGEST_QUIET))
        self._cap = max(self.cap, min(self._cap * GROWTH_OF_CAP, LONGEST_CAP))

    def drop(self) -> None:
        """What was pending turned out to be nothing: forget it, as if it had not been."""
        self._first = None
