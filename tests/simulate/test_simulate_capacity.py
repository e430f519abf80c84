"""How many dynos a load needs."""

from __future__ import annotations

import random

import pytest

from localku.simulate import capacity
from localku.simulate.capacity import MOST, Goal
from localku.simulate.laws import Constant, Empirical, Exponential
from localku.simulate.predict import pct, predict


@pytest.mark.parametrize("truth", [3, 4, 10, 11, 57, 1999, 2000])
@pytest.mark.parametrize("guess", [3, 10, 60, 2000])
def test_the_search_finds_the_count(truth: int, guess: int) -> None:
    tried: list[int] = []

    def keeps(count: int) -> bool:
        tried.append(count)
        return count >= truth

    assert capacity.bisect_count(keeps, 3, guess) == truth
    assert min(tried) >= 3 and len(tried) == len(set(tried)) <= 25


def test_the_search_ends() -> None:
    assert capacity.bisect_count(lambda count: False, 3, 5) is None
    assert capacity.bisect_count(lambda count: True, MOST + 1, MOST + 1) is None


def test_one_queue_is_what_erlang_says() -> None:
    """500 req/s of exp(30ms), p95 120 ms: 17 dynos in M/M/c (load 15)."""
    law, goal = Exponential(30.0), Goal(500, 0.95, 120.0)
    assert capacity.least(law, goal) == 16
    found = capacity.need(law, goal, "one-queue", random.Random(1), repeats=3)
    assert found.closed == found.dynos == 17 and 16 <= found.low <= 17 <= found.high <= 18
    assert found.reached is not None and found.reached.value <= 120
    assert found.before is not None and found.before > 120


def test_random_is_what_the_mm1_says() -> None:
    """Each dyno M/M/1: p95 = ln(20) * 30 / (1 - 15 / n) <= 120, so n >= 59.8."""
    law, goal = Exponential(30.0), Goal(500, 0.95, 120.0)
    found = capacity.need(law, goal, "random", random.Random(1), repeats=0)
    assert found.closed in (60, 61, 62)
    assert found.dynos is not None and 58 <= found.dynos <= 63
    few = capacity.need(law, goal, "least-connections", random.Random(1), repeats=0)
    assert few.dynos in (17, 18)


def test_few_measurements_make_a_wide_interval() -> None:
    rng = random.Random(2)
    times = [rng.expovariate(1 / 30) for _ in range(2000)]
    goal = Goal(100, 0.95, 150.0)
    many = capacity.need(Empirical(times), goal, "random", random.Random(1), repeats=3)
    few = capacity.need(Empirical(times[:25]), goal, "random", random.Random(1), repeats=3)
    assert few.high - few.low > many.high - many.low


def test_a_goal_below_the_service_time_is_impossible() -> None:
    assert not capacity.is_possible(Constant(100.0), Goal(1, 0.5, 99.0))
    assert capacity.is_possible(Constant(100.0), Goal(1, 0.5, 100.0))


def test_more_than_the_most_is_said() -> None:
    found = capacity.need(Constant(1000.0), Goal(3000, 0.95, 2000.0), "random", random.Random(1))
    assert found.dynos is None


def test_predict_for_a_sweep() -> None:
    source = random.Random(1)
    times = [source.expovariate(1 / 10) for _ in range(500)]
    found = predict(300, times, 4, 1, "least-connections", rng=random.Random(1))
    figures = pct(found)
    assert figures["p50"] < figures["p95"] < figures["p99"] <= figures["max"]
    assert figures["count"] == 90_000
    for bad in ({"dynos": 0}, {"rate": 0}, {"policy": "nosuch"}, {"concurrency": 0}):
        case = {"rate": 10, "dynos": 1, "concurrency": 1, "policy": "random", **bad}
        with pytest.raises(ValueError):
            predict(service_times=times, rng=random.Random(1), **case)
