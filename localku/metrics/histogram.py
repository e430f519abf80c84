"""A log-linear histogram: how values are spread, within 0.4 %, in a few hundred counters. Pure.

Each power of two is cut into 256 equal steps, and a value is taken for the lower edge of its step:
at most 1/256 (0.39 %) too small, while whole numbers up to 511 come out as they went in. The steps
are the same for all, so that histograms can be added; percentiles cannot, which is why nobody here
averages them. It knows no unit.

Our own few lines, because `hdrhistogram` of PyPI takes six times as long to record a value, and
brings two build tools along; a test compares the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import frexp, ldexp

STEPS = 256  # in each power of two
ZERO = -(1 << 20)  # the step of 0 and of anything below; under that of the smallest float

Packed = tuple[int, float, float, float, tuple[int, ...]]


class Histogram:
    """count, total, least, most: of all that was recorded; 0 as long as nothing was."""

    __slots__ = ("_steps", "count", "least", "most", "total")

    def __init__(self) -> None:
        self._steps: dict[int, int] = {}
        self.count = 0
        self.total = 0.0
        self.least = 0.0
        self.most = 0.0

    def record(self, value: float, times: int = 1) -> None:
        """Count a value (finite; below 0 it counts as 0), as often as it came."""
        if value > 0:
            fraction, power = frexp(value)
            step = (power - 1) * STEPS + int(fraction * (2 * STEPS))
        else:
            value, step = 0, ZERO
        steps = self._steps
        steps[step] = steps.get(step, 0) + times
        if not self.count:
            self.least = self.most = value
        elif value < self.least:
            self.least = value
        elif value > self.most:
            self.most = value
        self.count += times
        self.total += value * times

    def record_whole(self, numbers: Iterable[int]) -> None:
        """Count many whole numbers at one go: what is equal costs once."""
        record = self.record
        for number, times in Counter(numbers).items():
            record(number, times)

    def merge(self, other: Histogram) -> None:
        """Add all that another one has counted."""
        if not other.count:
            return
        if not self.count:
            self.least, self.most = other.least, other.most
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        self.count += other.count
        self.total += other.total
        steps = self._steps
        for step, times in other._steps.items():
            steps[step] = steps.get(step, 0) + times

    def quantile(self, share: float) -> float:
        """The value below which that share (0 to 1) of all lies; 0 when there is none."""
        return self.quantiles((share,))[0]

    def quantiles(self, shares: Iterable[float]) -> list[float]:
        """Several, of rising shares, at one go.

        l2met's rule: of n values in order it is number floor(n * share), counted from 0.
        """
        found: list[float] = []
        walk = iter(sorted(self._steps.items()))
        seen, edge = 0, 0.0
        for share in shares:
            rank = min(int(self.count * share), self.count - 1)
            while seen <= rank:
                step, times = next(walk)
                seen += times
                edge = lower_edge(step)
            found.append(min(max(edge, self.least), self.most))
        return found

    def bars(self) -> Iterator[tuple[float, int]]:
        """(upper bound, count) of each step that has any, rising. Values are below their bound."""
        for step, times in sorted(self._steps.items()):
            yield (0.0 if step == ZERO else lower_edge(step + 1)), times

    def edges(self) -> Iterator[tuple[float, int]]:
        """(lower edge, count) of each step that has any, rising; recorded again, they give the same
        histogram, but for its exact ends and its sum."""
        for step, times in sorted(self._steps.items()):
            yield lower_edge(step), times

    def pack(self) -> Packed:
        """It as plain values, for keeping."""
        flat: list[int] = []
        for pair in sorted(self._steps.items()):
            flat += pair
        return self.count, self.total, self.least, self.most, tuple(flat)

    @classmethod
    def unpack(cls, packed: Packed) -> Histogram:
        """What `pack` gave, as a histogram again."""
        it = cls()
        it.count, it.total, it.least, it.most, flat = packed
        it._steps = dict(zip(flat[::2], flat[1::2], strict=True))
        return it


def lower_edge(step: int) -> float:
    """The smallest value of a step."""
    if step == ZERO:
        return 0.0
    power, part = divmod(step, STEPS)
    return ldexp(part + STEPS, power - 8 - 1)
