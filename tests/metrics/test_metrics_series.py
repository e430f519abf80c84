"""Slices and series: sums, what is kept, and that there is a bound whatever an app does."""

from __future__ import annotations

from localku.metrics import shapes
from localku.metrics.l2met import Reading
from localku.metrics.routerlines import Served
from localku.metrics.series import Series
from localku.metrics.slices import CUSTOM_MAX, Slice
from localku.metrics.totals import CUSTOM_MAX as TOTAL_MAX
from localku.metrics.totals import Totals

NO_REQUESTS = {"1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0}


def keyed(*fields: object) -> tuple[str, Reading]:
    reading = Reading(*fields)  # type: ignore[arg-type]
    return reading.key, reading


def second(t: int, *services: int, dyno: str = "web.1") -> Slice:
    piece = Slice(t)
    for service in services:
        piece.serve(Served(dyno, 0, service, 200), 1)
    return piece


def test_a_point_has_the_shape_of_the_feed() -> None:
    piece = second(100, 5, 10, 20)
    piece.serve(Served("web.2", 1, 30_000, 503, "H12", "error"), 1)
    piece.serve(Served("", None, None, 503, "H14", "error"), 2)
    piece.code("R14")
    for kind, name, value, unit in (
        ("measure", "db.query", 12.5, "ms"),
        ("count", "signup", 2, ""),
        ("sample", "queue.depth", 42, "jobs"),
    ):
        assert piece.measure(*keyed(kind, name, value, unit, "w" if kind == "count" else ""))
    dyno = piece.dyno("web.1")
    dyno.memory, dyno.quota, dyno.load = 50 << 20, 0, 0.256
    spread = {"count": 3, "p50": 10, "p95": 20, "p99": 20, "max": 20}
    none = {"count": 3, "p50": 0, "p95": 0, "p99": 0, "max": 0}
    shown = shapes.point(piece)
    assert shown["t"] == 100
    assert shown["requests"] == {"1xx": 0, "2xx": 3, "3xx": 0, "4xx": 0, "5xx": 3}
    assert shown["codes"] == {"H12": 1, "H14": 2, "R14": 1}
    assert shown["service"] == {"count": 4, "p50": 20, "p95": 29952, "p99": 29952, "max": 30000}
    assert shown["dynos"]["web.1"] == {  # type: ignore[index]
        "requests": 3,
        "errors": 0,
        "service": spread,
        "connect": none,
        "memory": 50 << 20,
        "quota": None,
        "load": 0.26,
    }
    assert shown["dynos"]["web.2"]["errors"] == 1  # type: ignore[index]
    assert shown["custom"] == {
        "db.query": {
            "type": "measure",
            "unit": "ms",
            "count": 1,
            "sum": 12.5,
            **dict.fromkeys(("min", "p50", "p95", "p99", "max"), 12.5),
        },
        "signup{w}": {"type": "count", "sum": 2},
        "queue.depth": {"type": "sample", "unit": "jobs", "last": 42},
    }


def test_a_websocket_is_no_response_time() -> None:
    piece = Slice(0)
    piece.serve(Served("web.1", 0, 3_600_000, 101), 1)
    assert piece.requests == {"1xx": 1}
    assert piece.dyno("web.1").service.count == 0


def test_what_is_kept_is_what_was() -> None:
    piece = second(100, 1, 2, 3_000)
    piece.measure(*keyed("measure", "x", 0.5, "ms"))
    piece.code("H12")
    piece.dyno("web.3").memory = 5
    assert shapes.point(Slice.unpack(piece.pack())) == shapes.point(piece)


def test_percentiles_of_ten_seconds_are_not_averages() -> None:
    series = Series()
    for t in range(100, 110):
        series.add(second(t, *([1] * 99 if t < 109 else [1000] * 9)))
    (whole,) = series.since(0, 10)
    spread = {"count": 900, "p50": 1, "p95": 1, "p99": 1000, "max": 1000}
    assert shapes.point(whole)["service"] == spread


def test_seconds_that_lie_on_no_multiple_become_one() -> None:
    series = Series()
    for t in range(100, 130):
        series.add(second(t, *([1] * 199), t))
    merged = series.merged(117)
    assert merged is not None
    point = shapes.point(merged)
    assert (point["t"], point["requests"]) == (117, {**NO_REQUESTS, "2xx": 2600})
    assert point["service"] == {"count": 2600, "p50": 1, "p95": 1, "p99": 1, "max": 129}
    assert series.merged(130) is None


def test_any_resolution() -> None:
    series = Series()
    for t in range(300):
        series.add(second(t, 1))
    for resolution in (1, 7, 10, 30, 60, 120):
        pieces = list(series.since(0, resolution))
        assert [piece.t for piece in pieces] == list(range(0, 300, resolution))
        assert sum(piece.dyno("web.1").requests for piece in pieces) == 300
    assert [piece.t for piece in series.since(250)] == list(range(250, 300))
    assert [piece.t for piece in series.since(255, 30)] == [270]


def test_seconds_become_coarser_with_age() -> None:
    series = Series()
    day = 86_400
    for t in (0, day, 3 * day, 9 * day, 9 * day + 7000, 9 * day + 7001, 9 * day + 7300):
        series.add(second(t, 1))
    assert [piece.t - 9 * day for piece in series.since(0)] == [7000, 7001, 7300]
    assert [piece.t - 9 * day for piece in series.since(0, 10)] == [0, 7000, 7300]
    assert [piece.t // day for piece in series.since(0, 60)] == [3, 9, 9, 9]


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    series = Series()
    for t in (100, 101, 50, 102):
        series.add(second(t, 1))
    assert [(p.t, p.dyno("web.1").requests) for p in series.since(0)] == [
        *((100, 1), (101, 2), (102, 1))
    ]


def test_a_hostile_app_cannot_grow_a_slice() -> None:
    piece = Slice(0)
    taken = [piece.measure(*keyed("count", f"n{i}", 1)) for i in range(CUSTOM_MAX + 50)]
    assert taken.count(True) == len(piece.custom) == CUSTOM_MAX
    other = Slice(0)
    for i in range(CUSTOM_MAX):
        other.measure(*keyed("count", f"other{i}", 1))
    piece.merge(other)
    assert len(piece.custom) == CUSTOM_MAX


def test_a_hostile_app_cannot_grow_the_totals() -> None:
    totals = Totals()
    for i in range(TOTAL_MAX + 50):
        totals.accepts(*keyed("count", "n", 1, "", f"source{i}"))
    assert (len(totals.custom), totals.refused) == (TOTAL_MAX, 50)
    assert not totals.accepts(*keyed("sample", "n", 1, "", "source0"))  # another kind
    for i in range(3000):
        totals.started(f"run.{i}")
    assert len(totals.starts) == 1000


def test_a_series_has_a_bound_in_bytes() -> None:
    series = Series(max_bytes=50_000)
    for t in range(2000):
        piece = second(t, *range(t % 7, 400, 7))
        for i in range(20):
            piece.measure(*keyed("measure", f"n{i}", t * 1.37 * (i + 1) % 977))
        series.add(piece)
    assert series.size <= 3 * 50_000
    assert list(series.since(0))[-1].t == 1999
