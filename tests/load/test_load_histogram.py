"""The histogram beside HdrHistogram's own, its percentile text, and the result as JSON."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localku.load.percentiles import bars, hdr_text, of_microseconds, of_steps
from localku.load.result import Instant, Percentiles, Result, Step
from localku.metrics.histogram import Histogram

hdrh = pytest.importorskip("hdrh.histogram")
SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)


def latencies(law: str, number: int = 20_000) -> list[int]:
    """µs, as a server that is well has them, or one that stalls."""
    rng = random.Random(law)
    draw = {
        "exponential": lambda: rng.expovariate(1 / 12_000),
        "lognormal": lambda: rng.lognormvariate(9, 1.5),
        "uniform": lambda: rng.uniform(50, 5000),
        "stalls": lambda: rng.gauss(10_000, 300) if rng.random() < 0.9 else rng.uniform(1e4, 1e6),
    }[law]
    return [max(int(draw()), 1) for _ in range(number)]


@pytest.mark.parametrize("law", ["exponential", "lognormal", "uniform", "stalls"])
def test_it_says_what_hdrhistogram_says(law: str) -> None:
    values, theirs = latencies(law), hdrh.HdrHistogram(1, 3_600_000_000, 3)
    ours = Histogram()
    ours.record_whole(values)
    for value in values:
        theirs.record_value(value)
    values.sort()
    for share in SHARES:
        rank = int(len(values) * share)  # theirs is one less for the same share
        exact = values[rank]
        found = ours.quantile(share)
        assert exact * (1 - 1 / 256) <= found <= exact
        assert found == pytest.approx(
            theirs.get_value_at_percentile((rank + 1) / len(values) * 100), rel=0.006
        )
    assert ours.total / ours.count == pytest.approx(sum(values) / len(values))
    assert (ours.least, ours.most) == (values[0], values[-1])


@given(st.lists(st.integers(0, 10**9), max_size=200))
def test_many_at_once_are_as_one_by_one(values: list[int]) -> None:
    one, many = Histogram(), Histogram()
    for value in values:
        one.record(value)
    many.record_whole(values)
    assert (one.pack()[0], one.pack()[2:]) == (many.pack()[0], many.pack()[2:])
    assert sum(times for _, times in many.bars()) == len(values)


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=100))
def test_bars_are_upper_bounds(values: list[int]) -> None:
    found = Histogram()
    found.record_whole(values)
    bounds = [upper for upper, times in bars(found) for _ in range(times)]
    for value, upper in zip(sorted(values), bounds, strict=True):
        assert value / 1000 < upper <= value / 1000 * (1 + 1 / 256) + 1e-6


def test_the_text_is_that_of_hdrhistogram() -> None:
    """Each line of theirs has a line of ours that says the same to a step."""
    values = latencies("stalls")
    ours = Histogram()
    ours.record_whole(values)
    lines = list(hdr_text(ours))
    rows = [line.split() for line in lines[2:-3]]
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    assert rows[-1][1:] == ["1.000000000000", "20000"]
    values.sort()
    for value, share, count, *_ in rows:
        assert float(share) == pytest.approx(int(count) / 20_000)
        assert float(value) * 1000 == pytest.approx(values[int(count) - 1], rel=0.005)
    assert [len(row) for row in rows[:-1]] == [4] * (len(rows) - 1)
    assert 30 < len(rows) < 150
    assert lines[-2].startswith("#[Max     =") and "Total count    =        20000]" in lines[-2]


def test_no_time_at_all() -> None:
    assert of_microseconds(Histogram()) == Percentiles()
    assert "Total count    =            0" in "\n".join(hdr_text(Histogram()))


def test_steps_together() -> None:
    one, two = Histogram(), Histogram()
    one.record_whole([1000] * 10)
    two.record_whole([5000] * 10)
    steps = [Step(histogram=bars(it), latency=of_microseconds(it)) for it in (one, two)]
    both = of_steps(steps)
    assert both.quantile(0.25) == pytest.approx(1000, rel=0.004)
    assert both.quantile(0.75) == pytest.approx(5000, rel=0.004)
    assert both.most == 5000


def test_a_result_comes_back_from_json() -> None:
    step = Step({"web": 4}, 2, 200.0, 199.5, 10.0, 2000, status={"200": 1990, "503": 10})
    step.errors = {"timeout": 5}
    step.latency = Percentiles(2000, 3.0, 1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0)
    step.timeline = [Instant(0, 200, 1, 2.0, 6.0)]
    step.histogram = [(1.004, 10), (2.0, 3)]
    result = Result("shop", "http://x/", steps=[step], more={"usl": {"alpha": 0.1}})
    plain = json.loads(json.dumps(result.to_json()))
    assert (plain["format"], plain["usl"]) == ("localku-load/1", {"alpha": 0.1})
    assert Result.from_json(plain) == result
    assert (step.failed, step.error_share) == (15, 0.0075)
    with pytest.raises(ValueError, match="no localku-load/1"):
        Result.from_json({"format": "localku-load/9"})
