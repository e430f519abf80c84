"""What `localku top` knows, out of the events of the feed."""

from __future__ import annotations

from typing import Any

import pytest
from top_kit import DYNOS, HELLO, NOW, busy, point, shop

from localku.top.state import KEPT_MARKS, State
from localku.top.window import MINUTE, Window

ERROR = {"kind": "error", "code": "H12", "dyno": "web.1", "text": "H12 Request timeout"}


def test_rates_are_means_of_the_last_seconds() -> None:
    state = shop(*(busy(t) for t in range(NOW - 5, NOW)))
    assert state.window.rate() == 10.0  # 20 in each of five of ten seconds
    assert state.window.classes() == {"2xx": 9.0, "3xx": 0.0, "4xx": 0.0, "5xx": 1.0}
    assert state.window.dyno_rate("web.2") == 10.0
    assert state.window.dyno_rate("web.10") == 0.0


def test_a_class_that_is_rare_is_shown_when_it_comes() -> None:
    state = shop(point(NOW - 1, requests={"1xx": 10, "2xx": 0}))
    assert state.window.classes() == {"1xx": 1.0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0}


def test_codes_and_errors_are_those_of_the_last_minute() -> None:
    state = shop(busy(NOW - 61), busy(NOW - 60), busy(NOW - 1), point(NOW - 2, codes={"R14": 9}))
    assert state.window.codes() == {"R14": 9, "H12": 4}
    assert state.window.dyno_errors("web.2") == 4
    state.take("point", point(NOW))
    assert state.window.codes() == {"R14": 9, "H12": 2}


def test_a_series_has_each_second_of_the_minute() -> None:
    state = shop(busy(NOW - 60, 7, 0), busy(NOW - 1, 20))
    assert state.window.series() == [7, *[0] * 58, 20]
    assert state.window.dyno_series("web.2") == [7, *[0] * 58, 20]
    assert state.window.highest() == 20


def test_the_window_forgets_and_takes_a_second_once() -> None:
    window = Window()
    for t in range(1000, 1200):
        window.add(busy(t))
        window.add(busy(t))
    assert len(list(window.last(MINUTE * 2))) == MINUTE
    assert window.rate() == 20.0


SILENT: list[tuple[dict[str, Any], bool]] = [
    (point(NOW - 1), True),
    (busy(NOW - 1), False),
    (point(NOW - 1, custom={"jobs": {"type": "count", "sum": 0}}), False),
    (busy(NOW - 11), True),
    (point(NOW - 1, dynos={"web.1": {"memory": 5}}), True),
]


@pytest.mark.parametrize(("last", "silent"), SILENT)
def test_silence(last: dict[str, Any], silent: bool) -> None:
    assert shop(last).window.is_silent() == silent


def test_dynos_stand_in_the_order_of_the_formation() -> None:
    state = shop()
    assert [dyno.name for dyno in state.dynos] == ["web.2", "web.10", "worker.1"]
    run = {"name": "run.1234", "state": "up", "since": NOW}
    state.take("dynos", {"dynos": [run, *DYNOS]})
    assert [dyno.name for dyno in state.dynos] == ["web.2", "web.10", "worker.1", "run.1234"]
    assert state.dynos[-1].type == "run"


def test_errors_of_one_kind_are_one_mark_with_a_count() -> None:
    state = shop()
    for t in (1.0, 30.0, 80.0):
        state.take("mark", {**ERROR, "t": t})
    state.take("mark", {**ERROR, "t": 81.0, "dyno": "web.2"})
    state.take("mark", {**ERROR, "t": 500.0})
    found = [(mark.t, mark.dyno, mark.times) for mark in state.marks]
    assert found == [(80.0, "web.1", 3), (81.0, "web.2", 1), (500.0, "web.1", 1)]


def test_events_are_not_counted_together() -> None:
    state = shop()
    for _ in range(2):
        state.take("mark", {"t": 1.0, "kind": "scale", "code": "", "dyno": "", "text": "Scaled"})
    assert [mark.times for mark in state.marks] == [1, 1]


def test_marks_have_a_bound() -> None:
    state = shop()
    for t in range(KEPT_MARKS + 50):
        state.take("mark", {"t": float(t), "kind": "crash", "text": "crashed"})
    assert len(state.marks) == KEPT_MARKS
    assert state.marks[-1].t == KEPT_MARKS + 49


def test_the_past_adds_what_was_not_known() -> None:
    state = State()
    past = {"now": NOW, "points": [busy(NOW - 3)], "marks": [{**ERROR, "t": NOW - 3.0}]}
    state.past(past)
    state.past(past)
    assert state.window.codes() == {"H12": 2}
    assert len(state.marks) == 1
    assert state.now == NOW


def test_a_platform_that_has_gone_and_come_back() -> None:
    state = shop(busy(NOW - 1))
    state.lose("The platform has ended.")
    state.lose("no app of this folder is running")
    assert state.lost == "no app of this folder is running. Waiting for it to come back..."
    assert state.dynos == []
    assert [mark.text for mark in state.marks] == ["The platform has ended."]
    state.events({"marks": [{**ERROR, "t": NOW + 9.0}]})  # all that the new one knows
    state.take("hello", {**HELLO, "now": NOW + 10})
    assert state.lost == ""
    assert [mark.kind for mark in state.marks] == ["crash", "error"]


def test_the_numbers_of_the_app() -> None:
    state = shop()
    for t, queue in ((NOW - 70, 9), (NOW - 3, 42), (NOW - 1, 17)):
        custom = {
            "db.query": {"type": "measure", "unit": "ms", "count": 5, "p50": 1.0},
            "signup": {"type": "count", "sum": 2},
            "queue": {"type": "sample", "last": queue},
        }
        state.take("point", point(t, custom=custom))
    query, queue, signup = state.customs.sorted()
    assert (query.name, query.total(NOW), query.unit) == ("db.query", 10, "ms")
    assert (queue.name, queue.last, queue.series(NOW)[-4:]) == ("queue", 17, [0, 42, 0, 17])
    assert (signup.name, signup.total(NOW)) == ("signup", 4)


def test_ever_new_names_do_not_fill_us() -> None:
    state = State()
    for t in range(1000):
        state.take("point", point(t, custom={f"n{t}": {"type": "count", "sum": 1}}))
    kept = [each.name for each in state.customs.sorted()]
    assert len(kept) == 200
    assert "n999" in kept


def test_unknown_events_and_missing_keys_change_nothing() -> None:
    state = State()
    for name in ("hello", "dynos", "point", "mark", "lines", "news"):
        state.take(name, {})
    assert state.app == ""
    assert state.quantity("web") is None
    assert state.service("web.1") == {}
