"""Laws of service times and of gaps: their means, their draws, how they are written."""

from __future__ import annotations

import random

import pytest

from localku.simulate import wording
from localku.simulate.chance import LIFE, Table
from localku.simulate.gaps import all_gaps, random_gaps, turn_gaps
from localku.simulate.laws import (
    Bimodal,
    Constant,
    Empirical,
    Exponential,
    LogNormal,
    Weibull,
    variation,
)

LAWS = [
    Constant(10.0),
    Exponential(30.0),
    Weibull(0.8, 79.056),
    LogNormal(46.0, 500.0),
    Bimodal(20.0, 1000.0, 0.05),
    Empirical([5.0, 6.0, 9.0, 30.0, 200.0]),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_mean_and_the_mean_square_are_those_of_the_quantiles(law) -> None:
    steps = 200_000
    values = [law.quantile((i + 0.5) / steps) for i in range(steps)]
    assert sum(values) / steps == pytest.approx(law.mean, rel=2e-3)
    assert sum(v * v for v in values) / steps == pytest.approx(law.square, rel=2e-2)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_draws_have_the_law(law) -> None:
    table = Table(law.quantile, random.Random(3))
    values = [value for _ in range(60) for value in table.draws(4096)]
    error = 5 * (law.square / len(values)) ** 0.5 + 1e-9
    assert abs(sum(values) / len(values) - law.mean) < error
    for share in (0.25, 0.9, 0.999):
        below = sum(value <= law.quantile(share) for value in values) / len(values)
        assert below >= share - 0.005


def test_the_tail_is_drawn_afresh_each_time() -> None:
    table = Table(Exponential(1.0).quantile, random.Random(5))
    values = [value for _ in range(LIFE // 4096) for value in table.draws(4096)]
    top = [value for value in values if value > Exponential(1.0).quantile(255 / 256)]
    assert len(set(top)) == len(top) > 60
    assert len(set(values)) < 256 + len(top)


def test_p50_and_p99_are_what_was_asked_for() -> None:
    law = LogNormal(46.0, 3144.0)
    assert law.quantile(0.5) == pytest.approx(46)
    assert law.quantile(0.99) == pytest.approx(3144)
    assert variation(Constant(3.0)) == 0 and variation(Exponential(3.0)) == pytest.approx(1)


@pytest.mark.parametrize("dynos", [2, 8, 100])
def test_turns_add_gaps_up(dynos: int) -> None:
    """The gaps that one of n dynos sees in round robin: n times the mean, 1/n of the variation."""
    quantile, steps = turn_gaps("poisson", 5.0, dynos), 50_000
    values = [quantile((i + 0.5) / steps) for i in range(steps)]
    mean = sum(values) / steps
    square = sum(v * v for v in values) / steps
    assert mean == pytest.approx(5 * dynos, rel=1e-3)
    assert square / mean**2 - 1 == pytest.approx(1 / dynos, rel=0.02)
    uniform = random.Random(1).random
    one = all_gaps("poisson", 5.0)
    sums = sorted(sum(one(uniform()) for _ in range(dynos)) for _ in range(4000))
    for share in (0.05, 0.5, 0.95):
        assert quantile(share) == pytest.approx(sums[int(4000 * share)], rel=0.1)


def test_a_dyno_gets_a_random_share_of_constant_arrivals() -> None:
    quantile, steps = random_gaps("constant", 5.0, 4), 50_000
    values = [quantile((i + 0.5) / steps) for i in range(steps)]
    assert sum(values) / steps == pytest.approx(20, rel=1e-3)
    assert values.count(5.0) / steps == pytest.approx(1 / 4, abs=1e-3)
    assert set(values) <= {5.0 * n for n in range(1, 60)}


WRITTEN = {
    "exp(30ms)": Exponential(30.0),
    "weibull(.8, 79ms)": Weibull(0.8, 79.0),
    "const(10ms)": Constant(10.0),
    "1.5s": Constant(1500.0),
    "lognormal(p50=46ms,p99=3s)": LogNormal(46.0, 3000.0),
    "bimodal(20ms,1s,5%)": Bimodal(20.0, 1000.0, 0.05),
}


@pytest.mark.parametrize(("text", "law"), WRITTEN.items(), ids=list(WRITTEN))
def test_laws_as_they_are_written(text: str, law) -> None:
    assert wording.law(text) == law
    assert wording.law(law.name) == law


BAD = ["", "exp", "exp()", "exp(0ms)", "exp(30ms,2)", "gauss(1ms)", "weibull(-1,3ms)", "exp(3x)"]
BAD += ["lognormal(p50=3s,p99=1s)", "lognormal(1ms,2ms)", "bimodal(1ms,2ms,200%)", "exp(nan)"]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_law(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        wording.law(text)


def test_counts() -> None:
    assert wording.counts("1,2,4..6,4") == [1, 2, 4, 5, 6]
    for text in ("", "0", "3..", "a", "-1", "1,,2", "8..4"):
        with pytest.raises(ValueError):
            wording.counts(text)
