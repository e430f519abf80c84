"""The reader of an app's stream: seconds, bounds, and that it sleeps when nothing happens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from localku.logs.entry import Entry
from localku.metrics import metrics
from localku.metrics.metrics import Metrics, Watcher
from localku.router import record

T = 1_000_000.0


def request(service: int = 3, status: int = 200) -> bytes:
    asked = (b"GET", b"/", b"shop.localhost", b"id-1234567890123456789", b"127.0.0.1")
    return record.served(*asked, b"web.1", 0, service, status, 12, b"protocol=http")


def router(t: float, *lines: bytes) -> Entry:
    return Entry(t, "heroku", "router", b"".join(lines))


def app(t: float, *lines: str) -> Entry:
    return Entry(t, "app", "web.1", "".join(f"{line}\n" for line in lines).encode())


def served(reader: Metrics) -> dict[int, int]:
    return {piece.t: piece.dyno("web.1").requests for piece in reader.series.since(0)}


def test_lines_belong_to_the_second_in_which_they_came() -> None:
    reader = Metrics(lambda: T)
    for t, count in ((0.1, 3), (0.9, 2), (1.0, 1), (5.5, 4), (7, 1)):
        reader.offer(router(T + t, *[request()] * count))
    assert served(reader) == {T: 5, T + 1: 1, T + 5: 4}


def test_a_flood_of_router_lines_waits_in_bounded_room() -> None:
    reader = Metrics(lambda: T)
    line = request()
    for _ in range(200):
        reader.offer(router(T, *[line] * 100))
        assert len(reader._held) <= metrics.HELD
    reader.offer(router(T + 1, line))
    assert served(reader) == {T: 20_000}
    assert reader.totals.lines["heroku"] == 20_000
    for number in range(4 * metrics.TAILS):
        reader.offer(router(T + 1, *[request(number)] * 30))
        assert len(reader._tails) <= metrics.TAILS + 30 * metrics.HELD


def test_a_flood_of_values_is_read_up_to_a_bound() -> None:
    reader = Metrics(lambda: T)
    for _ in range(8):
        reader.offer(app(T, *["count#x=1"] * 1000))
    reader.offer(app(T + 1, "count#x=1"))
    (second,) = reader.series.since(0)
    assert second.custom["x"].total == metrics.READ_LINES
    assert reader.unread == 8000 - metrics.READ_LINES
    assert reader.totals.custom["x"].total == metrics.READ_LINES + 1


def test_a_flood_is_not_searched_for_words_that_it_does_not_have() -> None:
    reader = Metrics(lambda: T)
    flood = app(T, *["key=value and no more"] * 3000)
    for _ in range(metrics.SEARCHED // len(flood.data) + 1):
        reader.offer(flood)
    reader.offer(app(T, "fn=f at=finish elapsed=1"))
    reader.offer(app(T, "measure#x=1"))
    assert list(reader.totals.custom) == ["x"]
    reader.offer(app(T + 1, "fn=f at=finish elapsed=1"))
    assert list(reader.totals.custom) == ["x", "f"]
    for _ in range(metrics.SEARCHED // len(flood.data) + 1):
        reader.offer(app(T + 1, *["fn=f at=finish elapsed=1"] * 10, *["key=value"] * 3000))
    assert reader.totals.custom["f"].count == 1 + 10 * (metrics.SEARCHED // len(flood.data) + 1)


def test_lines_are_counted() -> None:
    assert metrics.lines_in(b"one\ntwo\n") == 2
    assert metrics.lines_in(b"a prompt> ") == 0
    many = b"".join(b"line %06d\n" % n for n in range(10_000))
    assert metrics.lines_in(many) == pytest.approx(10_000, rel=0.01)


def test_what_an_app_says_makes_no_mark() -> None:
    reader = Metrics(lambda: T)
    reader.offer(app(T, "Release v7 created by user x", "Error R14 (Memory quota exceeded)"))
    reader.offer(Entry(T, "app", "api", b"Release v7 created by user x\n"))
    reader.offer(Entry(T, "heroku", "web.1", b"Starting process with command `x`\n" * 3))
    assert [mark.text for mark in reader.marks] == ["Release v7 created by user x"]
    assert reader.totals.starts == {"web.1": 3}
    assert reader.totals.lines == {"app": 3, "heroku": 3}


async def until(condition: Any) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not within 5 s")


def test_a_timer_runs_only_while_there_is_something_to_do() -> None:
    async def main() -> None:
        now = [T]
        reader = Metrics(lambda: now[0])
        reader.offer(app(T, "nothing to measure"))
        assert reader._timer is None
        now[0] = T + 0.99
        reader.offer(router(now[0], request()))
        assert reader._timer is not None
        now[0] = T + 1
        await until(lambda: reader._timer is None)
        assert served(reader) == {T: 1}

    asyncio.run(main())


def test_who_looks_on_hears_of_empty_seconds_and_of_those_that_were_missed() -> None:
    async def main() -> None:
        now = [T]
        reader = Metrics(lambda: now[0])
        told: list[tuple[str, Any]] = []
        watcher = Watcher(lambda event, value: told.append((event, value["t"])))
        reader.watch(watcher)
        reader.offer(router(T, request()))
        now[0] = T + 4.5  # the loop was stopped for a while
        await until(lambda: told)
        assert told == [("point", T + second) for second in range(4)]
        reader.unwatch(watcher)
        now[0] = T + 6
        await until(lambda: reader._timer is None)
        assert len(told) == 4

    asyncio.run(main())


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    async def main() -> None:
        now = [T]
        reader = Metrics(lambda: now[0])
        told: list[Any] = []
        reader.watch(Watcher(lambda event, value: told.append(value["t"])))
        now[0] = T - 3600
        await until(lambda: reader._second.t == T - 3600)
        now[0] = T - 3599
        await until(lambda: len(told) == 2)
        reader.close()
        alone = Metrics(lambda: now[0])
        alone.offer(router(now[0], request()))
        now[0] -= 3600
        await until(lambda: alone._timer is None)

    asyncio.run(main())


def test_what_is_said_before_there_is_a_loop_is_not_lost() -> None:
    reader = Metrics(lambda: T)
    reader.offer(Entry(T, "heroku", "web.1", b"Error R10 (Boot timeout) -> x\n"))
    reader.offer(router(T + 1, request()))
    (second,) = reader.series.since(0)
    assert second.codes == {"R10": 1}
