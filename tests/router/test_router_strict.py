"""What a client must not say: one page, one line, the connection closed, nothing forwarded."""

from __future__ import annotations

import asyncio

import pytest
from router_rig import GET, Conn, Dyno, fields_of, rigged, run, until

from localku.router.settings import RouterSettings

H = b"Host: app.localhost\r\n"


def _get(*lines: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n"


def _post(*lines: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\n" + H + b"".join(lines) + b"\r\n"


BAD = [
    ("CL and TE", 400, _post(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n") + b"abc"),
    ("TE and CL", 400, _post(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n") + b"abc"),
    ("two CL", 400, _post(b"Content-Length: 3\r\n", b"Content-Length: 4\r\n") + b"abc"),
    ("two equal CL", 400, _post(b"Content-Length: 3\r\n", b"Content-Length: 3\r\n") + b"abc"),
    ("CL list", 400, _post(b"Content-Length: 3, 3\r\n") + b"abc"),
    ("CL with a sign", 400, _post(b"Content-Length: +3\r\n") + b"abc"),
    ("negative CL", 400, _post(b"Content-Length: -1\r\n")),
    ("hex CL", 400, _post(b"Content-Length: 0x3\r\n") + b"abc"),
    ("CL with an underscore", 400, _post(b"Content-Length: 1_0\r\n") + b"abc"),
    ("empty CL", 400, _post(b"Content-Length:\r\n")),
    ("huge CL", 400, _post(b"Content-Length: 99999999999999999999\r\n")),
    ("CL with a blank inside", 400, _post(b"Content-Length: 1 0\r\n")),
    ("TE of something else", 400, _post(b"Transfer-Encoding: gzip\r\n")),
    ("TE gzip, chunked", 400, _post(b"Transfer-Encoding: gzip, chunked\r\n")),
    ("TE chunked twice", 400, _post(b"Transfer-Encoding: chunked, chunked\r\n")),
    ("two TE", 400, _post(b"Transfer-Encoding: chunked\r\n" * 2)),
    ("TE identity", 400, _post(b"Transfer-Encoding: identity\r\n")),
    ("TE with a tab", 400, _post(b"Transfer-Encoding: \x0bchunked\r\n")),
    ("TE misspelled", 400, _post(b"Transfer-Encoding: xchunked\r\n")),
    ("empty TE", 400, _post(b"Transfer-Encoding:\r\n")),
    ("TE from HTTP/1.0", 400, b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n"),
    ("bare LF in the head", 400, b"GET / HTTP/1.1\nHost: app.localhost\n\n"),
    ("bare LF between fields", 400, _get(H, b"A: b\nC: d\r\n")),
    ("bare CR in a value", 400, _get(H, b"A: b\rC: d\r\n")),
    ("bare CR in the line", 400, b"GET /\r HTTP/1.1\r\n" + H + b"\r\n"),
    ("NUL in a value", 400, _get(H, b"A: b\0c\r\n")),
    ("NUL in the target", 400, b"GET /\0 HTTP/1.1\r\n" + H + b"\r\n"),
    ("control in a value", 400, _get(H, b"A: b\x1bc\r\n")),
    ("DEL in a value", 400, _get(H, b"A: b\x7f\r\n")),
    ("blank before the colon", 400, _get(H, b"A : b\r\n")),
    ("tab before the colon", 400, _post(b"Content-Length\t: 3\r\n") + b"abc"),
    ("blank before CL's colon", 400, _post(b"Content-Length : 3\r\n") + b"abc"),
    ("folded field", 400, _get(H, b"A: b\r\n c\r\n")),
    ("fold at the start", 400, _get(b" A: b\r\n", H)),
    ("no colon", 400, _get(H, b"Hello\r\n")),
    ("no colon, known name", 400, _get(H, b"Accept\r\n")),
    ("empty name", 400, _get(H, b": b\r\n")),
    ("bad name", 400, _get(H, b"A(b): c\r\n")),
    ("name not ASCII", 400, _get(H, b"\xc3\xa4: c\r\n")),
    ("no Host", 400, _get(b"A: b\r\n")),
    ("no Host from HTTP/1.0", 400, b"GET / HTTP/1.0\r\n\r\n"),
    ("empty Host", 400, _get(b"Host:\r\n")),
    ("two Hosts", 400, _get(H, b"Host: other\r\n")),
    ("the same Host twice", 400, _get(H, H)),
    ("Host with a path", 400, _get(b"Host: a/b\r\n")),
    ("Host with a user", 400, _get(b"Host: a@b\r\n")),
    ("Host list", 400, _get(b"Host: a, b\r\n")),
    ("Host with a blank", 400, _get(b"Host: a b\r\n")),
    ("Host with a bad port", 400, _get(b"Host: a:b\r\n")),
    ("two blanks in the line", 400, b"GET  / HTTP/1.1\r\n" + H + b"\r\n"),
    ("a blank in the target", 400, b"GET /a b HTTP/1.1\r\n" + H + b"\r\n"),
    ("a tab in the line", 400, b"GET\t/ HTTP/1.1\r\n" + H + b"\r\n"),
    ("no version", 400, b"GET /\r\n" + H + b"\r\n"),
    ("a blank at the end", 400, b"GET / HTTP/1.1 \r\n" + H + b"\r\n"),
    ("a version in lower case", 400, b"GET / http/1.1\r\n" + H + b"\r\n"),
    ("HTTP/0.9", 400, b"GET / HTTP/0.9\r\n" + H + b"\r\n"),
    ("HTTP/2 preface", 505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("HTTP/1.2", 505, b"GET / HTTP/1.2\r\n" + H + b"\r\n"),
    ("bad method", 400, b"GE(T / HTTP/1.1\r\n" + H + b"\r\n"),
    ("long method", 400, b"G" * 128 + b" / HTTP/1.1\r\n" + H + b"\r\n"),
    ("CONNECT", 400, b"CONNECT app.localhost:80 HTTP/1.1\r\n" + H + b"\r\n"),
    ("a target that is no path", 400, b"GET a HTTP/1.1\r\n" + H + b"\r\n"),
    ("* with GET", 400, b"GET * HTTP/1.1\r\n" + H + b"\r\n"),
    ("ftp target", 400, b"GET ftp://a/ HTTP/1.1\r\n" + H + b"\r\n"),
    ("target without host", 400, b"GET http:///a HTTP/1.1\r\n" + H + b"\r\n"),
    ("target with user", 400, b"GET http://u@h/ HTTP/1.1\r\n" + H + b"\r\n"),
    ("long line", 414, b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n" + H + b"\r\n"),
    ("line without end", 414, b"GET /" + b"a" * 10_000),
    ("long name", 400, _get(H, b"a" * 2100 + b": b\r\n")),
    ("long value", 400, _get(H, b"A: " + b"b" * 9100 + b"\r\n")),
    ("many fields", 400, _get(H, b"A: b\r\n" * 1100)),
    ("long head", 431, _get(H, (b"A: " + b"b" * 8000 + b"\r\n") * 40)),
    ("six empty lines", 400, b"\r\n" * 6 + _get(H)),
    ("LF before the line", 400, b"\n" + _get(H)),
    ("TLS on a plain port", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("unknown Expect", 417, _post(b"Content-Length: 3\r\n", b"Expect: whatever\r\n")),
    ("Expect that is none", 400, _post(b"Content-Length: 3\r\n", b"Expect: 100 continue\r\n")),
    ("Upgrade without a protocol", 400, _get(H, b"Connection: Upgrade\r\n")),
]


@pytest.mark.parametrize(
    ("status", "request_bytes"), [pytest.param(*row, id=name) for name, *row in BAD]
)
def test_bad_requests_are_refused(status: int, request_bytes: bytes) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dyno = await rig.dyno()
            client = await rig.dial()
            client.writer.write(request_bytes)
            head, body = await client.response()
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert b"\r\nConnection: close\r\n" in head
            assert await client.rest() == b""
            assert dyno.connections == 0
            assert len(rig.lines) == 1
            line = rig.lines[0]
            assert line.startswith('at=error code=H26 desc="Request Error" cause="')
            assert fields_of(line)["status"] == str(status)
            for empty in ("dyno", "connect", "service", "bytes"):
                assert fields_of(line)[empty] == ""

    run(scenario())


GOOD = [
    ("value at the limit", _get(H, b"A: " + b"b" * 8192 + b"\r\n")),
    ("name at the limit", _get(H, b"a" * 1000 + b": b\r\n")),
    ("line at the limit", b"GET /" + b"a" * (8192 - 14) + b" HTTP/1.1\r\n" + H + b"\r\n"),
    ("1000 fields", _get(H, b"A: b\r\n" * 999)),
    ("five empty lines", b"\r\n" * 5 + _get(H)),
    ("no blank behind the colon", _get(b"Host:app.localhost\r\n")),
    ("blanks around a value", _get(b"Host: \t app.localhost \t\r\n")),
    ("empty value", _get(H, b"A:\r\n")),
    ("obs-text in a value", _get(H, b"A: \xff\xe4\r\n")),
    ("empty Expect", _get(H, b"Expect:\r\n")),
    ("an odd method", b"M-SEARCH / HTTP/1.1\r\n" + H + b"\r\n"),
    ("absolute form", b"GET http://app.localhost/ HTTP/1.1\r\n" + H + b"\r\n"),
    ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n"),
    ("UTF-8 in the target", b"GET /\xc3\xa4 HTTP/1.1\r\n" + H + b"\r\n"),
]


@pytest.mark.parametrize("request_bytes", [pytest.param(row, id=name) for name, row in GOOD])
def test_odd_but_right_requests_pass(request_bytes: bytes) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            head, body = await (await rig.dial()).ask(request_bytes)
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert body == b"ok"

    run(scenario())


@pytest.mark.parametrize("request_bytes", [pytest.param(row, id=name) for name, row in GOOD])
def test_any_head_may_come_byte_by_byte(request_bytes: bytes) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            client = await rig.dial()
            step = max(1, len(request_bytes) // 60)
            for at in range(0, len(request_bytes), step):
                await client.send(request_bytes[at : at + step])
                await asyncio.sleep(0)
            assert (await client.response())[1] == b"ok"

    run(scenario())


def test_router_2_logs_a_bad_request_without_a_code() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(log_format="2.0")) as rig:
            await (await rig.dial()).ask(_get(b"A: b\r\n"))
            line = await rig.line()
            assert line.startswith('at=error method=GET path="/" host= request_id=')
            assert " status=400 bytes= " in line

    run(scenario())


def test_a_bad_request_behind_a_good_one_is_not_blamed_on_it() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            client = await rig.dial()
            await client.send(b"GET /good HTTP/1.1\r\n" + H + b"\r\nBAD\r\n\r\n")
            assert (await client.response())[1] == b"ok"
            assert b" 400 " in await client.head()
            assert [fields_of(line)["path"] for line in rig.lines] == ["/good", ""]

    run(scenario())


def test_a_head_that_never_ends_is_408() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(head_timeout=0.2)) as rig:
            client = await rig.dial()
            await client.send(b"GET / HTTP/1.1\r\nHost: app.loc")
            assert b"HTTP/1.1 408 " in await client.head()

    run(scenario())


def test_a_client_that_says_nothing_is_closed_in_silence() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(head_timeout=0.2)) as rig:
            assert await (await rig.dial()).rest() == b""
            assert rig.lines == []

    run(scenario())


BAD_CHUNKS = [
    ("data longer than its size", b"3\r\nabcd\r\n0\r\n\r\n"),
    ("no size", b"\r\nabc\r\n0\r\n\r\n"),
    ("size with a sign", b"+3\r\nabc\r\n0\r\n\r\n"),
    ("size with a prefix", b"0x3\r\nabc\r\n0\r\n\r\n"),
    ("blank before the extension", b"3 ;a=b\r\nabc\r\n0\r\n\r\n"),
    ("bare LF behind the size", b"3\nabc\r\n0\r\n\r\n"),
    ("bare LF in an extension", b"3;a\nb\r\nabc\r\n0\r\n\r\n"),
    ("bare CR in an extension", b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
    ("huge size", b"10000000000000000\r\nabc"),
    ("chunk behind the last", b"3\r\nabc\r\n0\r\n3\r\nabc\r\n0\r\n\r\n"),
    ("bad trailer", b"0\r\nA b: c\r\n\r\n"),
    ("folded trailer", b"0\r\nA: b\r\n c\r\n\r\n"),
    ("framing in a trailer", b"0\r\nContent-Length: 3\r\n\r\n"),
    ("endless extension", b"3;" + b"a" * 2000),
]


@pytest.mark.parametrize("body", [pytest.param(row, id=name) for name, row in BAD_CHUNKS])
@pytest.mark.parametrize("split", [False, True], ids=["at once", "in pieces"])
def test_bad_chunks_never_reach_the_dyno_as_an_end(body: bytes, split: bool) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            got: list[bytes] = []

            async def reader(conn: Conn) -> None:
                await conn.head()
                got.append(await conn.rest())

            await rig.dyno(reader)
            client = await rig.dial()
            await client.send(_post(b"Transfer-Encoding: chunked\r\n"))
            if split:
                await until(lambda: rig.dynos[0].connections)
                for at in range(0, len(body), 1 + len(body) // 40):
                    client.writer.write(body[at : at + 1 + len(body) // 40])
                    await asyncio.sleep(0.001)
            else:
                client.writer.write(body)
            assert b"HTTP/1.1 400 " in await client.head()
            line = await rig.line()
            assert 'code=H26 desc="Request Error" cause="bad chunk"' in line
            await until(lambda: not rig.dynos[0].connections or got)
            assert not got or b"0\r\n" not in got[0]

    run(scenario())


def test_the_next_client_is_served_after_a_smuggling_attempt() -> None:
    """The bytes behind a refused head are thrown away, not read as a second request."""

    async def scenario() -> None:
        async with rigged() as rig:
            dyno: Dyno = await rig.dyno()
            attacker = await rig.dial()
            inner = b"GET /smuggled HTTP/1.1\r\n" + H + b"\r\n"
            await attacker.send(
                _post(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n")
                + b"0\r\n\r\n"
                + inner
            )
            assert b" 400 " in await attacker.head()
            assert (await (await rig.dial()).ask(GET))[1] == b"ok"
            assert len(dyno.heads) == 1
            assert b"smuggled" not in dyno.heads[0]

    run(scenario())
