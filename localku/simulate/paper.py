"""The study of 2013: random against intelligent routing, as its script simulated it. Pure.

In February 2013 James Somers of Rap Genius ("Heroku's Ugly Secret") showed what random routing does
to an app, with a simulation whose R script was published; its table has 15 rows, at 9,000 requests
a minute for five minutes, service times ceil(Weibull(shape 0.8, scale 79.056)) ms, on a clock of
whole milliseconds. These are its rules, traps and all:
- intelligent: any dyno that is free, else the one that will be free first (one queue);
- naive: any dyno;
- "choice of two": any dyno; if it is busy, any again, without a look: a blind retry;
- "power of two": any dyno; if it is busy, the less loaded of it and another one;
- "unicorn": any dyno, which has two workers and one queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapreplace
from math import ceil, exp, log

from localku.simulate.chance import Rng
from localku.simulate.closed import Closed, erlang_c, mmc_wait, predict_one_queue, predict_random

RATE = 9000 / 60_000  # requests a ms
LENGTH = 300_000  # ms
SHAPE, SCALE = 0.8, 79.056
INTELLIGENT, NAIVE = "intelligent", "naive"
BLIND, POLLED, UNICORN = "choice of two", "power of two", "unicorn, 2 workers"
CASES = (
    *((INTELLIGENT, dynos) for dynos in (15, 20, 25)),
    *((kind, dynos) for dynos in (25, 50, 100) for kind in (NAIVE, BLIND, POLLED, UNICORN)),
)


@dataclass(frozen=True, slots=True)
class Ceiled:
    """The script's service times: whole milliseconds."""

    name: str = f"ceil(weibull({SHAPE},{SCALE}ms))"

    @property
    def mean(self) -> float:
        """ms: the sum of the chances to take longer than 0, 1, 2, ..."""
        return sum(_longer(k) for k in range(20_000))

    @property
    def square(self) -> float:
        """The mean of the squares, ms²."""
        return sum((2 * k + 1) * _longer(k) for k in range(20_000))

    def quantile(self, share: float) -> float:
        """The value below which that share lies, ms."""
        return float(max(1, ceil(SCALE * (-log(1.0 - share)) ** (1 / SHAPE))))


def _longer(k: int) -> float:
    return exp(-((k / SCALE) ** SHAPE))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: the share of requests that queued, and for how long, ms: the mean of
    those that did, of all, the median of those that did, of all."""

    queued: float
    mean_when_queued: float
    mean: float
    median_when_queued: float
    median: float


def run(kind: str, dynos: int, rng: Rng, length: int = LENGTH) -> Row:
    """Simulate one row."""
    law, uniform = Ceiled(), rng.random
    serve = _servers(kind, dynos, rng)
    waits: list[int] = []
    now = 0.0
    while True:
        now -= log(1.0 - uniform()) / RATE
        if now > length:
            return _row(waits)
        waits.append(serve(ceil(now), int(law.quantile(uniform()))))


def _servers(kind: str, dynos: int, rng: Rng) -> Callable[[int, int], int]:
    """A function that gives a request (arrival, service time, ms) to a dyno, and says its wait."""
    uniform = rng.random
    workers = 2 if kind == UNICORN else dynos if kind == INTELLIGENT else 1
    places = [[0] * workers for _ in range(1 if kind == INTELLIGENT else dynos)]
    ends: list[list[int]] = [[] for _ in places]

    def depth(at: int, now: int) -> int:
        ends[at] = [end for end in ends[at] if end > now]
        return len(ends[at])

    def serve(now: int, service: int) -> int:
        at = int(uniform() * len(places))
        if kind in (BLIND, POLLED) and places[at][0] > now:
            other = int(uniform() * len(places))
            if kind == BLIND or depth(other, now) < depth(at, now):
                at = other
        free = places[at]
        start = max(now, free[0])
        heapreplace(free, start + service)
        if kind == POLLED:
            ends[at].append(start + service)
        return start - now

    return serve


def _row(waits: list[int]) -> Row:
    queued = sorted(wait for wait in waits if wait)
    total, some = sum(queued), len(queued)
    middle = sorted(waits)[len(waits) // 2] if waits else 0
    return Row(
        some / max(1, len(waits)),
        total / max(1, some),
        total / max(1, len(waits)),
        float(queued[some // 2]) if queued else 0.0,
        float(middle),
    )


def closed_form(kind: str, dynos: int) -> Closed | None:
    """What the textbooks say of a row, in continuous time."""
    law = Ceiled()
    if kind == INTELLIGENT:
        return predict_one_queue(RATE, law, dynos, 1)
    if kind in (NAIVE, UNICORN):
        return predict_random(RATE, law, dynos, 2 if kind == UNICORN else 1)
    return None


@dataclass(frozen=True, slots=True)
class Claim:
    """How many dynos random routing needs to be as good as `dynos` of an intelligent router, at a
    load (arrivals times service time), by three measures."""

    load: float
    dynos: int
    waits: float  # the share that waits behind the intelligent router
    by_waits: int  # as few wait
    by_mean_wait: int  # the mean wait is as short
    by_p95: int  # p95 is within a tenth


def claim(dynos: int, load: float) -> Claim:
    """For exponential service times, whose random routing is M/M/1 per dyno: of those with load rho
    a share rho waits, for rho / (1 - rho) service times on average, and p95 grows by 1 / (1 - rho).
    """
    waits = erlang_c(load, dynos)
    wait, _ = mmc_wait(load, 1.0, dynos)
    rho = wait / (1 + wait)
    return Claim(load, dynos, waits, ceil(load / waits), ceil(load / rho), ceil(load * 11))


def load_of(dynos: int, random_dynos: int) -> float:
    """The load at which as few wait with so many dynos behind an intelligent router as with
    `random_dynos` behind a random one."""
    low, high = 1e-6, dynos * (1 - 1e-9)
    for _ in range(80):
        middle = (low + high) / 2
        if erlang_c(middle, dynos) < middle / random_dynos:
            low = middle
        else:
            high = middle
    return low
