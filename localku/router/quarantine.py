"""Dynos that did not accept a connection rest for a while (Dev Center "HTTP Routing").

One list per router and app. A dyno leaves it by time, or because it is gone.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")


class Quarantine(Generic[K]):
    """seconds: how long a dyno rests after each refusal."""

    __slots__ = ("_until", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: dict[K, float] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def add(self, dyno: K, now: float) -> None:
        """The dyno did not accept: it rests from now on."""
        self._until[dyno] = now + self.seconds

    def held(self, now: float) -> set[K]:
        """Who rests at this moment; those whose time is over are forgotten."""
        over = [dyno for dyno, until in self._until.items() if until <= now]
        for dyno in over:
            del self._until[dyno]
        return set(self._until)

    def keep(self, dynos: set[K]) -> None:
        """Forget all but these: the others do not exist any more."""
        self._until = {dyno: until for dyno, until in self._until.items() if dyno in dynos}

    def release_at(self) -> float:
        """When the next one is free again, infinity when none rests."""
        return min(self._until.values(), default=float("inf"))
