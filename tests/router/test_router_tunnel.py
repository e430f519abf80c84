"""Upgrades: after 101 the router is a pipe, with one line at the end."""

from __future__ import annotations

import asyncio
import time

import pytest
from router_rig import Conn, fields_of, rigged, run, until

from localku.router.settings import RouterSettings

HANDSHAKE = (
    b"GET /cable HTTP/1.1\r\nHost: app.localhost\r\nConnection: keep-alive, Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
)
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


async def _echo(conn: Conn) -> None:
    await conn.head()
    await conn.send(SWITCH)
    while data := await conn.reader.read(65_536):
        await conn.send(data)


def test_bytes_pass_untouched_both_ways_and_one_line_ends_it() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(_echo)
            client = await rig.dial()
            began = time.monotonic()
            await client.send(HANDSHAKE)
            head = await client.head()
            assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            for field in (b"Connection: Upgrade", b"Upgrade: websocket", b"Via: 1.1 vegur"):
                assert b"\r\n" + field + b"\r\n" in head
            for data in (b"\x81\x05hello", bytes(range(256)), b"GET / HTTP/1.1\r\n\r\n"):
                await client.send(data)
                assert await client.exactly(len(data)) == data
            assert rig.lines == []
            await client.close()
            line = await rig.line()
            took = (time.monotonic() - began) * 1000
            assert line.startswith('at=info method=GET path="/cable" ')
            fields = fields_of(line)
            assert (fields["status"], fields["dyno"]) == ("101", "web.1")
            assert 0 <= int(fields["service"].removesuffix("ms")) <= took
            assert int(fields["bytes"]) == len(SWITCH) + 7 + 256 + 18
            assert len(rig.lines) == 1

    run(scenario())


def test_the_dyno_hears_of_the_upgrade() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heads: list[bytes] = []

            async def no(conn: Conn) -> None:
                heads.append(await conn.head())
                await conn.send(b"HTTP/1.1 426 No\r\nContent-Length: 2\r\n\r\nno")

            await rig.dyno(no)
            client = await rig.dial()
            head, body = await client.ask(HANDSHAKE)
            assert (head[:15], body) == (b"HTTP/1.1 426 No", b"no")
            assert b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" in heads[0]

    run(scenario())


def test_bytes_behind_the_handshake_are_kept_on_both_sides() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def eager(conn: Conn) -> None:
                await conn.head()
                await conn.send(SWITCH + b"early from dyno")
                assert await conn.exactly(12) == b"early client"
                await conn.send(b"!")

            await rig.dyno(eager)
            client = await rig.dial()
            await client.send(HANDSHAKE + b"early client")
            await client.head()
            assert await client.rest() == b"early from dyno!"
            assert fields_of(await rig.line())["status"] == "101"

    run(scenario())


def test_an_idle_tunnel_is_closed() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(idle_timeout=0.3)) as rig:
            await rig.dyno(_echo)
            client = await rig.dial()
            await client.send(HANDSHAKE)
            await client.head()
            for _ in range(8):
                await asyncio.sleep(0.1)
                await client.send(b"x")
                assert await client.exactly(1) == b"x"
            assert await client.rest() == b""
            assert 'code=H15 desc="Idle connection"' in await rig.line()
            assert len(rig.lines) == 1

    run(scenario())


@pytest.mark.parametrize("side", ["client", "dyno"])
def test_a_side_that_does_not_read_stops_the_other(side: str) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            size = 40_000_000
            dyno_conn: list[Conn] = []

            async def hold(conn: Conn) -> None:
                await conn.head()
                await conn.send(SWITCH)
                dyno_conn.append(conn)
                await done.wait()

            done = asyncio.Event()
            await rig.dyno(hold)
            client = await rig.dial()
            await client.send(HANDSHAKE)
            await client.head()
            await until(lambda: dyno_conn)
            reader, writer = (client, dyno_conn[0]) if side == "client" else (dyno_conn[0], client)
            transport = reader.writer.transport
            assert isinstance(transport, asyncio.ReadTransport)
            transport.pause_reading()
            writer.writer.write(b"x" * size)
            (front,) = rig.router.fronts
            await until(lambda: not front.reading or front.blocked)
            assert front.backlog < 400_000
            transport.resume_reading()
            assert await reader.exactly(size) == b"x" * size
            done.set()

    run(scenario())


def test_a_reset_dyno_ends_the_tunnel() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def reset(conn: Conn) -> None:
                await conn.head()
                await conn.send(SWITCH)
                await conn.exactly(1)
                conn.reset()

            await rig.dyno(reset)
            client = await rig.dial()
            await client.send(HANDSHAKE)
            await client.head()
            await client.send(b"x")
            assert await client.rest() in (b"", b"<reset>")
            assert fields_of(await rig.line())["status"] == "101"

    run(scenario())


def test_http_1_0_knows_no_upgrade() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dyno = await rig.dyno()
            old = HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0")
            for request in (old, HANDSHAKE.replace(b"GET", b"POST"), old):
                await (await rig.dial()).ask(request)
            assert [b"\r\nUpgrade: websocket\r\n" in head for head in dyno.heads] == [
                False,
                True,
                False,
            ]

    run(scenario())
