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
from heapq import heappop, heappush, heapreplace
from math import inf

Uniform = Callable[[], float]  # rng.random


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

    def __init__(self, dynos: int, concurrency: int, routers: int, uniform: Uniform) -> None:
        self._places = [[0.0] * concurrency for _ in range(dynos)]
        self._turn = [int(uniform() * dynos) if routers > 1 else 0 for _ in range(routers)]
        self._uniform = uniform

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        """The waits of requests that arrive at these times."""
        waits: list[float] = []
        append, places, turn = waits.append, self._places, self._turn
        uniform = self._uniform
        dynos, routers = len(places), len(turn)
        for now, service in zip(times, services, strict=True):
            router = int(uniform() * routers) if routers > 1 else 0
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

    def __init__(self, dynos: int, concurrency: int, routers: int, uniform: Uniform) -> None:
        self._places = [[0.0] * concurrency for _ in range(dynos)]
        self._ends: list[list[list[float]]] = [[[] for _ in range(dynos)] for _ in range(routers)]
        self._uniform = uniform

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        """The waits of requests that arrive at these times."""
        waits: list[float] = []
        append, places, uniform = waits.append, self._places, self._uniform
        dynos, routers = len(places), len(self._ends)
        for now, service in zip(times, services, strict=True):
            seen = self._ends[int(uniform() * routers) if routers > 1 else 0]
            at = 0
            if dynos > 1:
                at = int(uniform() * dynos)
                other = (at + 1 + int(uniform() * (dynos - 1))) % dynos
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

    Each router keeps its idle dynos; only when there is none are all looked at.
    """

    def __init__(self, dynos: int, concurrency: int, routers: int, uniform: Uniform) -> None:
        self._places = [[0.0] * concurrency for _ in range(dynos)]
        self._uniform = uniform
        self._idle = [list(range(dynos)) for _ in range(routers)]
        self._load = [[0] * dynos for _ in range(routers)]
        self._leaving = [(inf, 0, 0)]  # a heap: end, router, dyno; this one never ends

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        """The waits of requests that arrive at these times."""
        waits: list[float] = []
        append, places, uniform = waits.append, self._places, self._uniform
        leaving, loads, idles = self._leaving, self._load, self._idle
        routers, is_wide = len(loads), len(places[0]) > 1
        for now, service in zip(times, services, strict=True):
            while leaving[0][0] <= now:
                _, router, at = heappop(leaving)
                load = loads[router]
                load[at] -= 1
                if not load[at]:
                    idles[router].append(at)
            router = int(uniform() * routers) if routers > 1 else 0
            load, idle = loads[router], idles[router]
            if idle:
                at = idle.pop(int(uniform() * len(idle)))
            else:
                least = min(load)
                at = load.index(least)
                equals = load.count(least)
                if equals > 1:
                    for _ in range(int(uniform() * equals)):
                        at = load.index(least, at + 1)
            load[at] += 1
            free = places[at]
            start = free[0]
            if start < now:
                start = now
            end = start + service
            if is_wide:
                heapreplace(free, end)
            else:
                free[0] = end
            heappush(leaving, (end, router, at))
            append(start - now)
        return waits
