"""The generator against real sockets: servers that are slow, freeze, die, lie or go away."""

from __future__ import annotations

import asyncio
import os
import time
import tracemalloc

import pytest
from conftest import LINUX
from load_kit import OK, Freezing, Server, Writer, against, measured, plan_for

from localku.errors import UserError
from localku.load.plan import Ask, Progress
from localku.load.rates import parse
from localku.load.result import CLOSED

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
# whole answers, in the pieces in which they come: all are one 200 or the status named
GOOD = {
    "a length": ([OK], 200),
    "in drips": ([OK[at : at + 1] for at in range(len(OK))], 200),
    "head and body apart": ([OK[:-2], OK[-2:]], 200),
    "chunks": ([CHUNKED + b"2\r\nok\r\n", b"3;x=y\r\nabc\r\n0\r\n\r\n"], 200),
    "trailers": ([CHUNKED + b"0\r\nX: y\r\n", b"\r\n"], 200),
    "interim answers": ([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", OK], 200),
    "100 and the end together": ([b"HTTP/1.1 100 Continue\r\n\r\n" + OK], 200),
    "204": ([b"HTTP/1.1 204 No Content\r\n\r\n"], 204),
    "304 with a length": ([b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"], 304),
    "strange case": ([b"HTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\n\r\nok"], 200),
    "an empty body": ([b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"], 404),
    "a large body": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000],
        200,
    ),
}
BAD = {
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "no status": b"HTTP/1.1 abc OK\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "more than the length": OK + b"more",
    "an answer and another": OK + OK,
    "no size": CHUNKED + b"zz\r\n",
    "a chunk too long": CHUNKED + b"1\r\nok\r\n",
    "more behind the chunks": CHUNKED + b"0\r\n\r\nmore",
    "an unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "a bare space": b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 300_000,
}


@pytest.mark.parametrize("pieces", GOOD.values(), ids=GOOD)
def test_answers_that_are_right(pieces: tuple[list[bytes], int]) -> None:
    async def answer(head: bytes, writer: Writer) -> None:
        for piece in pieces[0]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    step, server = against(answer, rate=40, duration=0.3)
    assert step.status == {str(pieces[1]): 12} and not step.errors
    assert server.connections < 12, "connections are used again"


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_answers_that_are_wrong(data: bytes) -> None:
    step, _ = against(data, rate=30, duration=0.2)
    assert sum(step.status.values()) + sum(step.errors.values()) == 6
    assert step.errors.get("protocol", 0) >= 5
    assert step.troubles


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["no length", "HTTP/1.0", "Connection: close"],
)
def test_answers_after_which_the_connection_ends(data: bytes) -> None:
    async def answer(head: bytes, writer: Writer) -> None:
        writer.write(data)
        writer.close()

    step, server = against(answer, rate=40, duration=0.3)
    assert step.status == {"200": 12}
    assert server.connections >= 12


def test_head_has_no_body() -> None:
    step, _ = against(OK[:-2], Ask(method="HEAD"), rate=40, duration=0.3)
    assert step.status == {"200": 12}


def test_closed_before_the_answer() -> None:
    async def answer(head: bytes, writer: Writer) -> None:
        writer.write(OK[:30])
        await writer.drain()
        writer.close()

    step, _ = against(answer, rate=40, duration=0.3)
    assert step.errors == {"reset": 12}
    assert step.troubles == [
        "not one of 12 requests was answered (the connection was closed before the answer: 12)"
    ]


@pytest.mark.parametrize(("method", "is_repeated"), [("GET", True), ("POST", False)])
def test_a_kept_connection_that_was_closed_meanwhile(method: str, is_repeated: bool) -> None:
    """A server may close what it kept when the next request is on its way (RFC 9112 section 9.3.1):
    once more, if that cannot do harm."""
    seen: dict[Writer, int] = {}

    async def answer(head: bytes, writer: Writer) -> None:
        seen[writer] = seen.get(writer, 0) + 1
        if seen[writer] == 1:
            writer.write(OK)
        else:
            writer.close()

    step, _ = against(answer, Ask(method=method), rate=50, duration=0.3)
    assert set(step.errors) == (set() if is_repeated else {"reset"})
    assert sum(step.status.values()) + sum(step.errors.values()) == 15


def test_a_kept_connection_that_is_closed_after_the_end() -> None:
    """The request is under way when the measured time ends: it is sent once more all the same."""
    seen: dict[Writer, int] = {}

    async def answer(head: bytes, writer: Writer) -> None:
        seen[writer] = seen.get(writer, 0) + 1
        if seen[writer] == 1:
            writer.write(OK)
        else:
            await asyncio.sleep(0.5)
            writer.close()

    step, _ = against(answer, rate=10, duration=0.3)
    assert (step.errors, step.status) == ({}, {"200": 3})


def test_a_timeout_counts_as_the_time_that_was_waited() -> None:
    async def answer(head: bytes, writer: Writer) -> None:
        await asyncio.sleep(60)

    step, _ = against(answer, rate=20, duration=0.2, timeout=0.3)
    assert step.errors == {"timeout": 4}
    assert 300 <= step.latency.min <= step.latency.max < 2000


def test_all_requests_take_their_turns_and_have_what_they_need() -> None:
    asks = (Ask("/a", weight=3), Ask("/b", "POST", (("X-A", "1"),), b"body"))
    step, server = against(OK, *asks, rate=100, duration=0.4)
    first = [head.split(b" ")[1] for head in server.heads]
    assert step.requests == 40
    assert (first.count(b"/a"), first.count(b"/b")) == (30, 10)
    assert set(server.bodies) == {b"", b"body"}
    assert all(b"\r\nHost: 127.0.0.1:" in head for head in server.heads)


def test_in_order() -> None:
    _, server = against(OK, Ask("/1"), Ask("/2"), Ask("/3"), rate=60, duration=0.1, in_order=True)
    assert [head.split(b" ")[1] for head in server.heads] == [b"/1", b"/2", b"/3"] * 2


def test_a_ramp() -> None:
    step, _ = against(OK, rate=parse("0..200/500ms"), duration=0.5)
    assert (step.requests, step.offered) == (50, 100)
    assert step.status == {"200": 50}


def test_the_warm_up_is_not_counted() -> None:
    step, server = against(OK, rate=50, duration=0.4, warmup=0.4)
    assert step.requests == sum(step.status.values()) == 20
    assert len(server.heads) == 40


# -- what waits --------------------------------------------------------------------------------


def test_what_finds_no_connection_waits_and_keeps_its_moment() -> None:
    """One connection, 50 ms each, 40 requests/s in half a second: half of them are served."""

    async def answer(head: bytes, writer: Writer) -> None:
        await asyncio.sleep(0.05)
        writer.write(OK)

    step, server = against(answer, rate=40, duration=1.0, max_connections=1)
    assert server.connections == 1
    assert step.requests == 40 == step.status["200"] + step.errors["unsent"]
    assert 12 <= step.status["200"] <= 20
    assert step.late > 20
    assert step.in_flight_max == 1
    assert step.latency.count == 40, "those that were never sent count as long as they waited"
    assert step.latency.p90 > 300
    assert step.sent_latency.p50 == pytest.approx(50, abs=30)
    assert any("waited for one of 1 connections" in note for note in step.notes)
    assert any("the rate was not met" in trouble for trouble in step.troubles)


def test_the_limit_of_requests_in_flight() -> None:
    async def answer(head: bytes, writer: Writer) -> None:
        await asyncio.sleep(0.05)
        writer.write(OK)

    step, server = against(answer, rate=200, duration=0.5, max_in_flight=3)
    assert step.in_flight_max == 3
    assert server.connections == 3


def test_the_pool_grows_as_it_has_to() -> None:
    async def answer(head: bytes, writer: Writer) -> None:
        await asyncio.sleep(0.1)
        writer.write(OK)

    step, server = against(answer, rate=100, duration=1.0)
    assert step.status == {"200": 100} and not step.late
    assert 8 <= server.connections <= 60


# -- closed loop -------------------------------------------------------------------------------


def test_the_closed_loop_waits_for_its_answers() -> None:
    async def answer(head: bytes, writer: Writer) -> None:
        await asyncio.sleep(0.02)
        writer.write(OK)

    step, server = against(answer, mode=CLOSED, connections=3, duration=0.6)
    assert server.connections == 3 == step.in_flight_max
    assert step.offered is None
    assert 30 <= step.requests == step.status["200"] <= 92
    assert step.latency.min >= 19


def test_a_frozen_server_is_seen_by_the_open_loop_and_hidden_by_the_closed_one() -> None:
    """10 ms of service, 0.8 s of standstill in three: see tests/bench/load_bench.py."""

    def run(**more: object) -> object:
        return against(Freezing(0.01, 0.7, 0.8), duration=3.0, **more)[0].latency.p90

    assert run(rate=50.0) > 300
    assert run(mode=CLOSED, connections=2) < 200


# -- what goes wrong ---------------------------------------------------------------------------


def test_nobody_listens() -> None:
    async def main() -> None:
        async with Server() as server:
            port = server.port
        await measured(plan_for(port))

    with pytest.raises(UserError, match=r"cannot reach http://127\.0\.0\.1:\d+/: nobody listens"):
        asyncio.run(main())


@pytest.mark.parametrize("more", [{}, {"mode": CLOSED, "connections": 2}], ids=["open", "closed"])
def test_a_server_that_dies(more: dict[str, object]) -> None:
    async def main() -> object:
        async with Server() as server:
            asyncio.get_running_loop().call_later(0.9, server.die)
            return await measured(plan_for(server.port, rate=40, duration=3.2, **more))

    step = asyncio.run(main())
    assert step.status["200"] > 5
    assert step.errors["connect"] > 10
    assert step.requests < 2_000_000, "the closed loop does not spin"
    assert any("from second 1 on nothing but errors" in each for each in step.troubles)


def test_it_can_be_ended_early() -> None:
    async def main() -> object:
        stop = asyncio.Event()
        async with Server() as server:
            going = asyncio.create_task(measured(plan_for(server.port, duration=60.0), stop=stop))
            while len(server.heads) < 5:
                await asyncio.sleep(0.02)
            stop.set()
            return await going

    started = time.monotonic()
    step = asyncio.run(main())
    assert time.monotonic() - started < 30
    assert step.interrupted and not step.troubles
    assert step.requests == sum(step.status.values()) > 0
    assert 0 < step.duration < 30


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_no_connection_is_left_behind() -> None:
    """Not even those whose answer came after the end."""

    async def answer(head: bytes, writer: Writer) -> None:
        await asyncio.sleep(0.3)
        writer.write(OK)

    async def main() -> None:
        async with Server(answer) as server:
            before = len(os.listdir("/proc/self/fd"))
            step = await measured(plan_for(server.port, rate=40, duration=0.5))
            assert step.status == {"200": 20}
            deadline = time.monotonic() + 10
            while len(os.listdir("/proc/self/fd")) > before:
                assert time.monotonic() < deadline, "descriptors are left"
                await asyncio.sleep(0.01)

    asyncio.run(main())


def test_progress_and_the_time_line() -> None:
    seen: list[Progress] = []

    async def main() -> object:
        async with Server() as server:
            plan = plan_for(server.port, rate=50, duration=2.0, warmup=0.5)
            return await measured(plan, seen.append)

    step = asyncio.run(main())
    assert [each.phase for each in seen] == ["warm-up", "measured", "measured"]
    assert seen[-1].total == 100 and seen[-1].offered == 50
    assert [each.t for each in step.timeline][:2] == [0, 1]
    assert sum(each.requests for each in step.timeline) == 100
    assert step.generator.cpu < 1 and 0 < step.machine.cpu <= 1


def test_the_memory_is_bounded_whatever_comes() -> None:
    """Bodies of a megabyte are thrown away as they come; what waits is not stored."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
    tracemalloc.start()
    try:
        step, _ = against(body, rate=5000, duration=1.0, max_connections=4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert step.requests == 5000 and step.status["200"] > 10
    assert peak < 40_000_000
