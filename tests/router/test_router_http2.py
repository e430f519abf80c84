"""HTTP/2: requests and answers mean what they mean in HTTP/1.1, on streams of one connection."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from http2_kit import GET, POST, http2
from router_rig import Conn, fields_of, rigged, run, until
from tls_kit import lenient, pki

from localku.router.settings import RouterSettings

BIG = bytes(range(256)) * 8_000


def answering(*parts: bytes):  # type: ignore[no-untyped-def]
    """A dyno that says this to every request, part by part."""

    async def handler(conn: Conn) -> None:
        while await conn.head():
            for part in parts:
                await conn.send(part)

    return handler


def test_a_request_and_what_the_dyno_and_the_log_are_told() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            dyno = await rig.dyno()
            answer = await client.ask(("accept", "*/*"), ("x-request-id", "a" * 20))
            assert (answer.status, answer.body) == ("200", b"ok")
            assert answer.headers["content-length"] == "2"
            assert answer.headers["via"] == "2.0 vegur"
            assert not {"connection", "transfer-encoding", "keep-alive"} & set(answer.headers)
            lines = dyno.heads[0].split(b"\r\n")
            assert lines[:3] == [b"GET / HTTP/1.1", b"Host: app.localhost", b"accept: */*"]
            for line in (b"Via: 2.0 vegur", b"X-Forwarded-Proto: https", b"Connection: keep-alive"):
                assert line in lines
            fields = fields_of(await rig.line())
            assert fields["request_id"] == "a" * 20
            assert (fields["status"], fields["host"]) == ("200", "app.localhost")
            assert fields["protocol"] == "https"

    run(scenario())


def test_the_line_and_the_name_of_router_2() -> None:
    async def scenario() -> None:
        async with http2(RouterSettings(log_format="2.0")) as (rig, client):
            await rig.dyno()
            assert (await client.ask()).headers["via"] == "2.0 heroku-router"
            assert (await rig.line()).endswith(" protocol=http2.0 tls=true tls_version=unknown")

    run(scenario())


def test_http_1_goes_on_beside_it() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            await rig.dyno()
            context = lenient()
            context.set_alpn_protocols(["http/1.1"])
            other = await rig.dial_tls(ssl=context)
            assert (await other.ask(b"GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"))[1] == b"ok"
            assert (await client.ask()).body == b"ok"

    run(scenario())


def test_it_is_not_offered_unless_it_is_asked_for() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            context = lenient()
            context.set_alpn_protocols(["h2", "http/1.1"])
            conn = await rig.dial_tls(ssl=context)
            tls: ssl.SSLObject = conn.writer.get_extra_info("ssl_object")
            assert tls.selected_alpn_protocol() == "http/1.1"

    run(scenario())


def test_many_streams_at_once() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            ready = asyncio.Event()

            async def slow(conn: Conn) -> None:
                while await conn.head():
                    await ready.wait()
                    await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(slow)
            numbers = [await client.send(GET) for _ in range(80)]
            await until(lambda: len(rig.router.fronts) == 81)
            ready.set()
            for number in numbers:
                assert (await client.answer(number)).body == b"ok"
            await until(lambda: len(rig.lines) == 80)
            await until(lambda: len(rig.router.fronts) == 1)

    run(scenario())


@pytest.mark.parametrize("length", [True, False], ids=["length", "chunked"])
def test_big_bodies_both_ways(length: bool) -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):

            async def mirror(conn: Conn) -> None:
                head = await conn.head()
                if length:
                    assert b"content-length" in head.lower()
                    body = await conn.exactly(len(BIG))
                else:
                    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
                    body = b""
                    while size := int(await conn.until(b"\r\n"), 16):
                        body += (await conn.exactly(size + 2))[:-2]
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BIG) + body)

            await rig.dyno(mirror)
            more = (("content-length", str(len(BIG))),) if length else ()
            number = await client.send((*POST, *more), end=False)
            await client.upload(number, BIG)
            answer = await client.answer(number)
            assert (answer.reset, answer.body == BIG) == (None, True)

    run(scenario())


def test_trailers_both_ways() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            got: list[bytes] = []

            async def trailing(conn: Conn) -> None:
                await conn.head()
                got.append(await conn.until(b"x-sum: 1\r\n\r\n"))
                await conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                await conn.send(b"3;x=y\r\nabc\r\n0\r\nX-Sum: 2\r\n\r\n")

            await rig.dyno(trailing)
            number = await client.send(POST, b"hello", end=False)
            client.h2.send_headers(number, [("x-sum", "1")], end_stream=True)
            await client.flush()
            answer = await client.answer(number)
            assert got == [b"5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"]
            assert (answer.body, answer.trailers) == (b"abc", {"x-sum": "2"})

    run(scenario())


def test_cookie_crumbs_become_one_field() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            dyno = await rig.dyno()
            await client.ask(("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"))
            assert b"\r\ncookie: a=1; b=2\r\n" in dyno.heads[0]
            assert dyno.heads[0].lower().count(b"\r\ncookie:") == 1

    run(scenario())


@pytest.mark.parametrize(
    ("method", "said", "status"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "200"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", "204"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", "304"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200"),
    ],
)
def test_answers_without_a_body(method: str, said: bytes, status: str) -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            await rig.dyno(answering(said))
            answer = await client.ask(base=((":method", method), *GET[1:]))
            assert (answer.status, answer.body, answer.reset) == (status, b"", None)

    run(scenario())


def test_interim_answers() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            await rig.dyno(answering(hints, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
            answer = await client.ask()
            assert answer.informed == [{":status": "103", "link": "</a>"}]
            assert (answer.status, answer.body) == ("200", b"ok")

    run(scenario())


def test_the_router_itself_says_continue() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):

            async def read(conn: Conn) -> None:
                await conn.head()
                assert await conn.exactly(3) == b"abc"
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(read)
            more = (("expect", "100-continue"), ("content-length", "3"))
            number = await client.send((*POST, *more), end=False)
            await client.until(lambda: client.answers[number].informed)
            await client.upload(number, b"abc")
            answer = await client.answer(number)
            assert answer.informed == [{":status": "100"}]
            assert answer.body == b"ok"

    run(scenario())


def test_events_pass_without_delay_and_an_end_of_connection_ends_them() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            go = asyncio.Event()

            async def events(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                for n in range(3):
                    await conn.send(b"data: %d\n\n" % n)
                    await go.wait()
                    go.clear()

            await rig.dyno(events)
            number = await client.send(GET)
            for n in range(3):
                await client.until(lambda n=n: client.answers[number].body.endswith(b"%d\n\n" % n))
                go.set()
            assert (await client.answer(number)).reset is None

    run(scenario())


def test_a_stream_that_is_not_read_slows_its_dyno_alone() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            sent = 0

            async def endless(conn: Conn) -> None:
                nonlocal sent
                if b" /small " in await conn.head():
                    await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    return
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n")
                while sent < 30_000_000:
                    await conn.send(bytes(100_000))
                    sent += 100_000

            await rig.dyno(endless)
            client.h2.increment_flow_control_window(1_000_000)
            number = await client.send(GET)
            client.lazy.add(number)
            await client.until(lambda: len(client.answers[number].body) == 65_535)
            for _ in range(3):
                assert (await client.ask(base=(*GET[:3], (":path", "/small")))).body == b"ok"
            assert sent < 25_000_000
            assert len(client.answers[number].body) == 65_535
            client.lazy.clear()
            client.h2.acknowledge_received_data(65_535, number)
            await client.flush()
            await client.until(lambda: len(client.answers[number].body) > 500_000)

    run(scenario())


def test_an_upload_that_is_not_read_stops_at_its_window_alone() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):
            go = asyncio.Event()

            async def lazy(conn: Conn) -> None:
                if b"POST" not in await conn.head():
                    await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    return
                conn.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await go.wait()
                conn.writer.transport.resume_reading()  # type: ignore[attr-defined]
                await conn.rest()

            await rig.dyno(lazy)
            length = ("content-length", "20000000")
            number = await client.send((*POST, length), end=False)
            left = 20_000_000
            while client.h2.local_flow_control_window(number) and left > 0:
                size = min(16_384, client.h2.local_flow_control_window(number), left)
                client.h2.send_data(number, bytes(size))
                left -= size
                await client.flush()
                if not client.h2.local_flow_control_window(number):
                    try:
                        await asyncio.wait_for(client.read(), 0.2)
                    except asyncio.TimeoutError:
                        break
            assert left > 0
            assert (await client.ask()).body == b"ok"
            go.set()
            await client.until(lambda: client.h2.local_flow_control_window(number) > 0)

    run(scenario())


def test_an_early_answer_stops_the_upload() -> None:
    async def scenario() -> None:
        async with http2() as (rig, client):

            async def hasty(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\n\r\nno!")
                await conn.rest()

            await rig.dyno(hasty)
            number = await client.send((*POST, ("content-length", "100000")), b"abc", end=False)
            await client.until(lambda: client.answers[number].over)
            answer = client.answers[number]
            assert (answer.status, answer.body) == ("413", b"no!")
            await client.until(lambda: answer.reset == 0)  # RST_STREAM, NO_ERROR
            assert (await client.ask()).status == "413"

    run(scenario())
