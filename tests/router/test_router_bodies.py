"""Bodies in both directions: framing kept, nothing collected, slow readers slow their writers."""

from __future__ import annotations

import asyncio
import socket

import pytest
from router_rig import GET, Conn, fields_of, rigged, run, until

from localku.router.settings import RouterSettings

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


def _transport(conn: Conn) -> asyncio.ReadTransport:
    transport = conn.writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    return transport


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


def test_more_than_was_announced_is_not_passed_on() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(
                _answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Fake\r\n\r\n")
            )
            client = await rig.dial()
            for _ in range(2):
                head, body = await client.ask(GET)
                assert (head[:15], body) == (b"HTTP/1.1 200 OK", b"ok")
            assert rig.dynos[0].connections == 2

    run(scenario())


def test_hop_by_hop_fields_stay_on_their_hop() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heads: list[bytes] = []
            await rig.dyno(
                _answer(
                    b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
                    b"Via: 1.0 inner\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nServer: mine\r\n"
                    b"Proxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
                    heads,
                )
            )
            client = await rig.dial()
            head, _ = await client.ask(
                b"GET / HTTP/1.1\r\n"
                + H
                + b"Connection: x-one, keep-alive\r\nX-One: 1\r\nTE: trailers\r\n"
                b"Keep-Alive: 5\r\nProxy-Authorization: x\r\nTrailer: T\r\nVia: 1.0 happyproxy\r\n"
                b"X-Forwarded-For: 10.1.2.3\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n"
            )
            for gone in (b"X-One", b"TE:", b"Keep-Alive", b"Proxy-Authorization"):
                assert gone not in heads[0]
            for there in (
                b"Trailer: T",
                b"Via: 1.0 happyproxy, 1.1 vegur",
                b"X-Forwarded-For: 10.1.2.3, 10.9.9.9, 127.0.0.1",
            ):
                assert b"\r\n" + there + b"\r\n" in heads[0]
            for gone in (b"X-Hop", b"Keep-Alive"):
                assert gone not in head
            for there in (
                b"Via: 1.0 inner, 1.1 vegur",
                b"Set-Cookie: a\r\nSet-Cookie: b",
                b"Server: mine",
                b"Proxy-Authenticate: Basic",
            ):
                assert b"\r\n" + there + b"\r\n" in head
            assert 'fwd="10.1.2.3,10.9.9.9,127.0.0.1"' in await rig.line()

    run(scenario())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"a" * 19, False),
        (b"a" * 20, True),
        (b"Az09+/=-" * 25, True),
        (b"a" * 201, False),
        (b"a" * 20 + b"_", False),
    ],
)
def test_request_ids_that_heroku_keeps(given: bytes, kept: bool) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dyno = await rig.dyno()
            await (await rig.dial()).ask(
                b"GET / HTTP/1.1\r\n" + H + b"x-request-ID: " + given + b"\r\n\r\n"
            )
            assert (b"\r\nX-Request-Id: %b\r\n" % given in dyno.heads[0]) is kept
            assert dyno.heads[0].lower().count(b"x-request-id") == 1
            assert (f"request_id={given.decode()} " in await rig.line()) is kept

    run(scenario())


BAD_REPLIES = [
    ("H17", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    ("H17", b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("H17", b"HTTP/1.1 200 OK\r\nBad Name: 0\r\n\r\n"),
    ("H17", b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n"),
    ("H17", b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n"),
    ("H17", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    ("H17", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
    ("H17", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ("H25 invalid content length", b"HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n\r\na"),
    (
        "H25 invalid content length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    ),
    ("H25 invalid content length", b"HTTP/1.1 200 OK\r\nContent-Length: 208062 \r\n\r\n"),
    (
        "H25 invalid content length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 003\r\n\r\nabc",
    ),
    (
        "H25 oversized cookie",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: " + b"a" * 8182 + b"\r\nContent-Length: 0\r\n\r\n",
    ),
    ("H25 oversized status line", b"HTTP/1.1 200 " + b"a" * 8200 + b"\r\n\r\n"),
    ("H25 oversized header", b"HTTP/1.1 200 OK\r\nA: " + b"a" * 524_300 + b"\r\n\r\n"),
    ("H25 oversized header", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200_000),
]


@pytest.mark.parametrize(("code", "reply"), BAD_REPLIES)
def test_bad_replies_get_their_code(code: str, reply: bytes) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(_answer(reply))
            head, _ = await (await rig.dial()).ask(GET)
            name, _, restriction = code.partition(" ")
            assert b" 502 " in head if restriction else b" 503 " in head
            line = await rig.line()
            assert f"code={name} " in line
            if restriction:
                assert f'desc="HTTP restriction: {restriction}"' in line
            assert fields_of(line)["dyno"] == "web.1"

    run(scenario())


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        (b"HTTP/1.1 421\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 421 \r\n"),
        (
            b"HTTP/1.1 666 THE NUMBER OF THE BEAST\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 666 THE NUMBER OF THE BEAST\r\n",
        ),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nSet-Cookie: " + b"a" * 8180 + b"\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n",
        ),
    ],
)
def test_odd_but_right_replies_pass(reply: bytes, wanted: bytes) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(_answer(reply))
            client = await rig.dial()
            for _ in range(2):
                head, _ = await client.ask(GET)
                assert head.startswith(wanted)
                assert head.count(b"Content-Length") == 1

    run(scenario())


def test_a_bad_chunk_of_the_dyno_cuts_the_response() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(
                _answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n")
            )
            client = await rig.dial()
            await client.send(GET)
            await client.head()
            assert await client.rest() == b"3\r\nabc\r\n"
            assert "code=H17" in await rig.line()
            assert fields_of(rig.lines[0])["status"] == "200"

    run(scenario())


def test_sum_of_settings() -> None:
    assert RouterSettings().scaled(0.1).request_timeout == pytest.approx(3.0)
