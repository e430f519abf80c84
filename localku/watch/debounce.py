"""When a change is told: soon after a save, once for a burst, seldom for a long one.

Pure: `now` is monotonic time in seconds, passed in. The lookout calls `touch` for each change
that matters, sleeps for `wait`, and calls `fire` when that is 0. A change is told when nothing
has followed it for `quiet` seconds (trailing), but not later than `cap` seconds after it. Where
that does not end it (changes go on past the cap, or come sooner after a telling than a person
can save, or a fifth time in two seconds) a build or a slow checkout is going on: until a second
passes without a change, the quiet time is 0.1, then 0.4 s, and each cap twice the last. It is
0.1 s as well for more files than a person saves at once. So a save by hand is always told at
once, and a build does not restart an app over and over.
"""

from __future__ import annotations

BUSY_COUNT = 4  # changes told within
BUSY_TIME = 2.0  # seconds: more than a person saves by hand
BUSY_QUIETS = (0.1, 0.4)  # seconds: after the first change told while busy, and after others
MANY = 10  # changed paths, more than an editor's save makes
SOON = 0.15  # seconds after a change was told: the next one is not a save by hand
CALM = 1.0  # seconds without a change after one was told: what went on is over
LONGEST_CAP = 8.0  # seconds
LONGEST_HOLD = 3.0  # seconds: `git commit -a` has its lock while a person writes the message


class Debounce:
    """Times in seconds. quiet: without a further change. cap: from the first change."""

    __slots__ = (
        "_busy",
        "_count",
        "_fires",
        "_first",
        "_held",
        "_last",
        "_quiet",
        "_spent",
        "cap",
        "quiet",
    )

    def __init__(self, quiet: float, cap: float = 1.0) -> None:
        self.quiet = quiet
        self.cap = max(cap, quiet)
        self._first: float | None = None
        self._last = 0.0
        self._count = 0
        self._held = 0.0  # until when it was put off; 0 when not
        self._spent: object = None
        self._fires: list[float] = []
        self._busy = 0  # changes told while busy, from 1; 0 when not busy
        self._quiet = quiet

    @property
    def is_pending(self) -> bool:
        """Whether something waits to be told."""
        return self._first is not None

    def touch(self, now: float, count: int = 1) -> None:
        """Changes that matter were seen, in `count` paths."""
        if self._first is None:
            self._begin(now)
        self._last = now
        self._count += count
        if self._count > MANY:
            self._quiet = max(self._quiet, BUSY_QUIETS[0])

    def _begin(self, now: float) -> None:
        self._first = now
        self._count = 0
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
        if self._held:
            return max(0.0, self._held - now)
        cap = self._first + max(self.cap, min(self.cap * 2.0**self._busy, LONGEST_CAP))
        due = min(self._last + self._quiet, cap)
        return max(0.0, due - now)

    def hold(self, now: float, what: object) -> bool:
        """Put off what is due, as somebody is still changing files, by a tenth of a second.

        what: who, such as a git lock. False when it was put off for the same for too long.
        """
        if what == self._spent or self._first is None:
            return False
        if now >= self._first + LONGEST_HOLD:
            self._spent = what
            return False
        self._held = now + BUSY_QUIETS[0]
        return True

    def fire(self, now: float) -> None:
        """The change is told."""
        if self._busy or (not self._held and now < self._last + self._quiet):
            self._busy += 1
        self.drop()
        self._fires.append(now)

    def drop(self) -> None:
        """What was pending turned out to be nothing: forget it, as if it had not been."""
        self._first = None
        self._held = 0.0
