"""What a dyno may say, what it must not, and what of it reaches the client."""

from __future__ import annotations

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
