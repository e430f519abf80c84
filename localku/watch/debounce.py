"""When a change is told: soon after a save, once for a burst, seldom for a long one.

Pure: `now` is monotonic time in seconds, passed in. The lookout calls `touch` for each change
that matters, sleeps for `wait`, and calls `fire` when that is 0. A change is told when nothing
has followed it for `quiet` seconds (trailing), but not later than `cap` seconds after it. Where
that does not end it (changes go on past the cap, or come sooner after a telling than a person
can save, or a fifth time in two seconds) a build or a slow checkout is going on: until a second
passes without a change, the quiet time is 0.1, then 0.4 s, and each cap twice the last. So a
save by hand is always told at once, and a build does not restart an app over and over.
"""

from __future__ import annotations

BUSY_COUNT = 4  # changes told within
BUSY_TIME = 2.0  # seconds: more than a person saves by hand
BUSY_QUIETS = (0.1, 0.4)  # seconds: after the first change told while busy, and after others
SOON = 0.15  # seconds after a change was told: the next one is not a save by hand
CALM = 1.0  # seconds without a change after one was told: what went on is over
LONGEST_CAP = 8.0  # seconds


class Debounce:
    """Times in seconds. quiet: without a further change. cap: from the first change."""

    __slots__ = ("_busy", "_fires", "_first", "_last", "_quiet", "cap", "quiet")

    def __init__(self, quiet: float, cap: float = 1.0) -> None:
        self.quiet = quiet
        self.cap = max(cap, quiet)
        self._first: float | None = None
        self._last = 0.0
        self._fires: list[float] = []
        self._busy = 0  # changes told while busy, from 1; 0 when not busy
        self._quiet = quiet

    @property
    def is_pending(self) -> bool:
        """Whether something waits to be told."""
        return self._first is not None

    def touch(self, now: float) -> None:
        """A change that matters was seen."""
        self._last = now
        if self._first is not None:
            return
        self._first = now
        calm = not self._fires or now - self._fires[-1] >= CALM
        self._fires = [at for at in self._fires if now - at < BUSY_TIME]
        if calm:
            self._busy = 0
        if not self._busy and self._fires:
            soon = now - self._fires[-1] < SOON
            self._busy = int(soon or len(self._fires) >= BUSY_COUNT)
        self._quiet = max(self.quiet, (0.0, *BUSY_QUIETS)[min(self._busy, len(BUSY_QUIETS))])

    def wait(self, now: float) -> float | None:
        """Seconds until the change is to be told: 0 when it is due, None when there is none."""
        if self._first is None:
            return None
        cap = self._first + max(self.cap, min(self.cap * 2.0**self._busy, LONGEST_CAP))
        due = min(self._last + self._quiet, cap)
        return max(0.0, due - now)

    def fire(self, now: float) -> None:
        """The change is told."""
        if self._busy or now < self._last + self._quiet:
            self._busy += 1
        self._first = None
        self._fires.append(now)

    def drop(self) -> None:
        """What was pending turned out to be nothing: forget it, as if it had not been."""
        self._first = None
