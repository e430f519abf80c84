"""The order of the steps, and the search of the highest rate, without any app."""

from __future__ import annotations

from random import Random

import pytest

from localku.load.order import cancels_drift, order
from localku.load.search import FLOOR, Search


def test_each_repeat_has_every_count_and_its_mirror() -> None:
    found = order([1, 2, 4, 8], 4, Random(7))
    rounds = [[count for count, repeat in found if repeat == number] for number in (1, 2, 3, 4)]
    assert all(sorted(each) == [1, 2, 4, 8] for each in rounds)
    assert rounds[1] == rounds[0][::-1] and rounds[3] == rounds[2][::-1]
    assert found == order([1, 2, 4, 8], 4, Random(7))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("repeats", [2, 4, 6])
def test_a_linear_drift_falls_on_all_counts_alike(seed: int, repeats: int) -> None:
    places: dict[int, list[int]] = {}
    for place, (count, _) in enumerate(order([1, 2, 3, 5, 8], repeats, Random(seed))):
        places.setdefault(count, []).append(place)
    assert len({sum(each) for each in places.values()}) == 1
    assert cancels_drift(repeats) and not cancels_drift(repeats - 1)


def found(limit: float, first: float, noise: float = 0.0, seed: int = 1) -> Search:
    rng, search = Random(seed), Search(first)
    while not search.done:
        held = search.rate <= limit * rng.gauss(1, noise)
        search.take(held=held, achieved=min(search.rate, limit))
    return search


@pytest.mark.parametrize("limit", [3.0, 47.0, 90.0, 260.0, 900.0])
@pytest.mark.parametrize("first", [20.0, 100.0])
def test_the_limit_is_found_from_below_and_from_above(limit: float, first: float) -> None:
    search = found(limit, first)
    assert search.probes <= 8
    assert search.is_bracketed
    assert search.best <= limit < search.failed
    assert limit / search.best < 1.5
    if limit in (47.0, 90.0):
        assert search.error < 0.2


def test_noise_moves_it_by_no_more_than_the_noise() -> None:
    limits = [found(100, 40, noise=0.05, seed=seed).best for seed in range(60)]
    assert sorted(limits)[3] > 75 and sorted(limits)[-4] < 115


def test_an_app_that_sustains_nothing_is_not_asked_for_ever() -> None:
    search = found(0.0, 100)
    assert search.best == 0 and search.done and search.probes <= 8


def test_an_app_that_sustains_all_ends_at_the_ceiling() -> None:
    search = Search(100, ceiling=300)
    while not search.done:
        search.take(held=True)
    assert search.best == 300 and not search.is_bracketed and search.probes == 3


def test_a_failure_that_would_end_the_search_is_doubted_once() -> None:
    search = Search(100)
    search.take(held=True)
    search.take(held=False)
    while search.rate > search.best * 1.1 and not search.done:
        search.take(held=False)
    rate, probes = search.rate, search.probes
    search.take(held=False)
    assert search.rate == rate and search.probes == probes + 1
    assert search.best > FLOOR
