"""Who was the limit, and what went wrong, in sentences; and the table for a terminal."""

from __future__ import annotations

import pytest

from localku.load import table, verdict
from localku.load.plan import Progress
from localku.load.result import CLOSED, GeneratorUse, Instant, Percentiles, Result, Step

BOTTLENECKS = [
    ((0.1, 0.3, 5.0, 0.5), ""),
    ((0.9, 0.3, 50.0, 0.5), "the generator used 90% of a core"),
    ((0.1, 0.9, 2.0, 0.5), ""),  # late, but by less than a millisecond
    ((0.1, 4.0, 100.0, 0.5), ""),  # late, but a trifle beside what was measured
    ((0.1, 40.0, 100.0, 0.5), "it was held up"),
    ((0.1, 40.0, 100.0, 0.99), "the cores of this machine were all busy"),
]
UNMET = [
    ((1000, 10, 495, 500), False),
    ((1000, 400, 100, 500), True),
    ((1000, 100, 499, 500), False),  # slow answers at the begin, but they come
    ((1000, 20, 100, 500), False),  # few are outstanding
]


@pytest.mark.parametrize(("figures", "said"), BOTTLENECKS)
def test_the_generator_as_the_limit(figures: tuple[float, ...], said: str) -> None:
    found = verdict.bottleneck(*figures)
    assert found.startswith("the generator") and said in found if said else found == ""


@pytest.mark.parametrize(("figures", "is_unmet"), UNMET)
def test_a_rate_that_is_not_met(figures: tuple[int, ...], is_unmet: bool) -> None:
    assert verdict.unmet(*figures) is is_unmet


def seconds(*pairs: tuple[int, int]) -> list[Instant]:
    return [Instant(t, requests, errors) for t, (requests, errors) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("timeline", "second"),
    [
        ([], -1),
        (seconds((9, 0), (9, 1), (9, 0)), -1),
        (seconds((9, 0), (9, 9), (9, 9)), 1),
        (seconds((9, 0), (9, 9), (0, 0), (9, 9)), 1),
        (seconds((9, 0), (9, 0), (9, 9)), -1),  # one second may be a restart
        (seconds((9, 0), (9, 9), (9, 9), (9, 0)), -1),
        (seconds((9, 9), (9, 9)), -1),  # it never lived: that is said otherwise
    ],
)
def test_when_it_died(timeline: list[Instant], second: int) -> None:
    assert verdict.died_at(timeline) == second


def test_troubles_name_their_commonest_reason() -> None:
    step = Step(requests=10, status={"503": 10}, codes={"H10": 10, "R10": 99})
    assert verdict.troubles(step, {}, False) == ["not one of 10 requests went well (H10: 10)"]
    step = Step(requests=10, errors={"connect": 10}, offered=5.0)
    found = verdict.troubles(step, {"Connection refused": 10}, True)
    assert found == ["not one of 10 requests was answered (Connection refused: 10)"]
    step = Step(requests=10, status={"200": 10}, offered=5.0, achieved=2.0)
    assert verdict.troubles(step, {}, True) == [
        "the rate was not met: 2.0 of 5.0 requests/s were answered"
    ]


# -- the table ---------------------------------------------------------------------------------


def step() -> Step:
    spread = Percentiles(10, 12.345, 1.0, 9.876, 20.0, 30.0, 400.0, 5000.0, 5001.0)
    it = Step({"web": 2}, offered=200.0, achieved=199.5, duration=10.0, requests=2000, late=3)
    it.latency = it.sent_latency = it.service = it.connect = spread
    it.status, it.errors, it.codes = {"200": 1990, "503": 5}, {"timeout": 5}, {"H12": 5}
    it.share = {"web.1": 999, "web.2": 996}
    it.generator = GeneratorUse(0.021, 0.31, "the generator was late")
    it.troubles, it.notes = ["it died"], ["by the way"]
    it.failed_thresholds = ["p95>3ms: it was 30 ms"]
    return it


def test_the_table_has_it_all() -> None:
    text = "\n".join(table.lines(Result("shop", "http://x/"), step()))
    for said in (
        "=== ⬢ shop, http://x/: open loop, poisson arrivals, seed 0",
        "web=2, 2,000 requests in 10 s, 10 errors (0.5 %)",
        "offered 200.0 requests/s, achieved 199.5",
        "3 waited for a free connection",
        "from when it was due     12.3    9.88    20.0    30.0     400   5,000   5,001",
        "router: service ",
        "status      200: 1,990  503: 5",
        "no answer   timeout: 5",
        "codes       H12: 5",
        "share       web.1 999 (50.1%)  web.2 996 (49.9%)",
        "generator   2.1 % of a core, late by 0.31 ms (p99)",
        "note: by the way",
        " !  the generator was late",
        " !  it died",
        " !  failed: p95>3ms: it was 30 ms",
    ):
        assert said in text


def test_the_closed_loop_is_named_so() -> None:
    it = step()
    it.offered = None
    text = "\n".join(table.lines(Result("", "http://x/", mode=CLOSED), it))
    assert "=== http://x/: closed loop" in text
    assert "closed loop: each connection waits for its answer" in text
    assert "from when it was due" not in text and "offered" not in text


def test_progress_fits() -> None:
    it = Progress("measured", 3.0, 30.0, 200.0, 198, 2, 600, 4, 7, 12, 12.0, 80.0, 0.02)
    whole = table.progress(it, 200)
    assert whole == (
        "measured 3/30 s · 200 req/s offered · 198 answered · p50 12.0 p99 80.0 ms · 2 errors"
        " · 4 in flight, 7 wait · generator 2%"
    )
    assert all(len(table.progress(it, width)) <= width for width in (1, 10, 40, 80))
