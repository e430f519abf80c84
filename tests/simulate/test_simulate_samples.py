"""Service times out of router lines, numbers and load reports."""

from __future__ import annotations

import random
from datetime import datetime, timezone

import pytest

from localku.simulate.samples import (
    Seen,
    from_seen,
    met_another,
    read_load,
    read_text,
    without_queueing,
)

LINE = (
    '{stamp} heroku[router]: at=info method=GET path="/a b" host=localhost:5006 request_id=85ac'
    ' fwd="127.0.0.1" dyno={dyno} connect=0ms service={service}ms status={status} bytes=33'
    " protocol=http"
)
H12 = (
    "2026-11-24T17:35:05.669498+00:00 heroku[router]: at=error code=H12"
    ' desc="Request timeout" method=GET path="/" host=x request_id=1 fwd="1" dyno=web.1'
    " connect=0ms service=30000ms status=503 bytes=0 protocol=http"
)


def line(seen: Seen, status: int = 200) -> str:
    stamp = datetime.fromtimestamp(seen.ended, timezone.utc).isoformat(timespec="microseconds")
    return LINE.format(stamp=stamp, dyno=seen.dyno, service=round(seen.service), status=status)


def test_router_lines_among_others() -> None:
    seen = [Seen("web.1", 1000.25, 31.0), Seen("web.2", 1001.5, 7.0)]
    lines = [line(each) for each in seen]
    lines += [H12, line(seen[0], 101), "2026-11-24T17:35:05.6+00:00 app[web.1]: service=9ms", "42"]
    sample = read_text("\n".join(lines))
    assert sample.times == (31.0, 7.0)
    assert sample.left_out == 2  # the H12 is no service time, and a WebSocket's is none either
    assert sample.source == "2 router lines"


def test_a_number_on_each_line() -> None:
    assert read_text("30\n 41.5ms \n\nnoise\n7\n").times == (30.0, 41.5, 7.0)
    for text in ("", "noise\n", "-3\n"):
        with pytest.raises(ValueError, match="no router lines"):
            read_text(text)


def queued(load: float, dynos: int, count: int) -> tuple[list[Seen], list[float]]:
    """What the router would write of dynos that do one at a time, and what each really took."""
    rng = random.Random(8)
    free, now, seen, true = [0.0] * dynos, 1e9, [], []
    for _ in range(count):
        now += rng.expovariate(load * dynos / 0.030)
        took = rng.expovariate(1 / 0.030)
        dyno = rng.randrange(dynos)
        free[dyno] = max(now, free[dyno]) + took
        seen.append(Seen(f"web.{dyno + 1}", free[dyno], 1000 * (free[dyno] - now)))
        true.append(1000 * took)
    return seen, true


def test_waiting_in_the_dyno_is_seen_and_taken_out() -> None:
    seen, true = queued(0.7, 2, 2000)
    shuffled = random.Random(1).sample(seen, len(seen))
    assert sum(each.service for each in seen) > 2 * sum(true)
    assert sorted(without_queueing(shuffled, 1)) == pytest.approx(sorted(true), abs=1e-3)
    assert met_another(seen) == pytest.approx(0.7, abs=0.05)
    assert any("contain waiting" in each for each in from_seen(seen).remarks(1))
    taken_out = from_seen(seen, unqueue=True)
    assert sum(taken_out.times) == pytest.approx(sum(true))
    assert any("taken out" in each for each in taken_out.remarks(1))


def test_whole_milliseconds_and_any_order_do_not_matter() -> None:
    seen, true = queued(0.6, 2, 2000)
    text = "\n".join(line(each) for each in seen)
    times = read_text(text, unqueue=True).times
    assert sum(times) / len(times) == pytest.approx(sum(true) / len(true), rel=0.03)


def test_few_calm_and_short_ones() -> None:
    calm = [Seen("web.1", 1000.0 + i, 20.0) for i in range(300)]
    assert from_seen(calm).remarks(1) == []
    assert "only 5 service times" in from_seen(calm[:5]).remarks(1)[0]
    short = [Seen("web.1", 1000.0 + i, 2.0) for i in range(300)]
    assert "whole ones" in from_seen(short).remarks(1)[0]


def step(mean: float, histogram: list[tuple[float, int]]) -> dict[str, object]:
    latency = sum(bound * times for bound, times in histogram) / sum(n for _, n in histogram)
    return {"histogram": histogram, "latency": {"mean": latency}, "service": {"mean": mean}}


def test_a_load_report_gives_the_calmest_steps_times() -> None:
    busy = step(90.0, [(100.0, 50), (200.0, 50)])
    calm = step(27.0, [(20.0, 50), (40.0, 50)])
    sample = read_load({"format": "localku-load/1", "steps": [busy, calm]})
    assert sample.times == (*[18.0] * 50, *[36.0] * 50)
    assert sample.met is None
    big = step(0.0, [(20.0, 600_000), (40.0, 200_000)])
    times = read_load({"format": "localku-load/1", "steps": [big]}).times
    assert len(times) <= 21_000 and times.count(40.0) / len(times) == pytest.approx(0.25, abs=0.01)


def test_no_load_report() -> None:
    for report in ({}, {"format": "other"}, {"format": "localku-load/1", "steps": []}):
        with pytest.raises(ValueError):
            read_load(report)
