"""Find the highest rate that an app sustains, in a bounded number of probes. Pure.

First doubling (or halving) until one rate holds and a higher one does not, then bisection in the
logarithm of the rate. A measurement is noisy: a rate that just failed is asked a second time before
it counts as failed, when the search would end on its word alone. A machine of ours gets the verdict
of each probe and says which rate is to be tried next, until `done`.
"""

from __future__ import annotations

from math import sqrt

PROBES = 8
CLOSE = 1.06  # the two ends of the bracket are as good as one: noise is larger
STEP = 2.0
FLOOR = 0.5  # requests a second; below that a probe of some seconds says nothing


class Search:
    """best: the highest rate that held, 0 as long as none did. failed: the lowest that did not."""

    def __init__(self, first: float, most: int = PROBES, ceiling: float = 1e6) -> None:
        self.best = 0.0
        self.failed = 0.0
        self.probes = 0
        self._most = most
        self._ceiling = ceiling
        self._rate = min(max(first, FLOOR), ceiling)
        self._doubts: set[float] = set()
        self._done = False

    @property
    def done(self) -> bool:
        """Whether no further probe is wanted."""
        return self._done or self.probes >= self._most

    @property
    def rate(self) -> float:
        """The rate to try next."""
        return self._rate

    @property
    def is_bracketed(self) -> bool:
        """Whether a higher rate is known to fail: else the app may do more than was tried."""
        return self.failed > 0

    @property
    def error(self) -> float:
        """How far the true limit may be above what was found, as a share."""
        return self.failed / self.best - 1 if self.best and self.failed else 0.0

    def take(self, *, held: bool, achieved: float = 0.0) -> None:
        """The verdict on `rate`. achieved: what was done of it, a hint where the limit is."""
        rate = self._rate
        self.probes += 1
        if held:
            self._hold(rate)
        elif rate <= self.best * STEP and rate not in self._doubts and self._is_near(rate):
            self._doubts.add(rate)
            return  # the same rate again
        else:
            self._fail(rate)
        self._next(achieved if not held else 0.0)

    def _is_near(self, rate: float) -> bool:
        """Whether this failure would end the search."""
        return bool(self.best) and rate <= self.best * CLOSE**2

    def _hold(self, rate: float) -> None:
        self.best = max(self.best, rate)
        if self.failed and self.failed <= self.best:
            self.failed = 0.0  # it held on: the failure below was noise

    def _fail(self, rate: float) -> None:
        self.failed = min(self.failed or rate, rate)
        if self.failed <= self.best:
            self.best = 0.0 if self.failed <= FLOOR else self.best

    def _next(self, achieved: float) -> None:
        if self.best >= self._ceiling or (not self.best and self.failed <= FLOOR):
            self._done = True
        elif not self.failed:
            self._rate = min(self.best * STEP, self._ceiling)
        elif not self.best:
            self._rate = max(FLOOR, self._below(achieved))
        elif self.failed / self.best <= CLOSE:
            self._done = True
        else:
            self._rate = sqrt(self.best * self.failed)

    def _below(self, achieved: float) -> float:
        """Where to look under a rate that failed: what came through was about the limit."""
        half = self.failed / STEP
        return achieved * 0.9 if FLOOR < achieved * 0.9 < self.failed * 0.9 else half
