"""The simulation against what queueing theory knows exactly, within its own confidence intervals.

Seeds are fixed, so a test that holds, holds; an error of the mean is that of twenty batches, and a
twentieth of all true statements would be outside of it, so it is taken one and a half times.
"""

from __future__ import annotations

import pytest
from sim_kit import EXP, at_load, run

from localku.simulate import closed
from localku.simulate.laws import Bimodal, Constant, Law, LogNormal, Weibull
from localku.simulate.tally import Estimate

MANY = 400_000


def near(found: Estimate, known: float, slack: float = 0.01) -> bool:
    """slack: beside the error; what the tables of draws leave out is 0.3 %."""
    return abs(found.value - known) <= 1.5 * found.error + slack * known


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
@pytest.mark.parametrize(
    "law", [EXP, Constant(10.0), Weibull(0.8, 9.0), Bimodal(5.0, 50.0, 0.1)], ids=lambda x: x.name
)
def test_random_routing_is_pollaczek_khinchine(law: Law, load: float) -> None:
    found = run(at_load(load, 8, "random", law, requests=MANY))
    wait, waits = closed.pollaczek_khinchine(load / law.mean, law)
    assert near(found.wait, wait) and near(found.waits, waits)
    assert waits == pytest.approx(load)


@pytest.mark.parametrize(("dynos", "load"), [(1, 0.5), (4, 0.8), (25, 0.9), (100, 0.95)])
def test_one_queue_is_erlang_c(dynos: int, load: float) -> None:
    case = at_load(load, dynos, "one-queue", requests=MANY)
    found = run(case)
    wait, waits = closed.mmc_wait(case.rate / 1000, 10.0, dynos)
    assert near(found.wait, wait, 0.03) and near(found.waits, waits, 0.02)
    p95 = closed.mmc_percentile(case.rate / 1000, 10.0, dynos, 0.95)
    assert near(found.p95, p95, 0.01)


def test_erlang_c_in_numbers() -> None:
    """M/M/1: rho waits. M/M/2 at load 1: a third. Ten servers, 8 erlang: 0.4092 (tables)."""
    assert closed.erlang_c(0.7, 1) == pytest.approx(0.7)
    assert closed.erlang_c(1.0, 2) == pytest.approx(1 / 3)
    assert closed.erlang_c(8.0, 10) == pytest.approx(0.4092, abs=1e-4)
    assert closed.erlang_c(4900.0, 5000) < 0.2  # and no overflow


def test_constant_service_times_halve_the_wait() -> None:
    """M/D/1: rho / (2 (1 - rho)) service times."""
    assert closed.pollaczek_khinchine(0.08, Constant(10.0))[0] == pytest.approx(20.0)
    assert near(run(at_load(0.8, 1, "round-robin", Constant(10.0), requests=MANY)).wait, 20.0)


def test_rare_waits_at_a_light_load() -> None:
    """One of a hundred waits: seen to be so within the error, which the batches know of."""
    found = [
        run(at_load(0.01, dynos, policy, Constant(1.0)), seed).waits
        for seed in range(4)
        for dynos, policy in ((1, "round-robin"), (1, "one-queue"), (3, "random"))
    ]
    assert all(near(each, 0.00995, 0.02) for each in found), found
    assert all(0 < each.error < 0.002 for each in found)


def test_constant_gaps_and_times_never_wait() -> None:
    found = run(at_load(0.99, 8, "round-robin", Constant(10.0), arrivals="constant"))
    assert found.wait.value == 0 and found.waits.value == 0 and found.p999.value == 10


@pytest.mark.parametrize("load", [0.5, 0.7, 0.9])
def test_two_choices_come_to_the_mean_field(load: float) -> None:
    """Of very many dynos; 400 are many."""
    found = run(at_load(load, 400, "two-choices", requests=MANY, warm_up=0.3))
    assert near(found.mean, closed.two_choices_latency(load, 10.0), 0.02)
    assert near(found.waits, load * load, 0.02)


@pytest.mark.parametrize("policy", ["random", "one-queue"])
def test_more_at_a_time_is_erlang_c_again(policy: str) -> None:
    case = at_load(0.8, 5, policy, concurrency=3, requests=MANY)
    rule = case.closed_form()
    found = run(case)
    assert rule is not None and rule.is_exact
    assert near(found.wait, rule.wait, 0.02) and near(found.waits, rule.waits or 0, 0.02)


def test_approximations_say_so_and_are_near() -> None:
    case = at_load(0.8, 8, "one-queue", LogNormal(5.0, 50.0), requests=MANY)
    rule = case.closed_form()
    assert rule is not None and not rule.is_exact and "Lee-Longton" in rule.rule
    assert near(run(case).wait, rule.wait, 0.15)


@pytest.mark.parametrize("policy", ["round-robin", "least-connections"])
def test_where_nothing_is_known_nothing_is_said(policy: str) -> None:
    assert at_load(0.8, 8, policy).closed_form() is None
    assert at_load(1.2, 8, "random").closed_form() is None


def test_the_error_is_that_of_the_mean() -> None:
    """Of twenty runs, about nineteen have the truth within their error at 95 %."""
    runs = [run(at_load(0.7, 4, "random", requests=60_000), seed) for seed in range(40)]
    right = sum(found.wait.covers(10 * 0.7 / 0.3) for found in runs)
    assert 32 <= right <= 40
