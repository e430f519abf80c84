"""Policies that depend on what came before: all requests in the order of their arrival. Fast paths.

As every dyno serves in order, a request's end is known when it arrives: it begins when the first of
the dyno's places is free. So no clock ticks; what a router can know of a dyno (its requests under
way) is counted by their ends. `exact` does the same with the router's own policy objects.
Times are milliseconds; each `serve` takes the arrivals and service times of one stretch and returns
the waits.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from heapq import heapreplace

Below = Callable[[int], int]


def one_queue(free: list[float], times: Sequence[float], services: Sequence[float]) -> list[float]:
    """The ideal: one queue, and whoever is free takes the next. free: a heap of when each place is
    free; it is changed."""
    waits: list[float] = []
    append = waits.append
    for now, service in zip(times, services, strict=True):
        start = free[0]
        if start < now:
            start = now
        heapreplace(free, start + service)
        append(start - now)
    return waits


class Turns:
    """Round robin of several routers: each has its own turn, and begins anywhere."""

    def __init__(self, dynos: int, concurrency: int, routers: int, below: Below) -> None:
        self._places = [[0.0] * concurrency for _ in range(dynos)]
        self._turn = [below(dynos) if routers > 1 else 0 for _ in range(routers)]
        self._below = below

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        """The waits of requests that arrive at these times."""
        waits: list[float] = []
        append, places, turn, below = waits.append, self._places, self._turn, self._below
        dynos, routers = len(places), len(turn)
        for now, service in zip(times, services, strict=True):
            router = below(routers) if routers > 1 else 0
            at = turn[router]
            turn[router] = at + 1 if at + 1 < dynos else 0
            free = places[at]
            start = free[0]
            if start < now:
                start = now
            heapreplace(free, start + service)
            append(start - now)
        return waits


class TwoChoices:
    """The less loaded of two different dynos, as each router counts its own requests."""

    def __init__(self, dynos: int, concurrency: int, routers: int, below: Below) -> None:
        self._places = [[0.0] * concurrency for _ in range(dynos)]
        self._ends: list[list[list[float]]] = [[[] for _ in range(dynos)] for _ in range(routers)]
        self._below = below

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        """The waits of requests that arrive at these times."""
        waits: list[float] = []
        append, places, below = waits.append, self._places, self._below
        dynos, routers = len(places), len(self._ends)
        for now, service in zip(times, services, strict=True):
            seen = self._ends[below(routers) if routers > 1 else 0]
            at = 0
            if dynos > 1:
                at = below(dynos)
                other = (at + 1 + below(dynos - 1)) % dynos
                one, two = seen[at], seen[other]
                if one and one[0] <= now:
                    del one[: bisect_right(one, now)]
                if one:  # an idle one cannot be beaten
                    if two and two[0] <= now:
                        del two[: bisect_right(two, now)]
                    if len(two) < len(one):
                        at = other
            free = places[at]
            start = free[0]
            if start < now:
                start = now
            end = start + service
            heapreplace(free, end)
            insort(seen[at], end)
            append(start - now)
        return waits


class LeastConnections:
    """One of those with the fewest requests, as each router counts its own.

    Dynos are kept by how many requests they have, and the ends of all requests in one sorted list,
    latest first, so that the next one is popped from its end.
    """

    def __init__(self, dynos: int, concurrency: int, routers: int, below: Below) -> None:
        self._places = [[0.0] * concurrency for _ in range(dynos)]
        self._below = below
        self._levels = [[list(range(dynos))] for _ in range(routers)]
        self._load = [[0] * dynos for _ in range(routers)]
        self._spot = [list(range(dynos)) for _ in range(routers)]  # where in its level
        self._ends: list[float] = []  # negative, so that the list rises
        self._whose: list[int] = []

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        """The waits of requests that arrive at these times."""
        waits: list[float] = []
        append, places, below = waits.append, self._places, self._below
        ends, whose, move = self._ends, self._whose, self._move
        dynos, routers = len(places), len(self._levels)
        for now, service in zip(times, services, strict=True):
            while ends and -ends[-1] <= now:
                ends.pop()
                move(whose.pop(), -1)
            router = below(routers) if routers > 1 else 0
            for level in self._levels[router]:
                if level:
                    break
            at = level[below(len(level))]
            free = places[at]
            start = free[0]
            if start < now:
                start = now
            end = start + service
            heapreplace(free, end)
            place = bisect_right(ends, -end)
            ends.insert(place, -end)
            whose.insert(place, router * dynos + at)
            move(router * dynos + at, 1)
            append(start - now)
        return waits

    def _move(self, who: int, step: int) -> None:
        """A dyno has one request more, or one less, of a router's."""
        router, at = divmod(who, len(self._places))
        levels, load, spot = self._levels[router], self._load[router], self._spot[router]
        count = load[at]
        level = levels[count]
        last = level.pop()
        if last != at:
            place = spot[at]
            level[place] = last
            spot[last] = place
        count += step
        load[at] = count
        if count == len(levels):
            levels.append([])
        spot[at] = len(levels[count])
        levels[count].append(at)
