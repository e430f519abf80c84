"""When a fault acts, when it is undone between two acts, and whom it meets. Pure.

Time is seconds from its begin; chance is below(n), a whole number under n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Move(Enum):
    """ACT: begin, on dynos that are chosen now. UNDO: put back. OVER: put back, for good."""

    ACT = "act"
    UNDO = "undo"
    OVER = "over"


def moves(seconds: float, every: float | None, *, lasts: bool) -> Iterator[tuple[float, Move]]:
    """What happens when. lasts: it is on until it is undone, with every: for half of the time.

    An act that repeats and does not last is over with its last repeat, one that does not, at once.
    """
    at, step = 0.0, 0
    while True:
        yield at, Move.ACT
        if every is None:
            break
        if lasts and at + every / 2 < seconds:
            yield at + every / 2, Move.UNDO
        step += 1
        at = step * every  # a product, not a sum: rounding must not add up
        if at >= seconds:
            break
    yield (seconds if lasts or every is not None else 0.0), Move.OVER


def choose(found: Sequence[T], below: Callable[[int], int], *, one: bool) -> list[T]:
    """Whom an act meets: all that were found, or one of them by chance."""
    return [found[below(len(found))]] if one and found else list(found)
