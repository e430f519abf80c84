"""The prediction beside a sweep's measurement, against closed forms."""

from __future__ import annotations

from math import log
from random import Random

import pytest

from localku.load.goal import parse
from localku.load.plan import Plan, Target
from localku.load.prediction import evenly, predictions, service_times
from localku.load.result import CLOSED, OPEN, Percentiles, Result, Step
from localku.load.scaling import is_predictable
from localku.load.summary import summaries
from localku.load.sweep import Scaling

MEAN = 30.0  # ms


def exponential(number: int = 10_000) -> list[tuple[float, int]]:
    """A histogram of service times with that mean."""
    return [(-MEAN * log(1 - (at + 0.5) / 1000), number // 1000) for at in range(1000)]


def step(count: int, rate: float, slower: float = 1.0) -> Step:
    bars = [(value * slower, times) for value, times in exponential()]
    p = Percentiles(10_000, MEAN * slower)
    return Step({"web": count}, 1, rate, rate, 10.0, round(rate * 10), latency=p, sent_latency=p,
                service=p, histogram=bars)  # fmt: skip


def test_a_sample_is_spread_as_its_histogram() -> None:
    assert evenly([(1.0, 50), (2.0, 30), (9.0, 20)], 10) == [1.0] * 5 + [2.0] * 3 + [9.0] * 2


def test_the_least_loaded_step_has_the_service_times() -> None:
    found = service_times([step(1, 20, slower=3), step(2, 20)])
    assert sum(found) / len(found) == pytest.approx(MEAN, rel=0.02)
    assert service_times([]) == []


def test_random_routing_is_as_the_closed_form_has_it_and_overload_has_no_figure() -> None:
    steps = [step(count, 40.0) for count in (1, 2, 4)]
    found = summaries(Result(steps=steps), "web")
    told = predictions(steps, found, "random", 1, Random(7))
    assert 1 not in told  # 1.2 times what one can do
    for count in (2, 4):  # M/M/1 each: the time in it is exponential, p95 = -ln(0.05) S / (1 - rho)
        busy = 40.0 / count * MEAN / 1000
        assert told[count] == pytest.approx(-log(0.05) * MEAN / (1 - busy), rel=0.15)


def test_better_routing_is_predicted_to_be_better() -> None:
    steps = [step(4, 100.0)]
    found = summaries(Result(steps=steps), "web")
    by_policy = [
        predictions(steps, found, policy, 1, Random(7))[4]
        for policy in ("random", "round-robin", "least-connections")
    ]
    assert by_policy == sorted(by_policy, reverse=True)


@pytest.mark.parametrize(
    ("mode", "goal", "can"), [(OPEN, "", True), (CLOSED, "", False), (OPEN, "p95<250ms", False)]
)
def test_times_that_contain_waiting_predict_nothing(mode: str, goal: str, can: bool) -> None:
    plan = Plan(Target("http://app/", "127.0.0.1", 1, "app"), mode=mode)
    scaling = Scaling("web", (1, 2), goal=parse(goal) if goal else None)
    assert is_predictable(plan, scaling) is can
