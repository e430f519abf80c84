"""Which dyno gets the next request: pure policies, the router's and a simulator's alike.

A policy is told its members whenever they change and asked for one per request. It never sees a
socket, a clock or a global random source. `refused` are members that must not be chosen now (in
quarantine, or tried already for this request); None comes back when no other is left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar

ROUND_ROBIN = "round-robin"
RANDOM = "random"
LEAST_CONNECTIONS = "least-connections"
TWO_CHOICES = "two-choices"
POLICIES = (ROUND_ROBIN, RANDOM, LEAST_CONNECTIONS, TWO_CHOICES)

Below = Callable[[int], int]  # rng: an integer in [0, n)


class Member(Protocol):
    """What a policy may know of a dyno: how many requests it works on now."""

    inflight: int


M = TypeVar("M", bound=Member)


class Policy(Protocol[M]):
    """members() when dynos come or go; choose() once per attempt."""

    def members(self, members: Sequence[M]) -> None:
        """Replace the members; those that stay keep their place."""

    def choose(self, refused: Collection[M] = ()) -> M | None:
        """The dyno for the next request, or None."""


class RoundRobin(Generic[M]):
    """Each in turn. A newcomer takes its turn behind all that wait already; others keep theirs."""

    __slots__ = ("_ring",)

    def __init__(self) -> None:
        self._ring: deque[M] = deque()

    def members(self, members: Sequence[M]) -> None:
        """Replace the members, in turn order."""
        stay = [member for member in self._ring if member in members]
        self._ring = deque(stay + [member for member in members if member not in stay])

    def choose(self, refused: Collection[M] = ()) -> M | None:
        """The member whose turn it is; one that is refused has had its turn."""
        ring = self._ring
        if not refused and ring:
            ring.rotate(-1)
            return ring[-1]
        for _ in range(len(ring)):
            member = ring[0]
            ring.rotate(-1)
            if member not in refused:
                return member
        return None


class _Pool(Generic[M]):
    __slots__ = ("_below", "_members")

    def __init__(self, below: Below) -> None:
        self._below = below
        self._members: Sequence[M] = ()

    def members(self, members: Sequence[M]) -> None:
        """Replace the members."""
        self._members = tuple(members)

    def _free(self, refused: Collection[M]) -> Sequence[M]:
        if not refused:
            return self._members
        return [member for member in self._members if member not in refused]


class Random(_Pool[M]):
    """Any, each as likely: what Heroku does (Dev Center "HTTP Routing", request distribution)."""

    __slots__ = ()

    def choose(self, refused: Collection[M] = ()) -> M | None:
        """One of those that are not refused."""
        free = self._free(refused)
        return free[self._below(len(free))] if free else None


class LeastConnections(_Pool[M]):
    """The one with the fewest requests in flight; among equals, any."""

    __slots__ = ()

    def choose(self, refused: Collection[M] = ()) -> M | None:
        """One of those with the least load."""
        free = self._free(refused)
        if not free:
            return None
        least = min(member.inflight for member in free)
        equals = [member for member in free if member.inflight == least]
        return equals[self._below(len(equals))]


class TwoChoices(_Pool[M]):
    """The less loaded of two random ones (Mitzenmacher, "The Power of Two Choices", 2001)."""

    __slots__ = ()

    def choose(self, refused: Collection[M] = ()) -> M | None:
        """The better of two different ones; the only one if there is only one."""
        free = self._free(refused)
        if len(free) < 2:
            return free[0] if free else None
        first = self._below(len(free))
        second = (first + 1 + self._below(len(free) - 1)) % len(free)
        one, other = free[first], free[second]
        return one if one.inflight <= other.inflight else other


def make_policy(name: str, below: Below) -> Policy[M]:
    """The policy of that name. below: random integers. Raises ValueError for an unknown name."""
    if name == ROUND_ROBIN:
        return RoundRobin()
    if name == RANDOM:
        return Random(below)
    if name == LEAST_CONNECTIONS:
        return LeastConnections(below)
    if name == TWO_CHOICES:
        return TwoChoices(below)
    raise ValueError(f"unknown routing policy: {name}")
