"""What a simulation measures, and how sure that is: batch means. Pure.

A run comes in pieces, in the order of time of a dyno or of all. Neighbouring requests are alike, so
the error of a mean is not that of independent values: the pieces are put into twenty batches, and
the spread of the batches' means is the error of the whole (Law, "Simulation Modeling and Analysis",
chapter 9.5.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

BATCHES = 20
T95 = 2.093  # Student's t, 19 degrees of freedom, 95 % two-sided
SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)


@dataclass(slots=True)
class Piece:
    """Some consecutive requests. waits: ms, their sum; waited: how many had to wait; sample:
    latencies, ms, of some of them; refused: H11."""

    count: int
    waits: float
    waited: int
    sample: list[float]
    refused: int = 0


@dataclass(slots=True)
class Tally:
    """The pieces of a run."""

    pieces: list[Piece] = field(default_factory=list)

    def add(self, waits: Sequence[float], latencies: list[float], refused: int = 0) -> None:
        """A piece: the waits of all its requests, latencies of some. ms."""
        waited = len(waits) - waits.count(0.0)
        self.pieces.append(Piece(len(waits), sum(waits), waited, latencies, refused))

    def batches(self) -> list[list[Piece]]:
        """The pieces in at most BATCHES groups of about the same number of requests."""
        total = sum(piece.count for piece in self.pieces)
        groups: list[list[Piece]] = []
        seen = 0
        for piece in self.pieces:
            if seen * BATCHES >= len(groups) * total:
                groups.append([])
            groups[-1].append(piece)
            seen += piece.count
        return groups


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, and how far off it may be with 95 % confidence (0 if that is not known)."""

    value: float
    error: float = 0.0

    def covers(self, other: float, slack: float = 0.0) -> bool:
        """Whether the other is within the error, widened by `slack` (a share of the value)."""
        return abs(self.value - other) <= self.error + slack * abs(self.value)


def percentiles(sample: list[float], shares: Sequence[float] = SHARES) -> list[float]:
    """Of a sample; all 0 when it is empty. As the histogram of the metrics counts: number
    floor(n * share), counted from 0."""
    if not sample:
        return [0.0] * len(shares)
    ordered = sorted(sample)
    return [ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in shares]


def spread(values: Sequence[float]) -> float:
    """Half the width of the 95 % confidence interval of the mean of independent values."""
    n = len(values)
    if n < 2:
        return 0.0
    mean = sum(values) / n
    variance = sum((value - mean) ** 2 for value in values) / (n - 1)
    # for fewer batches t is larger; 1.96 + 2.5 / (n - 1) is within 3 % of it from 5 on
    t = T95 if n == BATCHES else 1.96 + 2.5 / (n - 1)
    return t * sqrt(variance / n)
