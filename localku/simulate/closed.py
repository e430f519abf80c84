"""What the textbooks say: closed forms for the wait, beside which the simulation stands. Pure.

Times are milliseconds, arrivals Poisson. rho is the load of a dyno: below 1, or there is no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from localku.simulate.laws import Law, variation


@dataclass(frozen=True, slots=True)
class Closed:
    """The mean wait, ms, and the share that waits at all. rule: whose. is_exact: whether it is a
    theorem for just this case."""

    wait: float
    waits: float | None
    rule: str
    is_exact: bool


def erlang_c(load: float, servers: int) -> float:
    """The share that waits in M/M/c. load: arrivals times service time, below `servers`.
    (Erlang 1917; by the recursion of Erlang's B, which does not overflow.)"""
    block = 1.0
    for n in range(1, servers + 1):
        block = load * block / (n + load * block)
    rho = load / servers
    return block / (1 - rho * (1 - block))


def mmc_wait(rate: float, mean: float, servers: int) -> tuple[float, float]:
    """The mean wait in M/M/c, and the share that waits. rate: requests a ms."""
    load = rate * mean
    waits = erlang_c(load, servers)
    return waits * mean / (servers - load), waits


def mmc_latency_share(rate: float, mean: float, servers: int, limit: float) -> float:
    """The share of requests of M/M/c that take longer than `limit`, wait and service together."""
    load = rate * mean
    waits = erlang_c(load, servers)
    slack = servers - load
    alone = exp(-limit / mean)
    if abs(slack - 1) < 1e-9:
        return alone * (1 + waits * limit / mean)
    drained = exp(-slack * limit / mean)
    return alone + waits * (alone - drained) / (slack - 1)


def mmc_percentile(rate: float, mean: float, servers: int, share: float) -> float:
    """The latency that this share of the requests of M/M/c stays below."""
    low, high = 0.0, -mean * log(1 - share)
    while mmc_latency_share(rate, mean, servers, high) > 1 - share:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        if mmc_latency_share(rate, mean, servers, middle) > 1 - share:
            low = middle
        else:
            high = middle
    return high


def pollaczek_khinchine(rate: float, law: Law) -> tuple[float, float]:
    """The mean wait in M/G/1 (Pollaczek 1930, Khinchine 1932), and the share that waits."""
    rho = rate * law.mean
    return rate * law.square / (2 * (1 - rho)), rho


def two_choices_latency(rho: float, mean: float) -> float:
    """The mean latency of two choices among very many dynos with exponential times (Mitzenmacher
    1996; Vvedenskaya, Dobrushin, Karpelevich 1996)."""
    total, power = 0.0, 1.0
    while True:
        term: float = rho ** (2.0**power - 2)
        total += term
        power += 1
        if term < 1e-12:
            return mean * total


def predict_random(rate: float, law: Law, dynos: int, concurrency: int) -> Closed | None:
    """Random routing: each dyno is an M/G/c queue of its own. rate: requests a ms."""
    own = rate / dynos
    if own * law.mean >= concurrency:
        return None
    if concurrency == 1:
        wait, waits = pollaczek_khinchine(own, law)
        return Closed(wait, waits, "Pollaczek-Khinchine", True)
    return _many(own, law, concurrency, "Erlang C per dyno")


def predict_one_queue(rate: float, law: Law, dynos: int, concurrency: int) -> Closed | None:
    """One queue before all dynos: M/G/c."""
    servers = dynos * concurrency
    if rate * law.mean >= servers:
        return None
    if servers == 1:
        wait, waits = pollaczek_khinchine(rate, law)
        return Closed(wait, waits, "Pollaczek-Khinchine", True)
    return _many(rate, law, servers, "Erlang C")


def _many(rate: float, law: Law, servers: int, rule: str) -> Closed:
    """M/M/c, and for other laws M/G/c by Lee and Longton (1959): the wait of M/M/c times half of
    one plus the squared coefficient of variation."""
    wait, waits = mmc_wait(rate, law.mean, servers)
    square = variation(law)
    if abs(square - 1) < 1e-9:
        return Closed(wait, waits, rule, True)
    return Closed(wait * (1 + square) / 2, waits, f"{rule}, Lee-Longton", False)


def predict_two_choices(rate: float, law: Law, dynos: int, concurrency: int) -> Closed | None:
    """Two choices among infinitely many dynos; only for exponential times, one at a time."""
    rho = rate * law.mean / dynos
    if rho >= 1 or concurrency > 1 or dynos < 2 or abs(variation(law) - 1) > 1e-9:
        return None
    wait = two_choices_latency(rho, law.mean) - law.mean
    return Closed(wait, rho * rho, "mean field, infinitely many dynos", False)
