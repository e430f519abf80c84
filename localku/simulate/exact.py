"""The discrete-event simulation: the router's own policy objects, in virtual time. Pure.

Every router of several has a policy of its own (localku.router.policy) and knows only its own
requests. A dyno works on `concurrency` requests at a time, in the order in which they came. A
request that is answered, or given up after the timeout (H12), is no longer in flight for its
router; the dyno works on it to its end all the same. A router that has `backlog` requests in flight
for each dyno refuses the next one (H11).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import count
from math import inf

from localku.router.policy import ROUND_ROBIN, Policy, make_policy

Below = Callable[[int], int]
REFUSED = -1.0


class Seat:
    """A dyno as one router sees it."""

    __slots__ = ("dyno", "inflight")

    def __init__(self, dyno: int) -> None:
        self.dyno = dyno
        self.inflight = 0


class Router:
    """One router: its policy, its seats, how many requests it has in flight."""

    __slots__ = ("inflight", "policy")

    def __init__(self, policy: str, dynos: int, below: Below) -> None:
        self.policy: Policy[Seat] = make_policy(policy, below)
        self.policy.members([Seat(dyno) for dyno in range(dynos)])
        self.inflight = 0


class Exact:
    """The state of a simulation. timeout: ms. backlog: requests in flight for each dyno."""

    def __init__(
        self,
        policy: str,
        dynos: int,
        concurrency: int,
        routers: int,
        below: Below,
        timeout: float = inf,
        backlog: float = inf,
    ) -> None:
        self._routers = [Router(policy, dynos, below) for _ in range(routers)]
        if policy == ROUND_ROBIN and routers > 1:
            for router in self._routers:  # they do not begin together
                for _ in range(below(dynos)):
                    router.policy.choose()
        self._places = [[0.0] * concurrency for _ in range(dynos)]
        self._leaving: list[tuple[float, int, Router, Seat]] = []  # a heap
        self._numbers = count()
        self._below = below
        self._timeout = timeout
        self._most = backlog * dynos

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        """The waits of requests that arrive at these times; REFUSED for an H11. ms."""
        leaving, routers = self._leaving, self._routers
        waits: list[float] = []
        for now, service in zip(times, services, strict=True):
            while leaving and leaving[0][0] <= now:
                _, _, router, seat = heappop(leaving)
                router.inflight -= 1
                seat.inflight -= 1
            router = routers[self._below(len(routers)) if len(routers) > 1 else 0]
            waits.append(self._route(router, now, service))
        return waits

    def _route(self, router: Router, now: float, service: float) -> float:
        if router.inflight >= self._most:
            return REFUSED
        seat = router.policy.choose()
        if seat is None:
            return REFUSED
        free = self._places[seat.dyno]
        start = max(now, free[0])
        end = start + service
        heapreplace(free, end)
        router.inflight += 1
        seat.inflight += 1
        leaves = min(end, now + self._timeout)
        heappush(self._leaving, (leaves, next(self._numbers), router, seat))
        return start - now
