"""What requests are: words of the command line, HAR, scenarios, and the bytes that are sent."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from localku.errors import UserError
from localku.load import har, scenario
from localku.load.plan import Ask, Target
from localku.load.wire import deck, turns, wire
from localku.load.words import Origin, one_origin, read_header, read_url, read_word

TARGET = Target("http://shop.localhost:5006/", "127.0.0.1", 5006, "shop.localhost:5006")
LOCAL = Origin("http", "127.0.0.1", 8000)
WORDS = {
    "/": (None, "/", 1),
    "/a?b=c:d": (None, "/a?b=c:d", 1),
    "3:/cart": (None, "/cart", 3),
    "0.5:/cart": (None, "/cart", 0.5),
    "http://127.0.0.1:8000": (LOCAL, "/", 1),
    "2:http://127.0.0.1:8000/x?y": (LOCAL, "/x?y", 2),
    "https://[::1]/z": (Origin("https", "::1", 443), "/z", 1),
}
WRONG_WORDS = {
    "cart": "neither a path nor a URL",
    "": "neither a path nor a URL",
    "0:/cart": "no weight",
    "1.2.3:/": "no weight",
    "ftp://x/": "neither a path nor a URL",
    "http://": "no http",
    "http://u:p@localhost/": "password",
    "http://localhost:99999/": "no URL",
}


@pytest.mark.parametrize("word", WORDS)
def test_words(word: str) -> None:
    origin, ask = read_word(word)
    assert (origin, ask.path, ask.weight) == WORDS[word]


@pytest.mark.parametrize("word", WRONG_WORDS)
def test_wrong_words(word: str) -> None:
    with pytest.raises(UserError, match=WRONG_WORDS[word]):
        read_word(word)


def test_one_target_at_a_time() -> None:
    assert one_origin([None, None]) is None
    assert one_origin([LOCAL, LOCAL]) == LOCAL
    with pytest.raises(UserError, match="one target at a time"):
        one_origin([None, LOCAL])


def test_origins() -> None:
    assert read_url("https://Shop.test/")[0].authority == "shop.test"
    assert read_url("http://[::1]:80/")[0].url == "http://[::1]/"
    assert read_header("A:  b: c ") == ("A", "b: c")


# -- the bytes ---------------------------------------------------------------------------------


def test_a_request_as_it_is_sent() -> None:
    it = wire(Ask("/a b?c=ü#d", headers=(("X-A", "1"),)), TARGET)
    head, _, rest = it.data.partition(b"\r\n")
    assert head == b"GET /a%20b?c=%C3%BC HTTP/1.1"
    assert rest.startswith(b"Host: shop.localhost:5006\r\nX-A: 1\r\nUser-Agent: localku-load/")
    assert rest.endswith(b"Accept: */*\r\n\r\n")


def test_a_body_has_its_length() -> None:
    assert b"\r\nContent-Length: 3\r\n\r\nabc" in wire(Ask("/", "POST", (), b"abc"), TARGET).data
    assert b"\r\nContent-Length: 0\r\n\r\n" in wire(Ask("/", "POST"), TARGET).data
    assert b"Content-Length" not in wire(Ask("/"), TARGET).data


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (Ask("/", "GE T"), "no HTTP method"),
        (Ask("/", headers=(("A b", "c"),)), "no name of a header"),
        (Ask("/", headers=(("A", "b\r\nC: d"),)), "control characters"),
        (Ask("/", headers=(("A", "€"),)), "cannot be sent"),
        (Ask("/", headers=(("Host", "x"),)), "set by localku"),
        (Ask("/", headers=(("content-length", "3"),)), "set by localku"),
    ],
)
def test_what_cannot_be_sent(ask: Ask, what: str) -> None:
    with pytest.raises(UserError, match=what):
        wire(ask, TARGET)


@given(st.text(max_size=30), st.sampled_from(["GET", "PUT"]), st.binary(max_size=20))
def test_no_path_breaks_the_framing(path: str, method: str, body: bytes) -> None:
    data = wire(Ask("/" + path, method, (), body), TARGET).data
    head, end, rest = data.partition(b"\r\n\r\n")
    line = head.split(b"\r\n")[0]
    assert end and rest == body
    assert len(line.split(b" ")) == 3 and b"\n" not in line and line.isascii()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_a_deck_keeps_to_whole_weights(weights: list[int]) -> None:
    cards = deck([Ask(weight=weight) for weight in weights], random.Random(1).shuffle)
    counts = Counter(cards)
    total = sum(counts.values())
    assert all(
        counts[n] / total == pytest.approx(weight / sum(weights))
        for n, weight in enumerate(weights)
    )


def test_other_weights_and_orders() -> None:
    counts = Counter(deck([Ask(weight=0.9), Ask(weight=0.1)], random.Random(1).shuffle))
    assert counts == {0: 900, 1: 100}
    assert Counter(deck([Ask(weight=1e6), Ask()], random.Random(1).shuffle))[1] == 1
    assert deck([Ask(weight=5), Ask(), Ask()], None) == [0, 1, 2]
    wires = [wire(Ask(path), TARGET) for path in ("/a", "/b")]
    assert [it.data[4:6] for it in islice(turns(wires, [0, 1, 1]), 5)] == [
        b"/a", b"/b", b"/b", b"/a", b"/b",
    ]  # fmt: skip


# -- HAR ---------------------------------------------------------------------------------------


def entry(url: str, method: str = "GET", **more: object) -> dict[str, object]:
    return {"request": {"url": url, "method": method, **more}}


def log(*entries: dict[str, object]) -> dict[str, object]:
    return {"log": {"entries": list(entries)}}


def test_a_har_gives_the_requests_to_the_app_in_their_order() -> None:
    headers = [
        {"name": ":authority", "value": "x"},
        {"name": "Host", "value": "x"},
        {"name": "Cookie", "value": "a=b"},
        {"name": "Connection", "value": "keep-alive"},
    ]
    post = {"text": "x=1", "mimeType": "application/x-www-form-urlencoded"}
    params = {"params": [{"name": "a", "value": "1 2"}]}
    value = log(
        entry("http://shop.localhost:5006/", headers=headers),
        entry("https://fonts.example.com/f.woff"),
        entry("data:text/css,x"),
        entry("http://shop.localhost:5006/buy?x=1", "POST", postData=post),
        entry("http://shop.localhost:5006/form", "POST", postData=params),
        entry(
            "http://shop.localhost:5006/raw", "PUT", postData={"text": "AAE=", "encoding": "base64"}
        ),
    )
    asks, notes = har.read(value, {"shop.localhost:5006"}, "x.har")
    assert [(it.method, it.path) for it in asks] == [
        ("GET", "/"), ("POST", "/buy?x=1"), ("POST", "/form"), ("PUT", "/raw"),
    ]  # fmt: skip
    assert asks[0].headers == (("Cookie", "a=b"),)
    assert [it.body for it in asks] == [b"", b"x=1", b"a=1+2", b"\x00\x01"]
    assert notes == ["2 requests of x.har are not to the app, and left out"]


def test_a_har_of_another_host_is_said() -> None:
    value = log(entry("https://shop.herokuapp.com/"), entry("https://shop.herokuapp.com/a"))
    with pytest.raises(UserError, match=r"but to shop\.herokuapp\.com .*--har-host"):
        har.read(value, {"shop.localhost"}, "x.har")
    asks, _ = har.read(value, {"shop.herokuapp.com"}, "x.har")
    assert len(asks) == 2


@pytest.mark.parametrize("value", [None, [], {}, {"log": {}}, {"log": {"entries": [{}]}}, 3])
def test_what_is_no_har(value: object) -> None:
    with pytest.raises(UserError, match="no HAR"):
        har.read(value, {"x"}, "x.har")


# -- scenarios ---------------------------------------------------------------------------------

SCENARIO = """
rate: 50..500/60s
duration: 30
connections: 4
fail-if: [p95>300ms, errors>0.1%]
headers: {Accept: text/html}
requests:
  - /
  - 2:/two
  - path: /cart
    weight: 3
  - path: /orders
    headers: {Accept: text/json, X-A: 1}
    json: {sku: 7}
  - {path: /raw, method: put, body: hello}
  - {path: /file, body-file: order.bin}
"""


def load(text: str) -> scenario.Scenario:
    return scenario.read(yaml.safe_load(text), "load.yml", lambda name: name.encode())


def test_a_scenario() -> None:
    it = load(SCENARIO)
    assert it.settings == {"rate": "50..500/60s", "duration": "30", "connections": "4"}
    assert it.fail_if == ["p95>300ms", "errors>0.1%"]
    assert [(a.method, a.path, a.weight, a.body) for a in it.asks] == [
        ("GET", "/", 1, b""),
        ("GET", "/two", 2, b""),
        ("GET", "/cart", 3, b""),
        ("POST", "/orders", 1, b'{"sku": 7}'),
        ("PUT", "/raw", 1, b"hello"),
        ("POST", "/file", 1, b"order.bin"),
    ]
    assert it.asks[0].headers == (("Accept", "text/html"),)
    assert dict(it.asks[3].headers) == {
        "Accept": "text/json", "X-A": "1", "Content-Type": "application/json",
    }  # fmt: skip


WRONG_SCENARIOS = {
    "[]": "mapping",
    "rates: 3": "unknown key rates .*did you mean rate",
    "rate: [1]": "plain value",
    "rate: true": "plain value",
    "requests: /": "list",
    "requests: []": "list",
    "requests: [{paths: /}]": "request 1: unknown key paths",
    "requests: [{path: cart}]": "neither a path",
    "requests: [{path: 'http://x/'}]": "has to be a path",
    "requests: [{path: /, body: a, json: b}]": "one body",
    "requests: [{path: /, weight: 0}]": "weight",
    "requests: [{path: /, weight: many}]": "weight",
    "requests: [{path: /, headers: [a]}]": "mapping",
}


@pytest.mark.parametrize("text", WRONG_SCENARIOS)
def test_a_wrong_scenario_says_where(text: str) -> None:
    with pytest.raises(UserError, match=WRONG_SCENARIOS[text]) as caught:
        load(text)
    assert caught.value.where.startswith("load.yml")
