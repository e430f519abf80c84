"""The Universal Scalability Law against published figures and against itself."""

from __future__ import annotations

import random
from math import inf

import pytest

from localku.load import usl
from localku.load.linear import interval, invert, solve, student

# SPEC SDM91 on a Sun SPARCcenter 2000, Gunther's example; the data set of R's package usl
SDM91 = [
    (1, 64.9),
    (18, 995.9),
    (36, 1652.4),
    (72, 1853.2),
    (108, 1828.9),
    (144, 1775.0),
    (216, 1702.2),
]


def test_the_figures_of_r_come_out_to_every_printed_digit() -> None:
    fit = usl.fit(SDM91)
    assert fit
    assert f"{fit.contention.value:.7f} {fit.contention.error:.7f}" == "0.0277285 0.0091217"
    assert f"{fit.crosstalk.value:.7f} {fit.crosstalk.error:.7f}" == "0.0001044 0.0000199"
    assert f"{fit.single.value:.5f} {fit.single.error:.5f}" == "89.99523 14.21349"
    assert (round(min(fit.residuals), 1), round(max(fit.residuals), 1)) == (-81.7, 111.1)
    assert (round(fit.peak, 1), round(fit.most, 1)) == (96.5, 1883.9)
    assert fit.is_retrograde


@pytest.mark.parametrize("law", [(0.05, 0.002, 30.0), (0.0, 0.0, 12.5), (0.3, 0.0, 900.0)])
def test_the_law_itself_is_found_again(law: usl.Vector) -> None:
    fit = usl.fit([(n, usl.throughput(law, n)) for n in (1, 2, 3, 4, 6, 8, 12)])
    assert fit
    found = (fit.contention.value, fit.crosstalk.value, fit.single.value)
    assert found == pytest.approx(law, abs=1e-6)
    assert fit.at(5) == pytest.approx(usl.throughput(law, 5))


def test_linear_growth_has_no_peak_and_no_ceiling() -> None:
    fit = usl.fit([(n, 10.0 * n) for n in (1, 2, 4, 8)])
    assert fit
    assert (fit.contention.value, fit.crosstalk.value, fit.peak) == pytest.approx((0, 0, inf))
    assert fit.most > 1e6 and not fit.is_retrograde


def test_growth_beyond_the_straight_line_does_not_make_the_coefficients_negative() -> None:
    fit = usl.fit([(1, 10), (2, 22), (4, 47), (8, 97)])
    assert fit
    assert fit.contention.value == 0 and fit.crosstalk.value == 0
    assert not fit.is_retrograde


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(1, 10.0), (2, 19.0), (4, 35.0)],
        [(1, 10.0), (1, 10.1), (2, 19.0), (2, 19.5)],  # two counts cannot tell three coefficients
        [(1, 10.0), (2, 0.0), (4, 0.0), (8, 0.0)],
    ],
)
def test_too_few_points_are_no_fit(points: list[usl.Point]) -> None:
    assert usl.fit(points) is None


def test_the_intervals_hold_the_truth_in_nineteen_of_twenty_cases() -> None:
    rng = random.Random(7)
    law = (0.06, 0.004, 50.0)
    held = 0
    for _ in range(200):
        points = [(n, usl.throughput(law, n) + rng.gauss(0, 4)) for n in (1, 2, 4, 8, 16) * 2]
        fit = usl.fit(points)
        assert fit
        held += fit.crosstalk.low <= law[1] <= fit.crosstalk.high
    assert 180 <= held <= 200


def test_the_band_is_wider_where_nothing_was_measured() -> None:
    fit = usl.fit([(1, 10.1), (2, 18.9), (4, 33.5), (6, 44.0)])
    assert fit
    assert 0 < fit.spread(2) < fit.spread(12)


def test_small_linear_algebra() -> None:
    assert solve([[0, 2], [1, 1]], [4, 3]) == [1, 2]
    assert solve([[1, 2], [2, 4]], [1, 2]) is None and invert([[0.0]]) is None
    assert invert([[2, 0], [0, 4]]) == [[0.5, 0], [0, 0.25]]


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.706), (12, 2.179), (30, 2.042)])
def test_student(freedom: int, quantile: float) -> None:
    assert student(freedom) == pytest.approx(quantile, abs=6e-4)


def test_the_interval_of_repeats() -> None:
    assert interval([5.0]) == (5.0, 5.0)
    assert interval([9, 10, 11]) == pytest.approx((10 - 2.484, 10 + 2.484), abs=1e-3)
