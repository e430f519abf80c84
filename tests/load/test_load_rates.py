"""Rates over time: their text, and the moments that come of them."""

from __future__ import annotations

import random
from itertools import pairwise
from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localku.errors import UserError
from localku.load.rates import Part, Profile, parse

FORMS = {
    "200": [(200, 200, inf)],
    "0.5": [(0.5, 0.5, inf)],
    "50..500": [(50, 500, inf)],
    "50..500/60s": [(50, 500, 60)],
    "50..500/1m,500/30s": [(50, 500, 60), (500, 500, 30)],
    "100/10s, 0/5s, 100/10": [(100, 100, 10), (0, 0, 5), (100, 100, 10)],
    "200/10s,50": [(200, 200, 10), (50, 50, inf)],
}
WRONG = {
    "": "no rate",
    "fast": "no rate",
    "-5": "no rate",
    "1e9": "no rate",
    "0": "above 0",
    "0..0/5s": "above 0",
    "50..": "no rate",
    "50..500/": "no duration",
    "50..500/soon": "no duration",
    "50/0s": "no time",
    "50,100": "how long",
    "9999999": "a million",
    "1.2.3": "no rate",
}
RATES = st.floats(0.5, 2000)


@pytest.mark.parametrize("text", FORMS)
def test_the_forms(text: str) -> None:
    assert [(p.first, p.last, p.length) for p in parse(text).parts] == FORMS[text]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_rate_is_said(text: str) -> None:
    with pytest.raises(UserError, match=WRONG[text]):
        parse(text)


def test_even_arrivals() -> None:
    assert list(Profile.flat(4).over(1).arrivals()) == [0, 0.25, 0.5, 0.75]


def test_a_ramp_is_as_its_integral() -> None:
    """0..100 in 10 s: after t seconds 5 t² have come."""
    times = list(parse("0..100/10s").arrivals())
    assert len(times) == 500
    assert all(5 * t * t == pytest.approx(n, abs=1e-6) for n, t in enumerate(times))


@given(st.lists(st.tuples(RATES, RATES, st.floats(0.1, 3)), min_size=1, max_size=4), st.booleans())
def test_arrivals_rise_and_are_as_many_as_the_rate_says(
    parts: list[tuple[float, float, float]], poisson: bool
) -> None:
    profile = Profile(tuple(Part(*part) for part in parts))
    rng = random.Random(7)
    times = list(profile.arrivals(rng.random if poisson else None))
    assert all(a <= b for a, b in pairwise(times))
    assert not times or 0 <= times[0] <= times[-1] <= profile.length * (1 + 1e-9)
    count = sum(part.count for part in profile.parts)
    room = 6 * count**0.5 + 2 if poisson else 2
    assert abs(len(times) - count) <= room


def test_poisson_arrivals_are_independent_and_their_seed_repeats_them() -> None:
    """Gaps are exponential: their mean, and the share of those above it, e^-1."""
    profile = Profile.flat(1000).over(50)
    times = list(profile.arrivals(random.Random(3).random))
    gaps = [b - a for a, b in pairwise(times)]
    assert sum(gaps) / len(gaps) == pytest.approx(0.001, rel=0.03)
    assert sum(gap > 0.001 for gap in gaps) / len(gaps) == pytest.approx(exp(-1), rel=0.03)
    assert times == list(profile.arrivals(random.Random(3).random))
    assert times != list(profile.arrivals(random.Random(4).random))


OVER = [
    ("200", 10, [(200, 200, 10)]),
    ("50..500", 10, [(50, 500, 10)]),
    ("50..500/60s", 30, [(50, 275, 30)]),
    ("50..500/60s", 70, [(50, 500, 60), (500, 500, 10)]),
    ("10/5s,20", 15, [(10, 10, 5), (20, 20, 10)]),
]


@pytest.mark.parametrize(("text", "length", "parts"), OVER)
def test_a_profile_over_a_time(text: str, length: float, parts: list[object]) -> None:
    found = parse(text).over(length)
    assert [(p.first, p.last, p.length) for p in found.parts] == parts
    assert found.length == length


def test_figures() -> None:
    profile = parse("0..100/10s,100/10s")
    assert (profile.mean, profile.most, profile.first) == (75, 100, 100)
    assert [profile.rate_at(t) for t in (0, 5, 12, 99)] == [0, 50, 100, 100]
