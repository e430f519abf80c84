"""One sweep for all deadlines: no timer per request, and none at all while nothing is connected.

With requests in flight the sweep comes at least once a period (a second, or a quarter of the
shortest deadline there is), and at the very deadline of a request when that is nearer. With idle
connections alone it sleeps until the first of them has to go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

_GAP = 0.01  # seconds between two sweeps at the least
FOREVER = float("inf")


class Clock:
    """sweep(now) -> (next deadline of a request, next deadline of anything else); FOREVER: none.

    shortest: the shortest deadline that may be set, seconds.
    """

    __slots__ = ("_loop", "_period", "_sweep", "_timer", "asleep")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        shortest: float,
        sweep: Callable[[float], tuple[float, float]],
    ) -> None:
        self._loop = loop
        self._period = min(1.0, shortest / 4)
        self._sweep = sweep
        self._timer: asyncio.TimerHandle | None = None
        self.asleep = True

    def note(self) -> None:
        """A deadline has been set, no nearer than `shortest`: be awake for it."""
        if self.asleep:
            self.stop()
            self._schedule(self._period, asleep=False)

    def stop(self) -> None:
        """No more sweeps, until the next note()."""
        self.asleep = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, delay: float, asleep: bool) -> None:
        self.asleep = asleep
        self._timer = self._loop.call_later(max(delay, _GAP), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = monotonic()
        busy, idle = self._sweep(now)
        if busy < FOREVER:
            self._schedule(min(busy - now, self._period), asleep=False)
        elif idle < FOREVER:
            self._schedule(max(idle - now, self._period), asleep=True)
        else:
            self.asleep = True
