"""URLs of drains and answers of receivers, read without a network."""

from __future__ import annotations

import asyncio
import errno
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localku.errors import UserError
from localku.logs.drain_answer import MAX_BODY, MAX_HEAD, Answer, AnswerError
from localku.logs.drain_errors import explain
from localku.logs.drain_url import Target, parse

GOOD = {
    "https://logs.test": Target("https", "logs.test", 443, "/"),
    "HTTP://Logs.Test:8080/a%2Fb?c=d": Target("http", "logs.test", 8080, "/a%2Fb?c=d"),
    "https://u:p%40%3A@h.test/x": Target("https", "h.test", 443, "/x", "u", "p@:"),
    "https://token@h.test": Target("https", "h.test", 443, "/", "token"),
    "http://[::1]:99/": Target("http", "::1", 99, "/"),
    "syslog://logs.test": Target("syslog", "logs.test", 601),
    "syslog://127.0.0.1:514/": Target("syslog", "127.0.0.1", 514),
    "syslog+tls://logs.test": Target("syslog+tls", "logs.test", 6514),
}
BAD = [
    *("", "x", "//h", "http:", "http://", "http:///x", "https://:443", "http://h:0", "http://h:x"),
    *("http://h:99999", "file:///etc/passwd", "ftp://h/x", "gopher://h:70/", "javascript:alert(1)"),
    *("udpsyslog://h", "syslog+udp://h", "ws://h", "unix:///tmp/x", "data:,x", "logs.test:514"),
    *("http://h/a b", "http://h/\r\nX: y", "http://h\n", "http://h/\x00", "http://h/\x7f"),
    *(
        "http://h/#x",
        "http://é.test/",
        "http://a..b/",
        "http://-a/",
        "http://[::1",
        "http://a_/\\b",
    ),
    *("syslog://h/path", "syslog://h?x=1", "syslog://u:p@h", "syslog+tls://h/x", "http://h@:80/"),
    *("https://" + "x" * 300, "http://h/" + "x" * 3000, "http://a%3Ab:c@h/"),
]


@pytest.mark.parametrize(("url", "target"), GOOD.items())
def test_urls_that_can_be_drains(url: str, target: Target) -> None:
    assert parse(url) == target


@pytest.mark.parametrize("url", BAD)
def test_urls_that_cannot_say_why_in_one_line(url: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(url)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_no_url_is_taken_for_another(text: str) -> None:
    """What is parsed holds nothing that could end a request line or a header."""
    for url in (text, "http://" + text, "http://h/" + text, "syslog://" + text):
        try:
            target = parse(url)
        except UserError:
            continue
        assert target.scheme in ("http", "syslog")
        assert all(33 <= ord(letter) <= 126 for letter in target.host + target.path)


def test_what_is_shown_of_a_url_is_no_secret() -> None:
    assert parse("https://u:secret@h.test:8443/token?key=1").place == "https://h.test:8443"
    assert parse("http://[::1]:80/x").place == "http://[::1]"


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("shop.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("notlocalhost", False),
        ("localhost.test", False),
        ("10.0.0.1", False),
    ],
)
def test_names_of_this_machine(host: str, here: bool) -> None:
    assert parse(f"http://{host}/").is_here is here


# -- answers -------------------------------------------------------------------------------------


def answer(data: bytes) -> Answer:
    one = Answer()
    one.feed(data)
    return one


ANSWERS = {
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, True),
    "a length": (b"HTTP/1.1 200 OK\r\ncontent-length:  2 \r\n\r\nok", 200, True),
    "two equal lengths": (b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n", 200, True),
    "no reason": (b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n", 500, True),
    "interim": (
        b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
        204,
        True,
    ),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, False),
    "1.0 kept": (
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
        200,
        True,
    ),
    "closes": (b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", 204, False),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, False),
    "both": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: x\r\n\r\n", 200, False),
    "no length": (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, False),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        200,
        False,
    ),
    "a bad length": (b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", 200, False),
    "too short": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nx", 200, False),
    "too much": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", 200, False),
    "another answer": (b"HTTP/1.1 204 N\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 204, False),
    "an upgrade": (b"HTTP/1.1 101 Switching\r\n\r\n", 101, False),
}


@pytest.mark.parametrize(("data", "status", "over"), ANSWERS.values(), ids=ANSWERS)
@given(cuts=st.lists(st.integers(0, 80), max_size=4))
def test_an_answer_is_read_however_it_is_cut(
    data: bytes, status: int, over: bool, cuts: list[int]
) -> None:
    one = Answer()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        one.feed(data[start:end])
    assert (one.status, one.is_over) == (status, over)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 99 X\r\n\r\n",
        b"HTTP/1.1 2000 X\r\n\r\n",
        b"HTTP/1.1  200 X\r\n\r\n",
        b"HTTP/1.1 200\tX\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 200 " + b"x" * MAX_HEAD,
        b"HTTP/1.1 100 C\r\n\r\n" * 9,
        b"HTTP/1.1 100 C\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_given_up_at_once(data: bytes) -> None:
    with pytest.raises(AnswerError):
        answer(data)


def test_a_body_without_end_is_hopeless() -> None:
    one = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
    assert not one.is_hopeless
    one.feed(b"x" * (MAX_BODY + 1))
    assert one.is_hopeless


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_none(data: bytes) -> None:
    one = Answer()
    try:
        one.feed(data)
    except AnswerError:
        return
    assert one.status in (0, *range(100, 1000))


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "connection refused"),
        (ConnectionResetError(), "connection reset"),
        (asyncio.TimeoutError(), "no answer in time"),
        (ssl.SSLError(1, "x"), "TLS: "),
        (OSError(errno.EMFILE, "Too many"), "too many open files"),
        (ValueError("a\x1b[31m\r\nb" + "x" * 500), "a [31m b"),
    ],
)
def test_errors_are_a_few_words(error: Exception, why: str) -> None:
    found = explain(error).why
    assert found.startswith(why) and found.isprintable() and len(found) <= 200
