"""How many dynos a load needs: by closed forms, by simulation, and how sure that is. Pure.

A policy needs the least count at which the percentile keeps its goal. The uncertainty is found by
doing it again: with other random numbers, and with service times that are drawn anew out of the
measured ones (the bootstrap: Efron 1979), so that few measurements give a wide interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, floor

from localku.router.policy import RANDOM, ROUND_ROBIN
from localku.simulate.chance import Rng
from localku.simulate.closed import Closed, mmc_percentile
from localku.simulate.laws import Empirical, Exponential, Law
from localku.simulate.outcome import Outcome
from localku.simulate.scenario import ONE_QUEUE, Scenario, simulate
from localku.simulate.tally import Estimate

MOST = 2000  # dynos
REQUESTS = 80_000  # of the answer itself
AGAIN = 20_000  # of each repetition
CHEAP = 4  # times as many where they cost less
PATIENT = 5  # times as many, at the most, near full load
PER_DYNO = 500  # at least
QUANTILES = 200  # of the service times, for the closed forms


@dataclass(frozen=True, slots=True)
class Goal:
    """share: of requests (0.95) that take at most `limit` ms. rate: requests a second."""

    rate: float
    share: float
    limit: float
    concurrency: int = 1
    routers: int = 1

    @property
    def name(self) -> str:
        """`p95`."""
        return f"p{100 * self.share:g}".replace(".", "")


@dataclass(frozen=True, slots=True)
class Need:
    """What a policy needs. dynos: None if more than MOST. low, high: over the repetitions.
    reached, before: the goal's percentile with that many dynos, and with one fewer (None when
    these could not do the work at all). closed: the count by closed forms, None without one."""

    policy: str
    dynos: int | None
    low: int = 0
    high: int = 0
    reached: Estimate | None = None
    before: float | None = None
    utilisation: float = 0.0
    closed: int | None = None


def least(law: Law, goal: Goal) -> int:
    """The least number of dynos that can do the work at all."""
    return floor(goal.rate / 1000 * law.mean / goal.concurrency) + 1


def is_possible(law: Law, goal: Goal) -> bool:
    """Whether requests are fast enough when they never wait."""
    return law.quantile(goal.share) <= goal.limit


def need(law: Law, goal: Goal, policy: str, rng: Rng, repeats: int = 9) -> Need:
    """What one policy needs. With repeats there is a range: 9 cover 80 % of what might be."""
    start = least(law, goal)
    by_rule = closed_need(law, goal, policy)
    found = search(law, goal, policy, rng, by_rule or start, REQUESTS)
    if found is None:
        return Need(policy, None, closed=by_rule)
    reached = percentile(measure(law, goal, policy, found, rng, REQUESTS), goal)
    while reached.value > goal.limit and found < MOST:  # it was luck
        found += 1
        reached = percentile(measure(law, goal, policy, found, rng, REQUESTS), goal)
    others = []
    for _ in range(repeats):
        again = search(resampled(law, rng), goal, policy, rng, found, AGAIN)
        others.append(MOST + 1 if again is None else again)
    before = None
    if found > start:
        before = percentile(measure(law, goal, policy, found - 1, rng, REQUESTS), goal).value
    spread = [found, *others]
    share = goal.rate / 1000 * law.mean / (found * goal.concurrency)
    return Need(policy, found, min(spread), max(spread), reached, before, share, by_rule)


def measure(law: Law, goal: Goal, policy: str, dynos: int, rng: Rng, requests: int) -> Outcome:
    """Simulate that many dynos."""
    if policy in (RANDOM, ROUND_ROBIN):
        requests *= CHEAP
    slack = 1 - goal.rate / 1000 * law.mean / (dynos * goal.concurrency)
    if slack > 0:  # near full load queues forget slowly
        requests = round(requests * min(PATIENT, 1 + 0.1 / slack))
    requests = max(requests, PER_DYNO * dynos)
    case = Scenario(
        goal.rate, law, dynos, policy, goal.concurrency, goal.routers, requests=requests
    )
    return simulate(case, rng)


def percentile(outcome: Outcome, goal: Goal) -> Estimate:
    """The goal's percentile of it."""
    known = {0.5: outcome.p50, 0.9: outcome.p90, 0.95: outcome.p95}
    known |= {0.99: outcome.p99, 0.999: outcome.p999}
    return known[goal.share]


def search(law: Law, goal: Goal, policy: str, rng: Rng, guess: int, requests: int) -> int | None:
    """The least count that keeps the goal, begun near a guess; None if it is above MOST."""

    def keeps(dynos: int) -> bool:
        found = measure(law, goal, policy, dynos, rng, requests)
        return not found.is_overloaded and percentile(found, goal).value <= goal.limit

    return bisect_count(keeps, least(law, goal), max(guess, least(law, goal)))


def bisect_count(keeps: Callable[[int], bool], start: int, guess: int) -> int | None:
    """The least count from start to MOST for which `keeps` holds, if it holds from there on. It
    goes up or down from the guess, in growing steps, and then halves what is left."""
    if start > MOST:
        return None
    low, high, step = start - 1, min(guess, MOST), 1
    if keeps(high):
        while high > start:
            lower = max(start, high - step)
            if not keeps(lower):
                low = lower
                break
            high, step = lower, 2 * step
    else:
        while True:
            if high == MOST:
                return None
            low, high, step = high, min(MOST, high + step), 2 * step
            if keeps(high):
                break
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return high


def resampled(law: Law, rng: Rng) -> Law:
    """As many measured times, drawn out of them with putting back; another law is itself."""
    if not isinstance(law, Empirical):
        return law
    values, uniform = law.values, rng.random
    return Empirical([values[int(uniform() * len(values))] for _ in values], law.name)


# -- closed forms --------------------------------------------------------------------------------


def closed_need(law: Law, goal: Goal, policy: str) -> int | None:
    """The count by closed forms: M/M/c for one queue of exponential times, else Erlang C or
    Pollaczek-Khinchine with an exponential tail of the wait. None for the other policies, and above
    MOST."""
    if policy not in (RANDOM, ONE_QUEUE):
        return None

    def keeps(dynos: int) -> bool:
        return late_share(law, goal, policy, dynos) <= 1 - goal.share

    return bisect_count(keeps, least(law, goal), least(law, goal))


def late_share(law: Law, goal: Goal, policy: str, dynos: int) -> float:
    """Which share of requests takes longer than the limit, by closed forms."""
    if isinstance(law, Exponential) and policy == ONE_QUEUE:
        servers = dynos * goal.concurrency
        end = mmc_percentile(goal.rate / 1000, law.mean, servers, goal.share)
        return 0.0 if end <= goal.limit else 1.0
    case = Scenario(goal.rate, law, dynos, policy, goal.concurrency)
    found = case.closed_form()
    return 1.0 if found is None else tail(found, law, goal.limit)


def tail(closed: Closed, law: Law, limit: float) -> float:
    """The share of requests whose wait and service are longer than the limit, ms, when the waits of
    those that wait are exponential (exact for M/M/c and M/M/1, good for M/G/1 at high loads)."""
    waits = closed.waits or 0.0
    mean = closed.wait / waits if waits else 0.0
    total = 0.0
    for place in range(QUANTILES):
        left = limit - law.quantile((place + 0.5) / QUANTILES)
        total += 1.0 if left < 0 else waits * exp(-left / mean) if mean else 0.0
    return total / QUANTILES


def known_share(word: str) -> float:
    """`p95` as a share. ValueError for one that is not counted."""
    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999, "p99.9": 0.999}
    if word not in shares:
        raise ValueError(f"{word} is not one of p50, p90, p95, p99, p99.9")
    return shares[word]
