"""Several routers on one port: real processes, each with its own state, one table, one stream."""

from __future__ import annotations

import asyncio
import os
import re
import signal

import pytest
from conftest import LINUX
from fleet_kit import GET, FleetRig, fleet_of
from router_rig import Conn, Dyno, fields_of, run, until

pytestmark = pytest.mark.skipif(not LINUX, reason="/proc tells which router has a connection")


async def two_dynos(rig: FleetRig) -> None:
    for name in (b"web.1", b"web.2"):
        dyno = await rig.dyno()
        dyno.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + name


def test_each_router_takes_its_own_turns() -> None:
    async def scenario() -> None:
        async with fleet_of(2) as rig:
            await two_dynos(rig)
            conns = [await rig.dial_router(pid) for pid in (os.getpid(), *rig.pids)]
            for conn in conns:
                await until_it_knows(conn, {b"web.1", b"web.2"})
            joint = [(await conn.ask(GET))[1] for _ in range(4) for conn in conns]
            for number in range(2):  # by turns that they shared, each would always get the same
                first, second, *again = joint[number::2]
                assert {first, second} == {b"web.1", b"web.2"}
                assert again == [first, second]
            assert any(one == after for one, after in zip(joint, joint[1:], strict=False))

    run(scenario())


async def until_it_knows(conn: Conn, bodies: set[bytes]) -> None:
    """The table is on its way: ask until all those dynos have answered."""
    seen: set[bytes] = set()
    while not bodies <= seen:
        seen.add((await conn.ask(GET))[1])


def test_all_lines_arrive_whole_in_the_one_stream() -> None:
    async def scenario() -> None:
        async with fleet_of(3) as rig:
            await two_dynos(rig)
            conns = [await rig.dial_router(pid) for pid in (os.getpid(), *rig.pids) for _ in "ab"]

            async def ask(number: int, conn: Conn) -> None:
                for count in range(50):
                    path = b"/%d/%d" % (number, count)
                    await conn.ask(b"GET " + path + b" HTTP/1.1\r\nHost: app.localhost\r\n\r\n")

            await asyncio.gather(*(ask(*pair) for pair in enumerate(conns)))
            await until(lambda: sum('path="/"' not in line for line in rig.lines) >= 300)
            lines = [line for line in rig.lines if 'path="/"' not in line]
            wanted = {f"/{number}/{count}" for number in range(6) for count in range(50)}
            assert sorted(fields_of(line)["path"] for line in lines) == sorted(wanted)
            assert all(re.match(r"at=info .* protocol=http$", line) for line in lines)
            assert {entry.dyno for _, entry in rig.published} == {"router"}

    run(scenario())


def test_a_new_table_reaches_all_while_requests_flow() -> None:
    async def scenario() -> None:
        async with fleet_of(2) as rig:
            dynos = [await rig.dyno() for _ in range(4)]
            conns = [await rig.dial_router(pid) for pid in (os.getpid(), *rig.pids) for _ in "ab"]
            flowing = True
            heads: list[bytes] = []

            async def ask(conn: Conn) -> None:
                while flowing:
                    heads.append((await conn.ask(GET))[0])

            tasks = [asyncio.create_task(ask(conn)) for conn in conns]
            for turn in range(30):
                rig.table(upstreams=tuple(dyno.upstream() for dyno in dynos[turn % 3 :]))
                wanted = len(heads) + 4
                while len(heads) < wanted:
                    await asyncio.sleep(0)
            rig.table(upstreams=(dynos[3].upstream(),))

            flowing = False
            await asyncio.gather(*tasks)
            assert all(head.startswith(b"HTTP/1.1 200 ") for head in heads)
            for conn in conns:
                await until_served_by(conn, dynos[3], 4)

    run(scenario())


def test_a_router_that_is_killed_is_replaced_and_nobody_else_notices() -> None:
    async def scenario() -> None:
        async with fleet_of(2) as rig:
            await two_dynos(rig)
            (pid,) = rig.pids
            lost = await rig.dial_router(pid)
            os.kill(pid, signal.SIGKILL)
            assert await lost.rest() in (b"", b"<reset>")
            for _ in range(20):  # its share of new connections too
                conn = await rig.dial()
                assert (await conn.ask(GET))[0].startswith(b"HTTP/1.1 200 ")
                await conn.close()
            await rig.ups(2)
            assert rig.said[1] == "router.2: Process exited with status 137, starting again"
            (new,) = rig.pids
            assert new != pid
            await rig.dial_router(new)
            os.kill(new, signal.SIGKILL)
            await rig.ups(3)
            assert rig.said[3].endswith("exited with status 137, starting again in 0.1 s")
            await rig.dial_router(rig.pids[0])

    run(scenario())


def test_a_router_that_is_told_to_end_finishes_its_requests_and_is_replaced() -> None:
    async def scenario() -> None:
        async with fleet_of(2) as rig:
            go = asyncio.Event()
            conn, pid = await slow_request(rig, go)
            os.kill(pid, signal.SIGINT)  # the terminal's, or a stray one: none of its business
            os.kill(pid, signal.SIGTERM)
            await asyncio.sleep(0)
            go.set()
            assert (await conn.response())[1] == b"ok"
            await rig.ups(2)
            assert "status 0, starting again" in rig.said[1]

    run(scenario())


async def slow_request(rig: FleetRig, go: asyncio.Event) -> tuple[Conn, int]:
    """A connection to the second router with a request under way that waits for `go`."""
    heard = asyncio.Event()

    async def slow(conn: Conn) -> None:
        while head := await conn.head():
            if b"/slow" in head:
                heard.set()
                await go.wait()
            await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    await rig.dyno(slow)
    (pid,) = rig.pids
    conn = await rig.dial_router(pid)
    await conn.send(GET.replace(b"GET /", b"GET /slow"))
    await asyncio.wait_for(heard.wait(), 5)
    return conn, pid


def test_closing_lets_requests_finish_in_all_of_them() -> None:
    async def scenario() -> None:
        async with fleet_of(2) as rig:
            go = asyncio.Event()
            conn, pid = await slow_request(rig, go)
            closing = asyncio.create_task(rig.fleet.close(10))

            async def refused() -> bool:
                try:
                    await (await rig.dial()).close()
                except ConnectionError:
                    return True
                return False

            while not await refused():
                await asyncio.sleep(0.002)
            go.set()
            assert (await conn.response())[1] == b"ok"
            await asyncio.wait_for(closing, 5)
            assert rig.lines[-1].startswith('at=info method=GET path="/slow"')
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
            assert len(rig.said) == 1

    run(scenario())


def test_closing_cuts_what_does_not_finish() -> None:
    async def scenario() -> None:
        async with fleet_of(2) as rig:
            go = asyncio.Event()
            conn, _ = await slow_request(rig, go)
            await rig.fleet.close(0.05)
            assert await conn.rest() in (b"", b"<reset>")
            go.set()
            assert "code=H24" in rig.lines[-1]

    run(scenario())


def test_a_router_that_hangs_costs_no_memory_and_is_killed_at_the_end() -> None:
    async def scenario() -> None:
        async with fleet_of(2) as rig:
            dyno = await rig.dyno()
            (pid,) = rig.pids
            conn = await rig.dial_router(pid)
            os.kill(pid, signal.SIGSTOP)
            page = "http://127.0.0.1/" + "x" * 20_000
            channel = rig.fleet._siblings[0]._channel
            assert channel is not None
            for number in range(100):
                rig.table(error_page_url=f"{page}{number}")
            assert 0 < channel.queued < 100_000
            other = await rig.dyno()
            rig.table(upstreams=(other.upstream(),))
            os.kill(pid, signal.SIGCONT)
            await until(lambda: not channel.queued)
            await until_served_by(conn, other, 2)
            assert dyno.heads
            os.kill(pid, signal.SIGSTOP)
            await rig.fleet.close(0)
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    run(scenario())


async def until_served_by(conn: Conn, dyno: Dyno, times: int) -> None:
    """The table is on its way: ask until it has arrived, and that dyno alone answers."""
    for _ in range(1000):
        before = len(dyno.heads)
        for _ in range(times):
            await conn.ask(GET)
        if len(dyno.heads) == before + times:
            return
    raise AssertionError("the last table never arrived")
