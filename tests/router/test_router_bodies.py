"""The framing of bodies: chunks, lengths, none at all, and clients that know less."""

from __future__ import annotations

import asyncio

import pytest
from router_rig import GET, Conn, fields_of, rigged, run

H = b"Host: app.localhost\r\n"
CHUNKS = b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n"


def _answer(reply: bytes, heads: list[bytes] | None = None, end: bool = False):  # noqa: ANN202
    async def handler(conn: Conn) -> None:
        while head := await conn.head():
            if heads is not None:
                heads.append(head)
            await conn.send(reply)
            if end:
                return

    return handler


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(CHUNKS + b"0\r\n\r\n", id="plain"),
        pytest.param(CHUNKS + b"0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", id="trailers"),
        pytest.param(b"0\r\n\r\n", id="empty"),
        pytest.param(b"00A\r\n0123456789\r\n000\r\n\r\n", id="odd sizes"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_chunked_requests_pass_byte_for_byte(body: bytes, step: int) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            got: list[bytes] = []

            async def reader(conn: Conn) -> None:
                for _ in range(2):
                    head = await conn.head()
                    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
                    assert b"ontent-Length" not in head
                    got.append(await conn.exactly(len(body)))
                    await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(reader)
            client = await rig.dial()
            for _ in range(2):
                message = b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n" + body
                for at in range(0, len(message), step):
                    client.writer.write(message[at : at + step])
                    if step < 100:
                        await asyncio.sleep(0)
                assert (await client.response())[1] == b"ok"
            assert got == [body, body]
            assert rig.dynos[0].connections == 1

    run(scenario())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(CHUNKS + b"0\r\n\r\n", id="plain"),
        pytest.param(CHUNKS + b"0\r\nX-Sum: 1\r\n\r\n", id="trailers"),
        pytest.param(b"0\r\n\r\n", id="empty"),
    ],
)
@pytest.mark.parametrize("step", [1, 10_000])
def test_chunked_responses_pass_byte_for_byte(body: bytes, step: int) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            reply = (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + body
            )

            async def handler(conn: Conn) -> None:
                while await conn.head():
                    for at in range(0, len(reply), step):
                        await conn.send(reply[at : at + step])
                        await asyncio.sleep(0)

            await rig.dyno(handler)
            client = await rig.dial()
            for _ in range(2):
                await client.send(GET)
                head = await client.head()
                assert b"\r\nTransfer-Encoding: chunked\r\n" in head
                assert b"\r\nTrailer: X-Sum\r\n" in head
                assert await client.exactly(len(body)) == body
            assert rig.dynos[0].connections == 1

    run(scenario())


def test_chunk_extensions_are_left_out() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(
                _answer(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3;a=b\r\nabc\r\n2\r\nde\r\n0;z\r\n\r\n"
                )
            )
            client = await rig.dial()
            await client.send(GET)
            await client.head()
            assert await client.until(b"\r\n\r\n") == b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    run(scenario())


def test_http_1_0_gets_a_decoded_body_and_the_end() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heads: list[bytes] = []
            reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + b"0\r\n\r\n"
            await rig.dyno(_answer(reply, heads))
            client = await rig.dial()
            await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n" + H + b"\r\n")
            head = await client.head()
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"chunked" not in head
            assert b"\r\nConnection: close\r\n" in head
            assert await client.rest() == b"abc0123456789abcdef"
            assert heads[0].startswith(b"GET / HTTP/1.1\r\n")

    run(scenario())


@pytest.mark.parametrize(
    ("version", "field", "kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: keep-alive, Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
    ],
)
def test_the_clients_wish_decides_about_its_connection(
    version: bytes, field: bytes, kept: bool
) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(
                _answer(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", end=True
                )
            )
            client = await rig.dial()
            request = b"GET / HTTP/%b\r\n" % version + H + field + b"\r\n"
            head, _ = await client.ask(request)
            assert (b"\r\nConnection: keep-alive\r\n" in head) is kept
            assert (b"\r\nConnection: close\r\n" in head) is not kept
            if kept:
                assert (await client.ask(request))[1] == b"ok"
            else:
                assert await client.rest() == b""

    run(scenario())


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        pytest.param(b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n", id="HEAD with length"),
        pytest.param(
            b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", id="HEAD chunked"
        ),
        pytest.param(b"HEAD", b"HTTP/1.1 200 OK\r\n", id="HEAD without length"),
        pytest.param(b"GET", b"HTTP/1.1 204 No Content\r\n", id="204"),
        pytest.param(b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n", id="304"),
        pytest.param(b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", id="empty"),
    ],
)
def test_no_body_is_awaited_where_there_is_none(method: bytes, reply: bytes) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(_answer(reply + b"\r\n"))
            client = await rig.dial()
            for _ in range(2):
                await client.send(method + b" / HTTP/1.1\r\n" + H + b"\r\n")
                head = await client.head()
                for line in reply.split(b"\r\n"):
                    assert line in head
                assert b"\r\nConnection: keep-alive\r\n" in head
            assert rig.dynos[0].connections == 1

    run(scenario())


def test_a_body_that_ends_with_the_connection() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(_answer(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, end=True))
            client = await rig.dial()
            await client.send(GET)
            assert b"\r\nConnection: close\r\n" in await client.head()
            assert await client.rest() == b"x" * 100_000
            assert fields_of(await rig.line())["status"] == "200"

    run(scenario())


def test_interim_responses_pass_to_those_who_know_them() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(
                _answer(
                    b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
                    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                )
            )
            client = await rig.dial()
            await client.send(GET)
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert await client.head() == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            assert (await client.response())[1] == b"ok"
            old = await rig.dial()
            head, body = await old.ask(b"GET / HTTP/1.0\r\n" + H + b"\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert body == b"ok"

    run(scenario())
