"""Random draws, many at a time: the same law, a fraction of the cost of one by one. Pure.

The law is cut into 256 shares of the same probability. For some time each share has one
value, drawn within it, and a random byte picks the share. The topmost share, where a long tail
lives, is drawn afresh every time. So each draw has exactly the law; what neighbours have in
common is only where, within its share of 0.4 %, a value lies. A table of 256 floats stays in the
first cache of the processor: that, and bytes for indices, makes eight million requests a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

SHARES = 256
TOP = SHARES - 1
TAIL = bytes([TOP])
LIFE = 32_768  # draws for which a table serves, at the most: a small part of a run, so that the
# batches of the run, by which its error is found, have tables of their own
BLOCK = 4096  # draws at a time: what comes of them stays in the cache, too

Quantile = Callable[[float], float]  # of a share in (0, 1)


class Rng(Protocol):
    """What we need of random.Random, which the caller seeds."""

    def random(self) -> float:
        """A float in [0, 1)."""

    def randbytes(self, n: int, /) -> bytes:
        """So many random bytes."""


def below(rng: Rng) -> Callable[[int], int]:
    """The source of random integers that a routing policy takes."""
    uniform = rng.random
    return lambda n: int(uniform() * n)


class Table:
    """Draws of one law. values: for the bytes of the present block; that of TOP is not to be used,
    `tail` draws it. mean: makes the table's mean just that, for laws without a long tail, of which
    the topmost value is used, too: the load is then that of the scenario in every table. life: how
    many draws a table serves."""

    __slots__ = ("_left", "_life", "_mean", "_quantile", "_rng", "values")

    def __init__(
        self, quantile: Quantile, rng: Rng, mean: float = 0.0, *, life: int = LIFE
    ) -> None:
        self._quantile = quantile
        self._rng = rng
        self._mean = mean
        self._life = life
        self._left = 0
        self.values: list[float] = []

    def refresh(self, draws: int) -> list[float]:
        """The table for the next so many draws (at most BLOCK)."""
        if self._left < draws:
            uniform, quantile = self._rng.random, self._quantile
            values = [quantile((i + uniform()) / SHARES or 1e-12) for i in range(SHARES)]
            if self._mean:
                scale = self._mean * SHARES / sum(values)
                values = [value * scale for value in values]
            self.values = values
            self._left = self._life
        self._left -= draws
        return self.values

    def bytes(self, count: int) -> bytes:
        """Places in `values`, so many."""
        return self._rng.randbytes(count)

    def tail(self) -> float:
        """A draw of the topmost share."""
        return self._quantile((TOP + self._rng.random()) / SHARES)

    def draws(self, count: int) -> list[float]:
        """So many draws (at most BLOCK)."""
        values = self.refresh(count)
        code = self.bytes(count)
        found = [values[i] for i in code]
        at = code.find(TAIL)
        while at >= 0:
            found[at] = self.tail()
            at = code.find(TAIL, at + 1)
        return found


def blocks(count: int, most: int = BLOCK) -> Iterator[int]:
    """A count cut into blocks of at most `most`."""
    while count > 0:
        yield min(count, most)
        count -= most
