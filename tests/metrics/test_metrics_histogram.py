"""The histogram: its error, its percentiles, its sums."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localku.metrics.histogram import Histogram

VALUES = st.floats(min_value=1e-9, max_value=1e12)


def of(*values: float) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(st.lists(VALUES, min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_at_most_0_4_percent_off(values: list[float], share: float) -> None:
    exact = sorted(values)[min(int(len(values) * share), len(values) - 1)]
    found = of(*values).quantile(share)
    assert exact * (1 - 0.004) <= found <= exact * (1 + 1e-9)


@given(st.lists(VALUES | st.just(0.0), max_size=50), st.lists(VALUES, max_size=50))
def test_merged_is_as_if_all_had_been_recorded_by_one(a: list[float], b: list[float]) -> None:
    merged, one = of(*a), of(*a, *b)
    merged.merge(of(*b))
    assert merged.pack()[0] == one.pack()[0]
    assert merged.pack()[2:] == one.pack()[2:]
    assert merged.total == pytest.approx(one.total)


def test_whole_numbers_come_out_as_they_went_in() -> None:
    assert [of(n).quantile(0.5) for n in range(512)] == list(range(512))


def test_the_ends_are_exact() -> None:
    histogram = of(3.3, 777.7, 100_000.1)
    assert (histogram.least, histogram.most, histogram.count) == (3.3, 100_000.1, 3)
    assert histogram.quantile(0) == 3.3


def test_nothing_and_nothings() -> None:
    assert Histogram().quantiles((0.5, 0.99)) == [0, 0]
    assert of(0, -3, 5).quantiles((0, 0.5, 0.99)) == [0, 0, 5]


def test_several_shares_at_one_go() -> None:
    rng = random.Random(1)
    histogram = of(*(rng.expovariate(0.01) for _ in range(5000)))
    shares = (0.1, 0.5, 0.5, 0.95, 0.99, 1.0)
    assert histogram.quantiles(shares) == [histogram.quantile(share) for share in shares]


def test_times() -> None:
    histogram = Histogram()
    histogram.record(5, 99)
    histogram.record(7)
    assert (histogram.count, histogram.total) == (100, 502)
    assert histogram.quantiles((0.5, 0.98, 0.99)) == [5, 5, 7]


def test_it_can_be_kept() -> None:
    histogram = of(1, 2, 2, 1e6, 0)
    assert Histogram.unpack(histogram.pack()).pack() == histogram.pack()
