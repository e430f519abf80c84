"""Bodies on their way: nothing collected, slow readers slow their writers, early ends."""

from __future__ import annotations

import asyncio
import socket

import pytest
from router_rig import GET, Conn, fields_of, rigged, run, until

H = b"Host: app.localhost\r\n"
CHUNKS = b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n"


def _transport(conn: Conn) -> asyncio.ReadTransport:
    transport = conn.writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    return transport


def test_the_router_itself_says_continue() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heads: list[bytes] = []

            async def reader(conn: Conn) -> None:
                heads.append(await conn.head())
                assert await conn.exactly(3) == b"abc"
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(reader)
            client = await rig.dial()
            await client.send(
                b"PUT / HTTP/1.1\r\n" + H + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n"
            )
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(b"abc")
            assert (await client.response())[1] == b"ok"
            assert b"xpect" not in heads[0]

    run(scenario())


def test_an_early_answer_ends_the_upload() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def hasty(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\n\r\nno!")
                await conn.rest()

            await rig.dyno(hasty)
            client = await rig.dial()
            await client.send(b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 1000000\r\n\r\nabc")
            head, body = await client.response()
            assert head.startswith(b"HTTP/1.1 413 Too Big\r\n")
            assert b"\r\nConnection: close\r\n" in head
            assert body == b"no!"
            assert await client.rest() == b""

    run(scenario())


@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_an_answer_and_a_hang_up_end_the_upload(kind: str) -> None:
    """The dyno hangs up on unread bytes, so the router's writes fail before it has read."""

    async def scenario() -> None:
        async with rigged() as rig:

            async def hasty(conn: Conn) -> None:
                await conn.head()
                _transport(conn).pause_reading()
                await conn.send(b"HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\n\r\nno!")

            await rig.dyno(hasty)
            client = await rig.dial()
            if kind == "length":
                upload = b"Content-Length: 20000000\r\n\r\n" + b"x" * 20_000_000
            else:
                upload = (
                    b"Transfer-Encoding: chunked\r\n\r\n"
                    + b"3e8\r\n%b\r\n" % (b"x" * 1000) * 20_000
                )
            client.writer.write(b"POST / HTTP/1.1\r\n" + H + upload)
            head, body = await client.response()
            assert head.startswith(b"HTTP/1.1 413 Too Big\r\n")
            assert body == b"no!"
            assert fields_of(await rig.line())["status"] == "413"

    run(scenario())


def test_an_event_stream_passes_without_delay() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            go = asyncio.Event()

            async def events(conn: Conn) -> None:
                await conn.head()
                await conn.send(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n"
                )
                for n in range(3):
                    await conn.send(b"9\r\ndata: %d\n\n\r\n" % n)
                    await go.wait()
                    go.clear()

            await rig.dyno(events)
            client = await rig.dial()
            await client.send(GET)
            await client.head()
            for n in range(3):
                assert await client.exactly(14) == b"9\r\ndata: %d\n\n\r\n" % n
                go.set()

    run(scenario())


def test_a_client_that_does_not_read_stops_the_dyno() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            sent = 0
            total = 300_000_000

            async def pour(conn: Conn) -> None:
                nonlocal sent
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
                block = b"x" * 65_536
                while sent < total:
                    conn.writer.write(block)
                    await conn.writer.drain()
                    sent += len(block)

            await rig.dyno(pour)
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
            sock.connect(("127.0.0.1", rig.port))
            with sock:
                sock.send(GET)
                await until(lambda: any(front.blocked for front in rig.router.fronts))
                (front,) = rig.router.fronts
                for _ in range(50):
                    await asyncio.sleep(0.002)
                assert front.backlog < 400_000
                assert sent < 20_000_000

    run(scenario())


def test_a_dyno_that_does_not_read_stops_the_client() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            go = asyncio.Event()
            size = 30_000_000

            async def lazy(conn: Conn) -> None:
                await conn.head()
                _transport(conn).pause_reading()
                await go.wait()
                _transport(conn).resume_reading()
                left = size
                while left:
                    left -= len(await conn.reader.read(65_536))
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(lazy)
            client = await rig.dial()
            client.writer.write(b"POST / HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % size)
            client.writer.write(b"x" * size)
            await until(lambda: any(not front.reading for front in rig.router.fronts))
            go.set()
            assert (await client.response())[1] == b"ok"

    run(scenario())


def test_a_body_waits_for_the_first_dyno_within_bounds() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(quantity=1, starting=1)
            size = 5_000_000
            client = await rig.dial()
            client.writer.write(b"POST / HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % size)
            client.writer.write(b"x" * size)
            await until(lambda: any(not front.reading for front in rig.router.fronts))

            async def reader(conn: Conn) -> None:
                await conn.head()
                assert await conn.exactly(size) == b"x" * size
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(reader)
            assert (await client.response())[1] == b"ok"

    run(scenario())


def test_a_big_body_arrives_whole_both_ways() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            data = bytes(range(256)) * 20_000

            async def mirror(conn: Conn) -> None:
                await conn.head()
                body = await conn.exactly(len(data))
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

            await rig.dyno(mirror)
            client = await rig.dial()
            client.writer.write(
                b"PUT / HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % len(data) + data
            )
            assert (await client.response())[1] == data

    run(scenario())
