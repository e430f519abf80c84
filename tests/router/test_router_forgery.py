"""A log line cannot forge another, nor a field of its own, whatever a client sends."""

from __future__ import annotations

import re

import pytest
from http2_kit import connect
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_rig import Conn, Rig, rigged, run
from tls_kit import pki

from localku.logs.entry import Entry
from localku.logs.jsonlines import encode
from localku.logs.logfmt import parse
from localku.logs.words import escaped, sentence
from localku.router import codes, record

LINE = re.compile(
    r'(sock=\w+ )?at=(info|warning|error)( code=[A-Z]\d\d desc="[\w .-]*")?( cause="[\w .-]*")? '
    r"method=([!#$%&'*+.^_`|~\w-]*) "
    r'path="((?:[^"\\]|\\.)*)" host=([^ "\\]*) request_id=([\w+/=-]*) '
    r'fwd="((?:[^"\\]|\\.)*)" dyno=([\w.]*) connect=(\d+ms|) service=(\d+ms|) '
    r"status=(\d*) bytes=(\d*) protocol=[\w.]+( tls=\w+ tls_version=[\w.]+)?"
)
# what has forged lines, moved cursors and turned text around elsewhere
EVIL = [
    *(b'" status=200 x="', b'\\"', b"\\", b"\\\\", b'"', b"\n", b"\r\n", b"\r", b"\0", b"\t", b" "),
    *(b"\x1b[2K\x1b[1A", b"\x1b]0;x\x07", b"\x9b2K", b"\xc2\x9b2K", b"\xc2\x85", b"\x08\x08"),
    *("\u2028at=info", "\u202e", "\u2066", "\ufeff", b"\xff\xfe", b"\xed\xa0\x80", b"%0d%0a"),
    *(
        b"2026-11-24T10:00:00.000000+00:00 heroku[router]: at=info",
        "gr\u00fc\u00df dich \U0001f600",
    ),
]
PIECES = [each.encode() if isinstance(each, str) else each for each in EVIL]
evil = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=5).map(b"".join)


def check(line: bytes) -> re.Match[str]:
    """It is one line of ours, and prints as such."""
    assert line.endswith(b"\n")
    text = line[:-1].decode("utf-8")
    assert text == escaped(text)
    assert text.splitlines() == [text]
    match = LINE.fullmatch(text)
    assert match is not None, text
    return match


@settings(deadline=None)
@given(evil, evil)
def test_no_path_and_no_header_ends_its_field(path: bytes, fwd: bytes) -> None:
    rest = (b"h", b"r", record.log_fwd(fwd))
    served = record.served(b"GET", path, *rest, b"web.1", 1, 2, 200, 3, b"protocol=http")
    failed = record.failed(codes.H14.opening(), b"GET", path, *rest, b"protocol=http", status=503)
    for line, status in ((served, "200"), (failed, "503")):
        match = check(line)
        assert (match[7], match[13]) == ("h", status)
        keys = [key for key, _ in parse(line.decode())]
        assert len(keys) == len(set(keys))
        (shown,) = encode(Entry(0.0, "heroku", "router", line)).splitlines()
        assert b'"status": "%b"' % status.encode() in shown


@given(st.text() | evil.map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_no_word_ends_a_sentence_of_ours(text: str) -> None:
    line = sentence(text).decode("utf-8")
    assert line.splitlines() == [line[:-1]]
    assert escaped(line[:-1], kept="\t") == line[:-1]


def test_what_prints_stays_as_it_is() -> None:
    for text in ("/caf\u00e9?q=1&x=\u65e5\u672c", "/a%20b", "/'`$(x)"):
        assert record.quoted(text.encode()) == text.encode()
    assert sentence("tabs\tand \u00fcmlauts") == "tabs\tand \u00fcmlauts\n".encode()
    assert record.quoted(b'/"\\\x1b\xff\n') == b'/\\"\\\\\\x1b\\xff\\n'


# -- through a real router -----------------------------------------------------------------------

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
requests = st.lists(st.tuples(evil, evil, evil, evil), min_size=1, max_size=6)


async def settled(rig: Rig, count: int) -> list[bytes]:
    """The router's lines, of which there is one for each request that could be read."""
    await rig.line(count - 1)
    return b"".join(entry.data for _, entry in rig.published).splitlines(keepends=True)


async def send(conn: Conn, request: bytes) -> bool:
    """Whether the answer says that it went to the dyno."""
    await conn.send(request)
    return (await conn.rest()).startswith(b"HTTP/1.1 200")


@FEW
@given(requests)
def test_http1(asked: list[tuple[bytes, bytes, bytes, bytes]]) -> None:
    async def play() -> None:
        async with rigged() as rig:
            await rig.dyno()
            served = 0
            for path, host, fwd, other in asked:
                head = b"GET /%b HTTP/1.1\r\nHost: app.localhost%b\r\nX-Forwarded-For: %b\r\n"
                head += b"X-Request-Id: 0123456789012345678901%b\r\nConnection: close\r\n\r\n"
                served += await send(await rig.dial(), head % (path, host, fwd, other))
                # a line for whoever came last, so that all before it are there
                plain = b"GET /end HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n"
                served += await send(await rig.dial(), plain)
            lines = await settled(rig, served)
            matches = [check(line) for line in lines]
            assert [match[13] for match in matches].count("200") == served
            assert len(lines) <= 3 * len(asked)

    run(play())


@FEW
@given(st.lists(st.tuples(evil, evil, evil), min_size=1, max_size=6))
def test_http2(asked: list[tuple[bytes, bytes, bytes]]) -> None:
    async def play() -> None:
        async with rigged(pki=pki(), protocols=("h2", "http/1.1")) as rig:
            await rig.dyno()
            client = await connect(rig)
            served = 0
            for path, host, fwd in asked:
                headers = (
                    *((b":method", b"GET"), (b":scheme", b"https")),
                    *((b":authority", b"app.localhost" + host), (b":path", b"/" + path)),
                    (b"x-forwarded-for", fwd),
                )
                number = await client.send(headers)  # type: ignore[arg-type]
                served += (await client.answer(number)).status == "200"
            number = await client.send(((b":method", b"GET"), (b":scheme", b"https"),
                                        (b":authority", b"app.localhost"), (b":path", b"/end")))  # type: ignore[arg-type]  # fmt: skip
            served += (await client.answer(number)).status == "200"
            lines = await settled(rig, served)
            matches = [check(line) for line in lines]
            assert [match[13] for match in matches].count("200") == served
            assert len(lines) <= len(asked) + 1

    run(play())


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_each_of_them_in_a_path_that_is_let_in(piece: bytes) -> None:
    async def play() -> None:
        async with rigged() as rig:
            await rig.dyno()
            head = b"GET /a%bz HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n"
            came_in = await send(await rig.dial(), head % piece)
            (line,) = await settled(rig, 1)
            match = check(line)
            assert match[13] == ("200" if came_in else "400")
            if came_in:
                assert match[6].startswith("/a")
                assert match[6].endswith("z")

    run(play())
