"""How long a request takes: laws of service times, in milliseconds, and how they are written. Pure.

A law knows its quantiles, from which everything is drawn, its mean, and the mean of its squares,
which the closed forms need (Pollaczek-Khinchine).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, gamma, log
from statistics import NormalDist
from typing import Protocol

_NORMAL = NormalDist()
P99 = _NORMAL.inv_cdf(0.99)


class Law(Protocol):
    """name: as it is written. mean: ms. square: the mean of the squares, ms²."""

    @property
    def name(self) -> str:
        """As it is written."""

    @property
    def mean(self) -> float:
        """Milliseconds."""

    @property
    def square(self) -> float:
        """The mean of the squares, ms²."""

    def quantile(self, share: float) -> float:
        """The value below which that share (in (0, 1)) lies, ms."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same."""

    mean: float

    @property
    def name(self) -> str:
        """As it is written."""
        return f"const({millis(self.mean)})"

    @property
    def square(self) -> float:
        """The mean of the squares, ms²."""
        return self.mean * self.mean

    def quantile(self, share: float) -> float:
        """The value below which that share lies, ms."""
        return self.mean


@dataclass(frozen=True, slots=True)
class Exponential:
    """Without memory: the law of the textbooks."""

    mean: float

    @property
    def name(self) -> str:
        """As it is written."""
        return f"exp({millis(self.mean)})"

    @property
    def square(self) -> float:
        """The mean of the squares, ms²."""
        return 2 * self.mean * self.mean

    def quantile(self, share: float) -> float:
        """The value below which that share lies, ms."""
        return -log(1.0 - share) * self.mean


@dataclass(frozen=True, slots=True)
class Weibull:
    """shape below 1: a longer tail than the exponential law. scale: ms."""

    shape: float
    scale: float

    @property
    def name(self) -> str:
        """As it is written."""
        return f"weibull({self.shape:g},{millis(self.scale)})"

    @property
    def mean(self) -> float:
        """Milliseconds."""
        return self.scale * gamma(1 + 1 / self.shape)

    @property
    def square(self) -> float:
        """The mean of the squares, ms²."""
        return self.scale * self.scale * gamma(1 + 2 / self.shape)

    def quantile(self, share: float) -> float:
        """The value below which that share lies, ms."""
        return float(self.scale * (-log(1.0 - share)) ** (1 / self.shape))


@dataclass(frozen=True, slots=True)
class LogNormal:
    """What response times often look like. p50, p99: ms."""

    p50: float
    p99: float

    @property
    def name(self) -> str:
        """As it is written."""
        return f"lognormal(p50={millis(self.p50)},p99={millis(self.p99)})"

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        return log(self.p99 / self.p50) / P99

    @property
    def mean(self) -> float:
        """Milliseconds."""
        return self.p50 * exp(self.sigma**2 / 2)

    @property
    def square(self) -> float:
        """The mean of the squares, ms²."""
        return self.p50**2 * exp(2 * self.sigma**2)

    def quantile(self, share: float) -> float:
        """The value below which that share lies, ms."""
        return self.p50 * exp(self.sigma * _NORMAL.inv_cdf(share))


@dataclass(frozen=True, slots=True)
class Bimodal:
    """Mostly fast, and a share of slow ones: the 31-second report among the pages."""

    fast: float
    slow: float
    share: float  # of the slow ones

    @property
    def name(self) -> str:
        """As it is written."""
        return f"bimodal({millis(self.fast)},{millis(self.slow)},{100 * self.share:g}%)"

    @property
    def mean(self) -> float:
        """Milliseconds."""
        return self.fast * (1 - self.share) + self.slow * self.share

    @property
    def square(self) -> float:
        """The mean of the squares, ms²."""
        return self.fast**2 * (1 - self.share) + self.slow**2 * self.share

    def quantile(self, share: float) -> float:
        """The value below which that share lies, ms."""
        return self.slow if share >= 1 - self.share else self.fast


class Empirical:
    """Times that were measured, each as likely. values: ms, at least one."""

    __slots__ = ("mean", "name", "square", "values")

    def __init__(self, values: Sequence[float], name: str = "") -> None:
        if not values:
            raise ValueError("no service times")
        self.values = sorted(values)
        self.mean = sum(self.values) / len(self.values)
        self.square = sum(value * value for value in self.values) / len(self.values)
        self.name = name or f"{len(self.values):,} measured times"

    def quantile(self, share: float) -> float:
        """The value below which that share lies, ms."""
        return self.values[int(share * len(self.values))]

    def share_below(self, value: float) -> float:
        """Which share is at most that."""
        return bisect_right(self.values, value) / len(self.values)


def variation(law: Law) -> float:
    """The squared coefficient of variation: 0 for a constant, 1 for an exponential law."""
    return law.square / law.mean**2 - 1 if law.mean else 0.0


def millis(value: float) -> str:
    """A time in ms as a person writes it: `30ms`, `3s`, `2.5m`."""
    for unit, size in (("m", 60_000), ("s", 1000)):
        if value >= size and value / size == round(value / size, 3):
            return f"{value / size:g}{unit}"
    return f"{value:g}ms"
