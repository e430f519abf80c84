"""The fast paths and the router's own policy objects: the same, draw by draw or as a whole."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from sim_kit import EXP, agrees, at_load, run

from localku.router.policy import POLICIES as ROUTERS
from localku.simulate import ordered
from localku.simulate.chance import below
from localku.simulate.exact import REFUSED, Exact
from localku.simulate.lanes import lane
from localku.simulate.laws import Constant, LogNormal
from localku.simulate.scenario import POLICIES

COUNT = 5000


def requests(load: float, places: int) -> tuple[list[float], list[float]]:
    """Arrivals and service times."""
    rng = random.Random(11)
    gaps = (rng.expovariate(load * places / 10) for _ in range(COUNT))
    return list(accumulate(gaps)), [rng.expovariate(1 / 10) for _ in range(COUNT)]


def test_the_policies_are_the_routers() -> None:
    assert set(POLICIES) == {*ROUTERS, "one-queue"}


@pytest.mark.parametrize("routers", [1, 7])
@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize(
    ("policy", "fast"), [("round-robin", ordered.Turns), ("two-choices", ordered.TwoChoices)]
)
def test_the_same_draws_give_the_same_waits(policy, fast, concurrency, routers) -> None:  # type: ignore[no-untyped-def]
    times, services = requests(0.9, 5 * concurrency)
    one, other = random.Random(5), random.Random(5)
    waits = fast(5, concurrency, routers, one.random).serve(times, services)
    assert waits == Exact(policy, 5, concurrency, routers, below(other)).serve(times, services)
    assert sum(waits) > 0


def test_random_routing_as_lanes_is_each_dynos_own_queue() -> None:
    """What goes to a dyno waits for just that which went there before."""
    times, services = requests(0.9, 5)
    rng, twin = random.Random(5), random.Random(5)
    waits = Exact("random", 5, 1, 1, below(rng)).serve(times, services)
    picked = [int(twin.random() * 5) for _ in times]
    for dyno in range(5):
        own = [i for i, pick in enumerate(picked) if pick == dyno]
        alone = ordered.one_queue([0.0], [times[i] for i in own], [services[i] for i in own])
        assert alone == [waits[i] for i in own]


class Fixed:
    """Draws that are known."""

    def __init__(self, values: list[float], code: bytes) -> None:
        self.values, self.code = values, code
        self.tails: list[float] = []

    def refresh(self, count: int) -> list[float]:
        return self.values

    def bytes(self, count: int) -> bytes:
        return self.code[:count]

    def tail(self) -> float:
        self.tails.append(100.0 + len(self.tails))
        return self.tails[-1]


def test_a_lane_is_lindleys_recursion() -> None:
    """The fastest path, byte by byte, with tails (255) at its beginning, within and at its end."""
    rng = random.Random(2)
    code = bytes([255, 3, 255, 255, *rng.randbytes(400), 255])
    after = rng.randbytes(len(code))
    service = Fixed([float(i % 17) for i in range(256)], code)
    gaps = Fixed([float(i % 23) for i in range(256)], after)
    [(waits, latencies)] = lane(service, gaps, len(code), 1, 1, 4096)  # type: ignore[arg-type]
    tails = iter(service.tails)
    times = [next(tails) if i == 255 else service.values[i] for i in code]
    arrivals = [0.0, *accumulate(gaps.values[i] for i in after)][: len(code)]
    assert waits == ordered.one_queue([0.0], arrivals, times)
    assert latencies == [wait + took for wait, took in zip(waits, times, strict=True)]
    service.tails.clear()
    [(_, some)] = lane(service, gaps, len(code), 3, 1, 4096)  # type: ignore[arg-type]
    assert some == latencies[::3]


@pytest.mark.parametrize("policy", ROUTERS)
@pytest.mark.parametrize("law", [EXP, LogNormal(5.0, 50.0)], ids=lambda law: law.name)
def test_fast_and_exact_agree(policy: str, law) -> None:  # type: ignore[no-untyped-def]
    many = {"requests": 100_000}
    fast = run(at_load(0.8, 6, policy, law, **many), 1)
    agrees(fast, run(at_load(0.8, 6, policy, law, exact=True, **many), 2))


@pytest.mark.parametrize("policy", ["round-robin", "least-connections", "two-choices"])
@pytest.mark.parametrize("arrivals", ["poisson", "constant"])
def test_they_agree_with_many_at_a_time_and_several_routers(policy: str, arrivals: str) -> None:
    more = {"requests": 60_000, "concurrency": 2, "routers": 3, "arrivals": arrivals}
    fast = run(at_load(0.85, 4, policy, **more), 1)
    agrees(fast, run(at_load(0.85, 4, policy, exact=True, **more), 2))


def test_constant_arrivals_agree_for_lanes_too() -> None:
    for policy in ("random", "round-robin"):
        more = {"requests": 100_000, "arrivals": "constant"}
        fast = run(at_load(0.8, 5, policy, **more), 1)
        agrees(fast, run(at_load(0.8, 5, policy, exact=True, **more), 2))


def test_a_hundred_routers_are_a_random_one() -> None:
    """What each of them knows is next to nothing (the paper's parallel routers)."""
    many = {"requests": 150_000}
    random_one = run(at_load(0.7, 10, "random", **many))
    for policy in ("round-robin", "least-connections", "two-choices"):
        single = run(at_load(0.7, 10, policy, **many))
        hundred = run(at_load(0.7, 10, policy, routers=100, **many))
        assert single.wait.value < 0.6 * random_one.wait.value
        assert 0.8 * random_one.wait.value < hundred.wait.value < 1.1 * random_one.wait.value


def test_the_order_of_the_policies() -> None:
    waits = [run(at_load(0.8, 10, policy)).wait.value for policy in POLICIES]
    assert waits == sorted(waits, reverse=True)


def test_the_backlog_refuses_with_h11() -> None:
    """Two dynos, 3 in flight for each: the seventh request of a burst is refused."""
    exact = Exact("least-connections", 2, 1, 1, below(random.Random(1)), backlog=3)
    waits = exact.serve([0.0] * 8, [10.0] * 8)
    assert waits == [0, 0, 10, 10, 20, 20, REFUSED, REFUSED]
    assert exact.serve([10.0], [10.0]) == [20.0]  # two are done
    found = run(at_load(2.0, 4, "least-connections", backlog=50, requests=40_000))
    assert found.refused == pytest.approx(0.5, abs=0.02)
    assert found.wait.value == pytest.approx(49 * 10, rel=0.05)


def test_the_timeout_is_h12_and_ends_the_latency() -> None:
    """Nobody waits longer than the timeout, but the dyno works on (Dev Center, H12)."""
    found = run(at_load(1.5, 4, "random", requests=100_000, timeout=1000.0))
    assert found.timed_out > 0.8 and found.most == 1000 and found.p99.value == 1000
    assert found.is_overloaded
    calm = run(at_load(0.5, 4, "random", requests=100_000))
    assert calm.timed_out == 0 and not calm.is_overloaded


def test_a_timed_out_request_is_no_longer_in_flight() -> None:
    exact = Exact("least-connections", 2, 1, 1, below(random.Random(1)), timeout=30.0)
    assert exact.serve([0.0, 0.0], [1000.0, 5.0]) == [0, 0]
    waits = exact.serve([10.0, 40.0, 41.0], [100.0, 5.0, 5.0])
    assert waits[0] == 0  # the idle one
    assert sorted(waits[1:])[1] > 900  # to the router, the stuck one looks idle


def test_a_seed_says_it_all() -> None:
    for policy in POLICIES:
        case = at_load(0.8, 3, policy, requests=20_000)
        assert run(case, 4) == run(case, 4) != run(case, 5)


def test_few_requests_are_no_trouble() -> None:
    for policy in POLICIES:
        for count in (1, 2, 7, 50):
            found = run(at_load(0.5, 20, policy, Constant(10.0), requests=count))
            assert found.count == count - int(count * 0.1) or policy in ("random", "round-robin")
