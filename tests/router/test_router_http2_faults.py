"""HTTP/2 when something is wrong: with a request, with the dyno, with the client, or at the end."""

from __future__ import annotations

import asyncio

import pytest
from h2.errors import ErrorCodes
from http2_kit import GET, POST, Header, connect, http2
from router_rig import Conn, fields_of, run, until

from localku.router.settings import RouterSettings

M, S, A, P = GET
H26 = 'at=error code=H26 desc="Request Error" cause='


@pytest.mark.parametrize(
    "headers",
    [
        (*GET, ("connection", "close")),
        (*GET, ("transfer-encoding", "chunked")),
        (*GET, ("upgrade", "websocket")),
        (*GET, ("keep-alive", "5")),
        (*GET, ("proxy-connection", "close")),
        (*GET, ("te", "gzip")),
        (*GET, ("content-length", "5")),
        (*GET, ("X-Upper", "1")),
        (*GET, ("x y", "1")),
        (*GET, ("", "1")),
        (*GET, ("x", "a\r\nEvil: 1")),
        (*GET, ("x", "a\0")),
        (*GET, ("x", " a")),
        (*GET, ("host", "other.localhost")),
        (*GET, (":path", "/again")),
        (*GET, (":status", "200")),
        (M, S, A, ("x", "1"), P),
        (M, S, A),
        (M, A, P),
        (S, A, P),
        (M, S, A, (":path", "")),
        (M, S, A, (":path", "x")),
        (M, S, A, (":path", "http://app.localhost/")),
        (M, S, A, (":path", "*")),
        ((":method", "CONNECT"), A),
        ((":method", "CONNECT"), (":protocol", "websocket"), S, A, P),
    ],
)
def test_malformed_requests_are_reset(headers: tuple[Header, ...]) -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            dyno = await rig.dyno()
            answer = await client.answer(await client.send(headers))
            assert answer.reset == ErrorCodes.PROTOCOL_ERROR
            assert (await client.ask()).body == b"ok"  # the connection goes on
            assert (await rig.line()).startswith(H26)
            assert len(dyno.heads) == 1

    run(scenario())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((M, S, P), "400"),
        ((M, S, (":authority", "a/b"), P), "400"),
        ((*GET, ("x", "v" * 9000)), "400"),
        ((*GET, *((f"x{n}", "1") for n in range(1001))), "400"),
        ((M, S, A, (":path", "/" + "p" * 9000)), "414"),
        ((M, S, A, (":path", "/a b")), "400"),
        ((*GET, ("expect", "the-best")), "417"),
        ((M, S, (":authority", "other.localhost"), P), "404"),
    ],
)
def test_refusals_have_their_page(headers: tuple[Header, ...], status: str) -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            await rig.dyno()
            answer = await client.answer(await client.send(headers))
            assert (answer.status, answer.reset) == (status, None)
            assert b"<h1>" in answer.body
            assert (await client.ask()).body == b"ok"
            if status != "404":
                fields = fields_of(await rig.line())
                assert (fields["code"], fields["status"]) == ("H26", status)

    run(scenario())


def test_a_field_section_without_end_ends_the_connection() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            await rig.dyno()
            await client.send((*GET, *((f"x{n}", "v" * 8000) for n in range(38))))
            await client.until(lambda: client.goaway is not None)
            assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM
            assert (await (await connect(rig)).ask()).body == b"ok"

    run(scenario())


@pytest.mark.parametrize(
    ("said", "code", "reset"),
    [
        (b"", "H13", None),
        (b"what?\r\n\r\n", "H17", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "H18", ErrorCodes.INTERNAL_ERROR),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "H18",
            ErrorCodes.INTERNAL_ERROR,
        ),
    ],
)
def test_what_a_dyno_does_wrong(said: bytes, code: str, reset: int | None) -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):

            async def bad(conn: Conn) -> None:
                await conn.head()
                await conn.send(said)

            await rig.dyno(bad)
            answer = await client.ask()
            assert answer.reset == reset
            if reset is None:
                assert answer.status == "503"
                assert code.encode() in answer.body
            else:
                assert (answer.status, answer.body) == ("200", b"half")
            fields = fields_of(await rig.line())
            assert (fields["code"], fields["protocol"]) == (code, "https")

    run(scenario())


def test_a_timeout_has_its_page() -> None:
    async def scenario() -> None:
        async with http2(RouterSettings(request_timeout=0.1)) as (rig, client):

            async def hang(conn: Conn) -> None:
                await conn.rest()

            await rig.dyno(hang)
            answer = await client.ask()
            assert (answer.status, b"H12" in answer.body) == ("503", True)

    run(scenario())


def test_a_stream_that_is_given_up_is_h27() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):

            async def hang(conn: Conn) -> None:
                if b" /hang " in await conn.head():
                    await conn.rest()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(hang)
            number = await client.send((M, S, A, (":path", "/hang")))
            await until(lambda: len(rig.router.fronts) == 2)
            client.h2.reset_stream(number, ErrorCodes.CANCEL)
            await client.flush()
            fields = fields_of(await rig.line())
            assert (fields["code"], fields["path"]) == ("H27", "/hang")
            assert (await client.ask()).body == b"ok"

    run(scenario())


def test_a_client_that_goes_takes_its_streams_along() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):

            async def hang(conn: Conn) -> None:
                await conn.rest()

            await rig.dyno(hang)
            for _ in range(3):
                await client.send(GET)
            await until(lambda: len(rig.router.fronts) == 4)
            client.conn.writer.transport.abort()
            await until(lambda: len(rig.lines) == 3)
            assert {fields_of(line)["code"] for line in rig.lines} == {"H27"}
            await until(lambda: not rig.router.fronts)

    run(scenario())


def test_rapid_resets_end_the_connection() -> None:
    """CVE-2023-44487: requests that are given up as soon as they are made."""

    async def scenario() -> None:
        async with http2() as (rig, client):

            async def hang(conn: Conn) -> None:
                await conn.rest()

            await rig.dyno(hang)
            for _ in range(300):
                number = client.h2.get_next_available_stream_id()
                client.h2.send_headers(number, GET, end_stream=True)
                client.h2.reset_stream(number)
            await client.flush()
            await client.until(lambda: client.goaway is not None)
            assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM
            await until(lambda: not rig.router.fronts)
            assert len(rig.lines) <= 201

    run(scenario())


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"\xff" * 100])
def test_what_is_not_http_2_is_cut_off_quietly(garbage: bytes) -> None:
    async def scenario() -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        async with http2() as (rig, client):
            await rig.dyno()
            assert (await client.ask()).body == b"ok"
            await client.conn.send(garbage)
            while not client.gone:
                await client.read()
            await until(lambda: not rig.router.fronts)
            assert faults == []
            assert len(rig.lines) == 1

    run(scenario())


@pytest.mark.parametrize("kind", ["short", "long", "short with trailers"])
def test_a_body_that_is_not_as_long_as_it_said(kind: str) -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            got: list[bytes] = []

            async def read(conn: Conn) -> None:
                await conn.head()
                got.append(await conn.rest())

            await rig.dyno(read)
            number = await client.send((*POST, ("content-length", "10")), b"12345", end=False)
            await until(lambda: len(rig.router.fronts) == 2)
            if kind == "short with trailers":
                client.h2.send_headers(number, [("x", "1")], end_stream=True)
            else:
                client.h2.send_data(number, bytes(100 if kind == "long" else 1), end_stream=True)
            await client.flush()
            await client.until(lambda: client.goaway is not None or client.answers[number].over)
            assert fields_of(await rig.line())["code"] == "H27"
            await until(lambda: got)
            assert len(got[0].removesuffix(b"<reset>")) < 10

    run(scenario())


def test_a_drain_lets_streams_end() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            go = asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                await go.wait()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(slow)
            number = await client.send(GET)
            idle = await connect(rig)
            await until(lambda: len(rig.router.fronts) == 3)
            closing = asyncio.create_task(rig.router.close(5))
            await client.until(lambda: client.goaway == 0)
            await idle.until(lambda: idle.goaway == 0)
            go.set()
            assert (await client.answer(number)).body == b"ok"
            await asyncio.wait_for(closing, 5)
            assert not rig.router.fronts

    run(scenario())


def test_a_drain_that_takes_too_long_is_h24() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):

            async def hang(conn: Conn) -> None:
                await conn.rest()

            await rig.dyno(hang)
            await client.send(GET)
            await until(lambda: len(rig.router.fronts) == 2)
            await rig.router.close(0.05)
            assert fields_of(await rig.line())["code"] == "H24"
            assert not rig.router.fronts

    run(scenario())


def test_an_idle_connection_ends() -> None:
    async def scenario() -> None:
        async with http2(RouterSettings(client_keepalive=0.1)) as (rig, client):
            await rig.dyno()
            assert (await client.ask()).body == b"ok"
            while not client.gone:
                await client.read()
            assert client.goaway == 0

    run(scenario())
