"""The Universal Scalability Law, fitted to throughput that was measured at several counts. Pure.

X(N) = g N / (1 + a (N - 1) + b N (N - 1)): N. Gunther, Guerrilla Capacity Planning, chapter 6.
g: what one alone does; a: contention, the share that only one can do at a time; b: crosstalk, what
each pays for each other one. With b > 0 there is a best count N* = sqrt((1 - a) / b), beyond which
more of them do less. Levenberg and Marquardt's least squares, with a and b never below 0; the
figures of R's package `usl` come out to every printed digit (tests/load/test_load_usl.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

from localku.load.linear import invert, solve, student

LEAST = 4  # points: three coefficients, and one degree of freedom that tells their errors
ROUNDS = 500
ENOUGH = 1e-14  # of the sum of squares: a round that gains less is the last

Point = tuple[float, float]  # a count, and the throughput measured with it
Vector = tuple[float, float, float]  # a, b, g
# which of a and b may differ from 0, the simplest law first: the best that obeys the bounds is it
FREE = ((False, False, True), (True, False, True), (False, True, True), (True, True, True))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient: its value, its standard error, and the interval that holds it in 95 of 100
    cases; bounded as the coefficient is."""

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Fit:
    """contention is a, crosstalk b, single g. peak: N*, inf without crosstalk, and its interval.
    most: the throughput there. residuals: measured minus fitted, in the order of the points."""

    contention: Estimate
    crosstalk: Estimate
    single: Estimate
    peak: float
    peak_low: float
    peak_high: float
    most: float
    residuals: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    quantile: float

    def at(self, count: float) -> float:
        """The throughput of so many."""
        return throughput(self._values, count)

    def spread(self, count: float) -> float:
        """Half the width of the 95 % band of the curve there (the delta method)."""
        slope = gradient(self._values, count)
        rows = (sum(c * s for c, s in zip(row, slope, strict=True)) for row in self.covariance)
        return self.quantile * sqrt(max(0.0, sum(s * r for s, r in zip(slope, rows, strict=True))))

    @property
    def is_retrograde(self) -> bool:
        """Whether the points speak for a peak: crosstalk beyond its own standard error."""
        return self.crosstalk.value > self.crosstalk.error

    @property
    def _values(self) -> Vector:
        return self.contention.value, self.crosstalk.value, self.single.value


def throughput(values: Vector, count: float) -> float:
    """X(N)."""
    a, b, g = values
    return g * count / (1 + a * (count - 1) + b * count * (count - 1))


def gradient(values: Vector, count: float) -> Vector:
    """The derivatives of X(N) by a, b and g."""
    a, b, g = values
    under = 1 + a * (count - 1) + b * count * (count - 1)
    by_under = -g * count / under**2
    return by_under * (count - 1), by_under * count * (count - 1), count / under


def fit(points: Sequence[Point]) -> Fit | None:
    """The law that fits best; None when there are too few points (LEAST, at three counts)."""
    if len(points) < LEAST or len({count for count, _ in points}) < 3:
        return None
    if any(count < 1 or rate <= 0 for count, rate in points):
        return None
    best: tuple[float, Vector] | None = None
    nothing = 1e-15 * sum(rate * rate for _, rate in points)
    for free in FREE:
        values = _descend(points, free)
        if values[0] < 0 or values[1] < 0:
            continue
        error = _squares(points, values)
        if best is None or error < best[0] - nothing:
            best = error, values
    return None if best is None else _described(points, *best)


def _squares(points: Sequence[Point], values: Vector) -> float:
    return sum((rate - throughput(values, count)) ** 2 for count, rate in points)


def _descend(points: Sequence[Point], free: Sequence[bool]) -> Vector:
    """Levenberg and Marquardt's steps from a guess; what is not free stays 0."""
    alone = max(rate / count for count, rate in points)
    values: Vector = (0.01 * free[0], 1e-4 * free[1], alone)
    error, damping = _squares(points, values), 1e-3
    for _ in range(ROUNDS):
        normal, right = _normal(points, values, free)
        for place, row in enumerate(normal):
            row[place] *= 1 + damping
        step = solve(normal, right)
        if step is None:
            break
        moved = [value + by * may for value, by, may in zip(values, step, free, strict=True)]
        tried: Vector = (moved[0], moved[1], moved[2])
        is_lawful = all(_denominator(tried, count) > 0 for count, _ in points)
        new = _squares(points, tried) if is_lawful else inf
        if new >= error:
            damping *= 10
            if damping > 1e12:
                break
            continue
        gain, error, values = error - new, new, tried
        damping = max(1e-12, damping / 10)
        if gain <= ENOUGH * error:
            break
    return values


def _denominator(values: Vector, count: float) -> float:
    a, b, _ = values
    return 1 + a * (count - 1) + b * count * (count - 1)


def _normal(
    points: Sequence[Point], values: Vector, free: Sequence[bool]
) -> tuple[list[list[float]], list[float]]:
    """The normal equations; a coefficient that is not free gets the equation `step = 0`."""
    slopes = [gradient(values, count) for count, _ in points]
    rests = [rate - throughput(values, count) for count, rate in points]
    normal = [[sum(s[i] * s[j] for s in slopes) for j in range(3)] for i in range(3)]
    right = [sum(s[i] * r for s, r in zip(slopes, rests, strict=True)) for i in range(3)]
    for i in range(3):
        if not free[i]:
            normal[i] = [1.0 if i == j else 0.0 for j in range(3)]
            right[i] = 0.0
    return normal, right


def _described(points: Sequence[Point], error: float, values: Vector) -> Fit | None:
    """The fit with its errors: of all three coefficients, also where a bound holds one at 0."""
    normal, _ = _normal(points, values, (True, True, True))
    inverse = invert(normal)
    if inverse is None:
        return None
    freedom = len(points) - 3
    variance = error / freedom
    covariance = tuple(tuple(each * variance for each in row) for row in inverse)
    quantile = student(freedom)
    parts = []
    for value, row, place in zip(values, covariance, range(3), strict=True):
        off = sqrt(max(0.0, row[place]))
        parts.append(Estimate(value, off, max(0.0, value - quantile * off), value + quantile * off))
    a, b, g = parts
    peak = _peak(a.value, b.value)
    return Fit(
        contention=a,
        crosstalk=b,
        single=g,
        peak=peak,
        peak_low=_peak(min(1.0, a.high), b.high),
        peak_high=_peak(a.low, b.low),
        most=throughput(values, peak) if peak < inf else _ceiling(a.value, g.value),
        residuals=tuple(rate - throughput(values, count) for count, rate in points),
        covariance=covariance,
        quantile=quantile,
    )


def _peak(a: float, b: float) -> float:
    if b <= 0:
        return inf
    return max(1.0, sqrt(max(0.0, 1 - a) / b))


def _ceiling(a: float, g: float) -> float:
    """Without crosstalk: what no count exceeds (Amdahl's law)."""
    return g / a if a > 0 else inf
