"""In which order the steps of a sweep are measured. Pure.

A machine drifts while it is measured: it gets warm, a neighbour wakes, a cache fills. Counted up
1, 2, 4, 8 the drift would look like an effect of the count. Each repeat therefore has all counts,
in an order drawn by the seed, and the next repeat has them mirrored: a drift that is linear falls
on all counts alike (their mean places are equal after every second repeat).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Rng(Protocol):
    """What is needed of a random.Random."""

    def shuffle(self, x: list[int]) -> None:
        """Put it into another order."""


def order(counts: Sequence[int], repeats: int, rng: Rng) -> list[tuple[int, int]]:
    """Pairs of a count and the number of the repeat, from 1, as they are to be measured."""
    found: list[tuple[int, int]] = []
    drawn: list[int] = []
    for repeat in range(1, repeats + 1):
        if repeat % 2:
            drawn = list(counts)
            rng.shuffle(drawn)
        else:
            drawn.reverse()
        found += [(count, repeat) for count in drawn]
    return found


def cancels_drift(repeats: int) -> bool:
    """Whether every order has its mirror."""
    return repeats % 2 == 0
