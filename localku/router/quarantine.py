"""Dynos that did not accept a connection rest for a while (Dev Center "HTTP Routing").

One list per router and app. A dyno leaves it by time, or because it is gone.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")


class Quarantine(Generic[K]):
    """seconds: how long a dyno rests after each refusal. resting: dyno -> when it is free again."""

    __slots__ = ("resting", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.resting: dict[K, float] = {}

    def add(self, dyno: K, now: float) -> None:
        """The dyno did not accept: it rests from now on."""
        self.resting[dyno] = now + self.seconds

    def held(self, now: float) -> set[K]:
        """Who rests at this moment; those whose time is over are forgotten."""
        over = [dyno for dyno, until in self.resting.items() if until <= now]
        for dyno in over:
            del self.resting[dyno]
        return set(self.resting)

    def keep(self, dynos: set[K]) -> None:
        """Forget all but these: the others do not exist any more."""
        self.resting = {dyno: until for dyno, until in self.resting.items() if dyno in dynos}

    def release_at(self) -> float:
        """When the next one is free again, infinity when none rests."""
        return min(self.resting.values(), default=float("inf"))
