"""Thresholds: their text, and when they hold."""

from __future__ import annotations

import pytest

from localku.errors import UserError
from localku.load.percentiles import bars, of_microseconds
from localku.load.result import Step
from localku.load.thresholds import parse
from localku.metrics.histogram import Histogram


def step() -> Step:
    """1,000 answers of 1 to 1,000 ms, of which ten are 503 and twenty 404; ten more timed out."""
    values = Histogram()
    values.record_whole(range(1000, 1_001_000, 1000))
    return Step(
        achieved=99.5,
        requests=1010,
        late=5,
        status={"200": 970, "404": 20, "503": 10},
        errors={"timeout": 10},
        codes={"H12": 10},
        latency=of_microseconds(values),
        histogram=bars(values),
    )


FAILS = """
p50>499ms p95>900ms p95>0.9s p99.9>=990 p99.99>990ms p75>740ms max>999ms max>=1s min<2ms mean>500ms
errors>1% errors>=20 errors>19 rate<100 rate<=99.5 rate<99.6/s h12>0 H12>=10 h12>0.9%
4xx>1.9% 5xx>9 timeout>0 timeout>0.9% late>4 p95>900000us
"""
HOLDS = """
p50>505ms p95>955ms p99.9>1s p75>755ms max>1000ms min<1ms errors>2% errors>20 rate<99.5 h13>0 h12>10
4xx>2% 5xx>10 timeout>10 connect>0 reset>0 unsent>0 late>5 r14>0 3xx>0
"""
WRONG = {
    "p95": "no threshold",
    "p95=3": "no threshold",
    ">3": "no threshold",
    "p95>": "no threshold",
    "p95>3 parsecs": "no unit of time",
    "p95>1%": "no unit of time",
    "latency>3ms": "no figure latency",
    "p100>3": "no figure p100",
    "errors>3ms": "no unit here",
    "rate<5%": "no unit of a rate",
    "p95>1.2.3": "no number",
    "h1>0": "no figure h1",
}


@pytest.mark.parametrize("text", FAILS.split())
def test_it_fails(text: str) -> None:
    assert parse(text).failure(step()).startswith(f"{text}: it was ")


@pytest.mark.parametrize("text", HOLDS.split())
def test_it_holds(text: str) -> None:
    assert parse(text).failure(step()) == ""


@pytest.mark.parametrize("text", WRONG)
def test_what_is_none_is_said(text: str) -> None:
    with pytest.raises(UserError, match=WRONG[text]):
        parse(text)


def test_blanks_and_what_is_said() -> None:
    assert parse(" p95 > 300 ms ").failure(step()) == "p95 > 300 ms: it was 950 ms"
    assert parse("errors>1%").failure(step()) == "errors>1%: it was 1.98 %"
    assert parse("h12>0").failure(step()) == "h12>0: it was 10"
    assert parse("rate<190").failure(step()) == "rate<190: it was 99.5 requests/s"


def test_nothing_was_measured() -> None:
    assert parse("errors>0%").failure(Step()) == ""
    assert parse("p99.99>1ms").failure(Step()) == ""
