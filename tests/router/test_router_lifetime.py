"""Connections in time: idle ones, new tables, the end of the router, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest
from router_rig import GET, Conn, fields_of, rigged, run, until

from localku.router.settings import RouterSettings

H = b"Host: app.localhost\r\n"
POST = b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc"
UPGRADE = b"GET / HTTP/1.1\r\n" + H + b"Connection: Upgrade\r\nUpgrade: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_idle_connections_to_a_vanished_dyno_are_closed() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            gone = asyncio.Event()

            async def watch(conn: Conn) -> None:
                await conn.head()
                await conn.send(OK)
                await conn.rest()
                gone.set()

            await rig.dyno(watch)
            await (await rig.dial()).ask(GET)
            rig.table(upstreams=())
            await asyncio.wait_for(gone.wait(), 5)

    run(scenario())


def test_a_request_in_flight_survives_a_new_table() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heard, go = asyncio.Event(), asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                heard.set()
                await go.wait()
                await conn.send(OK)
                assert await conn.rest() == b""

            await rig.dyno(slow)
            client = await rig.dial()
            await client.send(GET)
            await heard.wait()
            rig.table(upstreams=(), quantity=0)
            go.set()
            assert (await client.response())[1] == b"ok"
            assert fields_of(await rig.line())["status"] == "200"
            assert "code=H14" not in rig.lines[0]

    run(scenario())


def test_idle_clients_and_idle_dynos_are_let_go() -> None:
    async def scenario() -> None:
        settings = RouterSettings(client_keepalive=0.2, upstream_keepalive=0.4)
        async with rigged(settings) as rig:
            dyno = await rig.dyno()
            client = await rig.dial()
            await client.ask(GET)
            assert await client.rest() == b""
            pool = next(iter(rig.router.find("app.localhost").dynos.values())).idle  # type: ignore[union-attr]
            await until(lambda: not pool)
            assert dyno.connections == 1

    run(scenario())


def test_the_clock_stands_still_when_nobody_is_connected() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(upstream_keepalive=0)) as rig:
            await rig.dyno()
            client = await rig.dial()
            await client.ask(GET)
            await client.close()
            await until(lambda: not rig.router.fronts)
            await until(lambda: rig.router.clock.asleep and rig.router.clock._timer is None)

    run(scenario())


def test_idle_connections_do_not_wake_the_router() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            client = await rig.dial()
            await client.ask(GET)
            await until(lambda: rig.router.clock.asleep)
            timer = rig.router.clock._timer
            assert timer is not None
            assert timer.when() - asyncio.get_running_loop().time() > 30

    run(scenario())


def test_closing_lets_requests_finish() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heard, go = asyncio.Event(), asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                heard.set()
                await go.wait()
                await conn.send(OK)

            await rig.dyno(slow)
            idle = await rig.dial()
            client = await rig.dial()
            await client.send(GET)
            await heard.wait()
            closing = asyncio.create_task(rig.router.close(10))
            assert await idle.rest() == b""
            with pytest.raises(ConnectionRefusedError):
                await rig.dial()
            go.set()
            head, body = await client.response()
            assert b"\r\nConnection: close\r\n" in head
            assert body == b"ok"
            await asyncio.wait_for(closing, 5)

    run(scenario())


def test_closing_does_not_wait_for_clients_that_could_ask_again() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            begun, go = asyncio.Event(), asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                await conn.send(OK[:-2])
                begun.set()
                await go.wait()
                await conn.send(b"ok")

            await rig.dyno(slow)
            client = await rig.dial()
            await client.send(GET)
            await client.head()  # it has been promised a connection that is kept
            closing = asyncio.create_task(rig.router.close(10))
            await asyncio.sleep(0)
            go.set()
            assert await client.rest() == b"ok"
            await asyncio.wait_for(closing, 5)

    run(scenario())


def test_closing_cuts_what_does_not_finish() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heard = asyncio.Event()

            async def silent(conn: Conn) -> None:
                await conn.head()
                heard.set()
                await conn.rest()

            await rig.dyno(silent)
            client = await rig.dial()
            await client.send(GET)
            await heard.wait()
            await rig.router.close(0.05)
            assert await client.rest() in (b"", b"<reset>")
            line = await rig.line()
            assert 'code=H24 desc="Forced close"' in line
            assert fields_of(line)["status"] == ""

    run(scenario())


def test_no_descriptor_is_left_behind() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            await (await rig.dial()).ask(GET)
            before = socket.socket()
            first = before.fileno()
            before.close()
            for _ in range(50):
                client = await rig.dial()
                await client.ask(GET)
                await client.close()
            await until(lambda: len(rig.router.fronts) == 1)
            for _ in range(20):
                await asyncio.sleep(0)
            after = socket.socket()
            assert after.fileno() == first
            after.close()

    run(scenario())


def test_no_connection_is_left_to_the_garbage_collector() -> None:
    """Cycles per connection cost pauses of tens of milliseconds under churn."""

    async def scenario() -> None:
        async with rigged(RouterSettings(upstream_keepalive=0)) as rig:
            await rig.dyno()

            async def bad(conn: Conn) -> None:
                await conn.head()

            async def switch(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")

            await rig.dyno(bad)
            await rig.dyno(switch)
            gc.collect()
            gc.set_debug(gc.DEBUG_SAVEALL)
            for request in (GET, GET, UPGRADE, GET[:20], b"bad\r\n\r\n", POST[:-2]) * 2:
                client = await rig.dial()
                await client.send(request)
                if len(request) > 20:
                    await client.head()
                await client.close()
            await until(lambda: not rig.router.fronts)

    gc.disable()
    try:
        run(scenario())
        gc.collect()
        left = {type(thing).__name__ for thing in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not left & {"Front", "Link", "Exchange", "Tunnel", "ChunkScanner"}
