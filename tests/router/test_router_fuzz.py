"""What our parsers accept, h11 accepts with the same meaning; framing never differs.

Ours may refuse more than h11 does, never less. Known and wanted difference: octets above 0x7E in
a target pass here, as they do on Heroku, while h11 refuses them.
"""

from __future__ import annotations

import asyncio

import h11
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_rig import Conn, rigged, run

from localku.router.forward import Edge, request_fields, request_head
from localku.router.grammar import HeadError, ResponseError
from localku.router.head import Fields, parse_fields
from localku.router.request_line import RequestLine, parse_request_line
from localku.router.response import parse_response

MANY = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

RIGHT = [
    *(b"X-A: 1\r\n", b"x-a:\r\n", b"Accept: */*\r\n", b"Via: 1.0 a\r\n", b"Connection: X-A\r\n"),
    *(
        b"Connection: close\r\n",
        b"Connection: keep-alive, TE\r\n",
        b"TE: trailers\r\n",
        b"_: \xff\r\n",
    ),
    *(b"X-Forwarded-For: 1.2.3.4\r\n", b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\n"),
    *(b"Connection: Upgrade\r\nUpgrade: websocket\r\n", b"Connection: host, content-length\r\n"),
]
FRAMES = [
    *(b"Content-Length: 3\r\n", b"content-length:0\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"transfer-encoding:\tChunked \r\n", b"Content-Length: 003\r\n"),
]
ODD = [
    *(b"Content-Length: +3\r\n", b"Content-Length: 3, 3\r\n", b"Content-Length : 3\r\n"),
    *(b"Content-Length: 0x3\r\n", b"Content-Length: 3 \r\n", b"Content-Length: 1_0\r\n"),
    *(
        b"Content-Length:\r\n",
        b"Content-Length\r\n",
        b" Content-Length: 3\r\n",
        b"X\r\n",
        b": a\r\n",
    ),
    *(
        b"Content-Length\x00: 3\r\n",
        b"Content-Length: 3\n",
        b"Content-Length: 3\r",
        b"A: b\r\n\tc\r\n",
    ),
    *(b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Host: b\r\n"),
    *(b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: \x0bchunked\r\n", b"\r\n", b"\n"),
    *(b"Transfer-Encoding: chunked;a\r\n", b"Transfer\xadEncoding: chunked\r\n", b"A: \r b\r\n"),
    *(
        b"Transfer-Encoding:\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"X: a\x00b\r\n",
        b"X: \x7f\r\n",
    ),
]
RIGHT_LINES = st.sampled_from(RIGHT + FRAMES)
ANY_LINES = st.one_of(
    RIGHT_LINES,
    st.sampled_from(ODD),
    st.tuples(
        st.sampled_from([b"X-", b"Content-Length: ", b"Transfer-Encoding: "]), st.binary(max_size=5)
    ).map(lambda pair: pair[0] + pair[1] + b"\r\n"),
)
HOST_LINES = [b"Host: app.localhost\r\n"] * 6 + [b"Host:a:1\r\n", b"", b"Host: \r\n"]


def field_sections() -> st.SearchStrategy[bytes]:
    """Mostly right, or with something odd among the lines."""
    right = st.lists(st.sampled_from(RIGHT), max_size=3).map(b"".join)
    frame = st.sampled_from([b"", b"", *FRAMES])
    odd = st.tuples(right, st.sampled_from(ODD), frame)
    anything = st.lists(ANY_LINES, max_size=3)
    body = st.one_of(st.tuples(right, frame, right), odd, odd, anything).map(b"".join)
    return st.tuples(st.sampled_from(HOST_LINES), body).map(b"".join)


LINES = st.sampled_from(
    [b"GET / HTTP/1.1", b"POST /a HTTP/1.1", b"HEAD /?q HTTP/1.0", b"PUT /x HTTP/1.1"] * 4
    + [b"GET  / HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET http://h/p HTTP/1.1", b"GET /\x01 HTTP/1.1"]
    + [b"CONNECT a:1 HTTP/1.1", b"get /%20 HTTP/1.1", b"GET / HTTP/1.10", b"G\xc4T / HTTP/1.1"]
)


def _accepts(line: bytes, raw: bytes) -> tuple[RequestLine, Fields] | None:
    try:
        parsed = parse_request_line(line)
        fields = parse_fields(raw, parsed.authority)
    except HeadError:
        return None
    if fields.chunked and parsed.old:
        return None
    return (parsed, fields) if fields.length < 100_000 else None


def _body_of(fields: Fields) -> bytes:
    return b"3\r\nabc\r\n0\r\n\r\n" if fields.chunked else b"x" * max(fields.length, 0)


def _h11_reads(conn: h11.Connection) -> tuple[h11.Request, bytes]:
    """The request and its body, read to its very end; fails on anything else."""
    request = conn.next_event()
    assert isinstance(request, h11.Request), request
    body = b""
    while True:
        event = conn.next_event()
        if isinstance(event, h11.EndOfMessage):
            return request, body
        assert isinstance(event, h11.Data), event
        body += event.data


@MANY
@given(LINES, field_sections())
def test_accepted_requests_mean_the_same_to_h11(line: bytes, raw: bytes) -> None:
    accepted = _accepts(line, raw)
    if accepted is None:
        return
    parsed, fields = accepted
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(line + b"\r\n" + raw + b"\r\n" + _body_of(fields) + b"GET /next HTTP/1.1\r\n")
    request, body = _h11_reads(conn)
    assert (request.method, request.target) == tuple(line.split(b" ")[:2])
    assert body == (b"abc" if fields.chunked else b"x" * max(fields.length, 0))
    assert conn.trailing_data[0] == b"GET /next HTTP/1.1\r\n"
    if not parsed.authority:
        assert dict(request.headers)[b"host"] == fields.host


@MANY
@given(LINES, field_sections())
def test_what_is_forwarded_is_one_clear_message(line: bytes, raw: bytes) -> None:
    accepted = _accepts(line, raw)
    if accepted is None:
        return
    parsed, fields = accepted
    block = request_fields(fields, Edge(b"127.0.0.1", b"http", 5006, b"1.1 vegur", True))
    head = request_head(parsed, fields, block, b"0" * 36, 1)
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(head + _body_of(fields))
    request, body = _h11_reads(conn)
    names = [name for name, _ in request.headers]
    assert names[0] == b"host"
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    for once in (b"host", b"x-forwarded-for", b"via", b"x-request-id", b"connection"):
        assert names.count(once) == 1
    assert conn.trailing_data[0] == b""
    kept = [(n.lower(), v.strip(b" \t")) for n, _, v in (k.partition(b":") for k in fields.kept)]
    assert [field for field in request.headers if field in kept] == kept or not kept


@MANY
@given(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 404 ", b"HTTP/1.1 500 a b", b"HTTP/1.1 99 x"]),
    field_sections(),
)
def test_accepted_responses_mean_the_same_to_h11(line: bytes, raw: bytes) -> None:
    try:
        head = parse_response(line + b"\r\n" + raw)
    except ResponseError:
        return
    conn = h11.Connection(h11.CLIENT)
    conn.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    conn.send(h11.EndOfMessage())
    body = b"3\r\nabc\r\n0\r\n\r\n" if head.chunked else b"x" * max(head.length, 0)
    conn.receive_data(line + b"\r\n" + raw + b"\r\n" + body)
    if not head.chunked and head.length < 0:
        conn.receive_data(b"")
    event = conn.next_event()
    assert isinstance(event, h11.Response)
    assert event.status_code == head.status
    got = b""
    while not isinstance(event := conn.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data), event
        got += event.data
    assert got == (b"abc" if head.chunked else b"x" * max(head.length, 0))


async def _h11_dyno(conn: Conn, seen: list[bytes], problems: list[BaseException]) -> None:
    """Answer each request that h11 finds; what it cannot read is a problem of ours."""
    peer = h11.Connection(h11.SERVER)
    while data := await conn.reader.read(65_536):
        peer.receive_data(data)
        try:
            while (event := peer.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
                if isinstance(event, h11.Request):
                    seen.append(event.target)
                if isinstance(event, h11.EndOfMessage):
                    await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    trailing, _ = peer.trailing_data
                    peer = h11.Connection(h11.SERVER)
                    if trailing:
                        peer.receive_data(trailing)
        except h11.RemoteProtocolError as error:
            problems.append(error)
            return


@FEW
@given(
    st.lists(
        st.tuples(
            LINES, field_sections(), st.sampled_from([b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n"])
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 200),
)
def test_no_stream_of_requests_confuses_a_dyno(
    messages: list[tuple[bytes, bytes, bytes]], step: int
) -> None:
    async def scenario() -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        async with rigged() as rig:
            seen: list[bytes] = []
            problems: list[BaseException] = []
            await rig.dyno(lambda conn: _h11_dyno(conn, seen, problems))
            client = await rig.dial()
            stream = b"".join(line + b"\r\n" + raw + b"\r\n" + body for line, raw, body in messages)
            for at in range(0, len(stream), step):
                client.writer.write(stream[at : at + step])
                await asyncio.sleep(0)
            client.writer.write(b"\r\nGET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            try:
                await asyncio.wait_for(client.rest(), 0.3)
            except asyncio.TimeoutError:
                pass  # the stream ended within a message: the router waits, as it should
            assert not problems
            assert not faults

    run(scenario())
