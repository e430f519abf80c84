"""Who is let in over TCP, and what a connection speaks: the pure rules."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localku.api import access, spoken

LOCAL = [
    "localhost",
    "LOCALHOST:5007",
    "127.0.0.1",
    "127.0.0.1:1",
    "[::1]",
    "[::1]:5007",
    "shop.localhost:5007",
    "a-b.shop.localhost",
]
FOREIGN = [
    "",
    "evil.com",
    "localhost.evil.com",
    "evil.com:localhost",
    "evillocalhost",
    ".localhost",
    "127.0.0.2",
    "127.0.0.1.evil.com",
    "127.0.0.1:",
    "127.0.0.1:x",
    "127.0.0.1:123456",
    "::1",
    "[::2]",
    "[::1",
    "localhost@evil.com",
    "localhost, evil.com",
    "localhost:80:80",
    "localhost.",
    "-.localhost",
    "a..localhost",
    "0.0.0.0",
    "192.168.1.5:5007",
]


@pytest.mark.parametrize("host", LOCAL)
def test_names_of_this_machine(host: str) -> None:
    assert access.is_local(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_names_that_are_somebody_elses(host: str) -> None:
    assert not access.is_local(host)


ORIGINS = {
    "itself": ("http://localhost:5007", "http", "localhost:5007", True),
    "itself, in capitals": ("HTTP://LOCALHOST:5007", "http", "localhost:5007", True),
    "an app of the router": ("http://localhost:5006", "http", "localhost:5007", False),
    "another name of it": ("http://127.0.0.1:5007", "http", "localhost:5007", False),
    "another scheme": ("http://localhost:5007", "https", "localhost:5007", False),
    "a page from a file": ("null", "http", "localhost:5007", False),
    "the wide world": ("https://evil.com", "http", "localhost:5007", False),
    "a longer name": ("http://localhost:50071", "http", "localhost:5007", False),
    "nothing": ("", "http", "localhost:5007", False),
}


@pytest.mark.parametrize(("origin", "scheme", "host", "own"), ORIGINS.values(), ids=ORIGINS)
def test_pages_that_may_send(origin: str, scheme: str, host: str, own: bool) -> None:
    assert access.is_own_origin(origin, scheme, host) is own


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


KEYS = {
    "bearer": ("Bearer k", "k"),
    "bearer, spelt otherwise": ("bearer   k ", "k"),
    "no user": (f"Basic {coded(':k')}", "k"),
    "a user": (f"Basic {coded('heroku:k')}", "k"),
    "a key with a colon": (f"Basic {coded('u:a:b')}", "a:b"),
    "no password": (f"Basic {coded('k')}", ""),
    "no base64": ("Basic k:k", ""),
    "no text": ("Basic /w==", ""),
    "half of it": ("Basic", ""),
    "another scheme": ("Digest k", ""),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("header", "key"), KEYS.values(), ids=KEYS)
def test_the_key_in_a_header(header: str, key: str) -> None:
    assert access.key_of(header) == key


@given(st.binary(max_size=40))
def test_no_header_is_the_key_or_breaks_it(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")  # as aiohttp reads headers
    for header in (text, f"Basic {text}", f"Bearer {text}"):
        assert access.is_same(access.key_of(header), "k" * 64) is (
            access.key_of(header) == "k" * 64
        )


VERSIONS = {
    "none": ("", True),
    "anything": ("*/*", True),
    "three": ("application/vnd.heroku+json; version=3", True),
    "a variant": ("application/vnd.heroku+json; version=3.sdk", True),
    "no space": ("application/vnd.heroku+json;version=3", True),
    "quoted": ('application/vnd.heroku+json; version="3"', True),
    "one of several": ("application/vnd.heroku+json; version=2, a/b; version=3", True),
    "events": ("text/event-stream", True),
    "two": ("application/vnd.heroku+json; version=2", False),
    "thirty": ("application/vnd.heroku+json; version=30", False),
    "edge": ("application/vnd.heroku+json; version=edge", False),
}


@pytest.mark.parametrize(("accept", "fine"), VERSIONS.values(), ids=VERSIONS)
def test_versions(accept: str, fine: bool) -> None:
    assert access.is_spoken(accept) is fine


WORDS = {
    "GET": (b"GET / HTTP/1.1\r\n", True),
    "a secret": (b"0fbf541e22ef45989c0068b8130e2498", False),
    "a secret that begins as a verb": (b"DELETED", False),
    "half a verb": (b"PAT", None),
    "a verb without its space": (b"OPTIONS", None),
    "small letters": (b"get / HTTP/1.1", False),
    "nothing": (b"", None),
    "a zero byte": (b"\0", False),
}


@pytest.mark.parametrize(("data", "http"), WORDS.values(), ids=WORDS)
def test_the_first_words(data: bytes, http: bool | None) -> None:
    assert spoken.is_http(data) is http


def test_the_first_byte_of_tls() -> None:
    assert spoken.is_tls(b"\x16\x03\x01")
    assert not spoken.is_tls(b"GET ")
    assert not spoken.is_tls(b"")
