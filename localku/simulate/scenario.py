"""One case to simulate, and the simulation of it: the fast path if there is one, else the exact
one. Pure: the caller brings the random source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import inf
from operator import add

from localku.router.policy import LEAST_CONNECTIONS, RANDOM, ROUND_ROBIN, TWO_CHOICES
from localku.simulate import closed, lanes, ordered
from localku.simulate.chance import BLOCK, LIFE, Rng, Table, below, blocks
from localku.simulate.closed import Closed
from localku.simulate.exact import REFUSED, Exact
from localku.simulate.gaps import POISSON, all_gaps, random_gaps, turn_gaps
from localku.simulate.laws import Law
from localku.simulate.outcome import Outcome, outcome
from localku.simulate.tally import BATCHES, Tally

ONE_QUEUE = "one-queue"
POLICIES = (RANDOM, ROUND_ROBIN, TWO_CHOICES, LEAST_CONNECTIONS, ONE_QUEUE)
WARM_UP = 0.1  # the share of a run that is not counted: the queues are empty at first
SAMPLE = 65_536  # latencies that percentiles are taken from, about
PIECES = 2 * BATCHES  # into so many, at least, is a run cut
LIVES = 3 * BATCHES  # so many tables, at least, unless that makes them shorter than a piece
TIMEOUT = 30_000.0  # ms; Heroku's H12


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated.

    rate: requests a second. law: service times, ms. dynos, each with `concurrency` requests at a
    time. policy: one of POLICIES. routers that know nothing of each other. requests: how many.
    timeout: ms until H12. backlog: in flight for each dyno and router until H11. exact: with the
    router's policy objects, even where there is a faster way. warm_up: the share not counted.
    """

    rate: float
    law: Law
    dynos: int
    policy: str = ROUND_ROBIN
    concurrency: int = 1
    routers: int = 1
    arrivals: str = POISSON
    requests: int = 200_000
    timeout: float = TIMEOUT
    backlog: float = inf
    exact: bool = False
    warm_up: float = WARM_UP

    @property
    def gap(self) -> float:
        """The mean time between two arrivals, ms."""
        return 1000.0 / self.rate

    @property
    def utilisation(self) -> float:
        """The share of its time that a dyno's place works; 1 and more is too much."""
        return self.rate / 1000.0 * self.law.mean / (self.dynos * self.concurrency)

    @property
    def stride(self) -> int:
        """Of so many requests one latency is kept."""
        return max(1, self.requests // SAMPLE)

    @property
    def piece(self) -> int:
        """So many requests are simulated at a time."""
        return max(1, min(BLOCK, self.requests // PIECES))

    @property
    def life(self) -> int:
        """For so many draws a table of values serves."""
        return max(self.piece, min(LIFE, self.requests // LIVES))

    def closed_form(self) -> Closed | None:
        """What the textbooks say of it, if they do."""
        if self.arrivals != POISSON or self.utilisation >= 1:
            return None
        case = (self.rate / 1000.0, self.law, self.dynos, self.concurrency)
        if self.policy == ONE_QUEUE:
            return closed.predict_one_queue(*case)
        if self.policy == RANDOM or self.dynos == 1:
            return closed.predict_random(*case)
        if self.policy == TWO_CHOICES and self.routers == 1:
            return closed.predict_two_choices(*case)
        return None


def simulate(scenario: Scenario, rng: Rng) -> Outcome:
    """Simulate it. A timeout that is reached changes what a router counts: then, and with a
    backlog, the exact simulation is taken for policies that count."""
    it = scenario
    is_blind = it.policy in (RANDOM, ROUND_ROBIN)
    if it.policy == ONE_QUEUE:
        return _in_order(replace(it, exact=False), rng)
    if it.exact or it.backlog < inf:
        return _in_order(replace(it, exact=True), rng)
    if it.policy == RANDOM or (it.policy == ROUND_ROBIN and it.routers == 1):
        return _by_lanes(it, rng)
    found = _in_order(it, rng)
    if found.timed_out and not is_blind:
        return _in_order(replace(it, exact=True), rng)
    return found


def _by_lanes(it: Scenario, rng: Rng) -> Outcome:
    """Each dyno alone."""
    gaps = random_gaps if it.policy == RANDOM else turn_gaps
    service = Table(it.law.quantile, rng, life=it.life)
    own = gaps(it.arrivals, it.gap, it.dynos)
    between = Table(own, rng, it.gap * it.dynos, life=it.life)
    tally = Tally()
    for dyno in range(it.dynos):
        count = (it.requests + dyno) // it.dynos  # they sum up to all requests
        left = int(count * it.warm_up)
        for waits, latencies in lanes.lane(
            service, between, count, it.stride, it.concurrency, it.piece
        ):
            if left >= len(waits):
                left -= len(waits)
                continue
            kept = waits[left:]
            tally.add(kept, latencies[-(-left // it.stride) :])
            left = 0
    return outcome(it.utilisation, tally, it.timeout)


def _server(it: Scenario, rng: Rng) -> Exact | ordered.Turns | _Ideal:
    if it.policy == ONE_QUEUE:
        return _Ideal([0.0] * (it.dynos * it.concurrency))
    if it.exact:
        return Exact(
            it.policy, it.dynos, it.concurrency, it.routers, below(rng), it.timeout, it.backlog
        )
    kinds = {
        ROUND_ROBIN: ordered.Turns,
        TWO_CHOICES: ordered.TwoChoices,
        LEAST_CONNECTIONS: ordered.LeastConnections,
    }
    return kinds[it.policy](it.dynos, it.concurrency, it.routers, rng.random)  # type: ignore[return-value]


@dataclass(slots=True)
class _Ideal:
    free: list[float] = field(default_factory=list)

    def serve(self, times: Sequence[float], services: Sequence[float]) -> list[float]:
        return ordered.one_queue(self.free, times, services)


def _in_order(it: Scenario, rng: Rng) -> Outcome:
    """All requests in the order of their arrival."""
    service = Table(it.law.quantile, rng, life=it.life)
    gaps = Table(all_gaps(it.arrivals, it.gap), rng, life=it.life)
    server = _server(it, rng)
    tally = Tally()
    left, now = int(it.requests * it.warm_up), 0.0
    for size in blocks(it.requests, it.piece):
        times = list(accumulate(gaps.draws(size), initial=now))[1:]
        now = times[-1]
        services = service.draws(size)
        waits = server.serve(times, services)
        if left >= size:
            left -= size
            continue
        waits, services, left = waits[left:], services[left:], 0
        refused = waits.count(REFUSED) if it.backlog < inf else 0
        if refused:
            pairs = [(w, s) for w, s in zip(waits, services, strict=True) if w != REFUSED]
            waits, services = [w for w, _ in pairs], [s for _, s in pairs]
        tally.add(waits, list(map(add, waits[:: it.stride], services[:: it.stride])), refused)
    return outcome(it.utilisation, tally, it.timeout)
