"""The pure parts by tables: policies, quarantine, codes, records, ids, settings."""

from __future__ import annotations

import itertools
import os
import random
import re
import uuid
from dataclasses import dataclass

import pytest

from localku.router import codes, pages, record
from localku.router.forward import http_date
from localku.router.grammar import HeadError
from localku.router.head import host_key
from localku.router.ids import RequestIds
from localku.router.policy import (
    LEAST_CONNECTIONS,
    RANDOM,
    ROUND_ROBIN,
    TWO_CHOICES,
    RoundRobin,
    make_policy,
)
from localku.router.quarantine import Quarantine
from localku.router.request_line import parse_request_line
from localku.router.settings import RouterSettings


@dataclass(eq=False)
class Member:
    name: str
    inflight: int = 0


def _below(n: int) -> int:
    return 0


A, B, C, D = (Member(name) for name in "abcd")


@pytest.mark.parametrize("policy", [ROUND_ROBIN, RANDOM, LEAST_CONNECTIONS, TWO_CHOICES])
def test_every_policy_knows_when_nobody_is_left(policy: str) -> None:
    chooser = make_policy(policy, random.Random(1).randrange)
    assert chooser.choose() is None
    chooser.members([A, B])
    assert chooser.choose({A, B}) is None
    assert chooser.choose({A}) is B
    assert {chooser.choose() for _ in range(50)} <= {A, B}
    chooser.members([C])
    assert [chooser.choose() for _ in range(3)] == [C, C, C]


def test_unknown_policies_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown routing policy"):
        make_policy("fastest", _below)


ROUNDS = [
    ("in turn", [([A, B, C], 6)], "abcabc"),
    ("a newcomer waits its turn", [([A, B], 1), ([A, B, C], 6)], "abacbac"),
    ("one leaves before its turn", [([A, B, C], 1), ([A, C], 4)], "acaca"),
    ("the last one leaves", [([A, B, C], 3), ([A, B], 4)], "abcabab"),
    ("all are new", [([A, B], 1), ([C, D], 3)], "acdc"),
    ("the order of the table does not matter", [([A, B, C], 1), ([C, B, A], 3)], "abca"),
]


@pytest.mark.parametrize(
    ("steps", "wanted"), [pytest.param(steps, wanted, id=name) for name, steps, wanted in ROUNDS]
)
def test_round_robin(steps: list[tuple[list[Member], int]], wanted: str) -> None:
    ring: RoundRobin[Member] = RoundRobin()
    chosen = []
    for members, times in steps:
        ring.members(members)
        chosen += [ring.choose() for _ in range(times)]
    assert "".join(member.name for member in chosen if member) == wanted


def test_round_robin_is_fair_around_one_that_rests() -> None:
    ring: RoundRobin[Member] = RoundRobin()
    ring.members([A, B, C])
    chosen = [ring.choose({A}) for _ in range(10)]
    assert (chosen.count(B), chosen.count(C)) == (5, 5)


def test_least_connections_takes_the_idlest() -> None:
    policy = make_policy(LEAST_CONNECTIONS, _below)
    members = [Member("a", 3), Member("b", 1), Member("c", 2)]
    policy.members(members)
    assert policy.choose() is members[1]
    assert policy.choose({members[1]}) is members[2]


def test_two_choices_never_takes_the_busiest_of_all() -> None:
    policy = make_policy(TWO_CHOICES, random.Random(7).randrange)
    members = [Member("a", 9), Member("b", 1), Member("c", 0)]
    policy.members(members)
    chosen = {policy.choose() for _ in range(200)}
    assert chosen == {members[1], members[2]}


def test_random_reaches_all_about_equally() -> None:
    policy = make_policy(RANDOM, random.Random(3).randrange)
    policy.members([A, B, C, D])
    counts = dict.fromkeys((A, B, C, D), 0)
    for _ in range(4000):
        chosen = policy.choose()
        assert chosen is not None
        counts[chosen] += 1
    assert all(900 < count < 1100 for count in counts.values())


def test_quarantine() -> None:
    rest: Quarantine[str] = Quarantine(5.0)
    assert not rest.resting
    assert rest.release_at() == float("inf")
    rest.add("a", 10.0)
    rest.add("b", 12.0)
    assert (rest.held(14.9), rest.release_at()) == ({"a", "b"}, 15.0)
    assert rest.held(15.0) == {"b"}
    rest.add("b", 16.0)
    assert rest.held(20.9) == {"b"}
    rest.keep({"a"})
    assert not rest.resting


OPENINGS = [
    (codes.H10, b'at=error code=H10 desc="App crashed" '),
    (codes.H18, b'sock=backend at=error code=H18 desc="Server Request Interrupted" '),
    (codes.H27, b'sock=client at=warning code=H27 desc="Client Request Interrupted" '),
    (codes.H80, b'at=info code=H80 desc="Maintenance mode" '),
    (
        codes.restriction("oversized cookie"),
        b'at=error code=H25 desc="HTTP restriction: oversized cookie" ',
    ),
    (
        codes.request_error(400, "bad header", classic=True),
        b'at=error code=H26 desc="Request Error" cause="bad header" ',
    ),
    (codes.request_error(400, "bad header", classic=False), b"at=error "),
]


@pytest.mark.parametrize(
    ("code", "opening"), OPENINGS, ids=lambda value: getattr(value, "name", "")
)
def test_openings_of_log_lines(code: codes.Code, opening: bytes) -> None:
    assert code.opening() == opening


ABOUT = (b"GET", b"/", b"h.localhost", b"r", b"1.2.3.4", b"protocol=http")


def test_a_served_line_has_herokus_fields() -> None:
    method, path, host, request_id, fwd, protocol = ABOUT
    line = record.served(method, path, host, request_id, fwd, b"web.1", 1, 76, 200, 7072, protocol)
    assert line == (
        b'at=info method=GET path="/" host=h.localhost request_id=r fwd="1.2.3.4" dyno=web.1 '
        b"connect=1ms service=76ms status=200 bytes=7072 protocol=http\n"
    )


def test_a_failed_line_leaves_empty_what_is_unknown() -> None:
    assert record.failed(codes.H10.opening(), *ABOUT, status=503) == (
        b'at=error code=H10 desc="App crashed" method=GET path="/" host=h.localhost request_id=r '
        b'fwd="1.2.3.4" dyno= connect= service= status=503 bytes= protocol=http\n'
    )


def test_quotes_cannot_break_out_of_a_field() -> None:
    evil = b'/" at=info status=200 x="\\'
    line = record.served(b"GET", evil, b"h", b"r", b"1", b"web.1", 0, 0, 404, 0, b"protocol=http")
    assert line.startswith(b'at=info method=GET path="/\\" at=info status=200 x=\\"\\\\" host=h ')


@pytest.mark.parametrize(
    ("classic", "secure", "end"),
    [
        (True, False, b"protocol=http"),
        (True, True, b"protocol=https"),
        (False, False, b"protocol=http1.1 tls=false tls_version=unknown"),
        (False, True, b"protocol=http1.1 tls=true tls_version=unknown"),
    ],
)
def test_protocol_fields(classic: bool, secure: bool, end: bytes) -> None:
    assert record.protocol_fields(classic, secure) == end


def test_request_ids_are_fresh_uuids() -> None:
    ids = RequestIds(os.urandom)
    made = [ids.next().decode() for _ in range(600)]
    assert len(set(made)) == 600
    for text in made:
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)


def test_request_ids_follow_their_entropy() -> None:
    ids = RequestIds(lambda size: bytes(size))
    assert ids.next() == b"00000000-0000-4000-8000-000000000000"


def test_http_date() -> None:
    assert http_date((1994, 11, 6, 8, 49, 37, 6)) == b"Sun, 06 Nov 1994 08:49:37 GMT"


TARGETS = [
    (b"GET /a?b HTTP/1.1", b"/a?b", b""),
    (b"GET http://h/a?b HTTP/1.1", b"/a?b", b"h"),
    (b"GET HTTPS://h:81/ HTTP/1.1", b"/", b"h:81"),
    (b"GET http://h HTTP/1.1", b"/", b"h"),
    (b"GET http://h?a=b HTTP/1.1", b"/?a=b", b"h"),
    (b"GET http://h?a=/b HTTP/1.1", b"/?a=/b", b"h"),
    (b"OPTIONS http://h HTTP/1.1", b"*", b"h"),
    (b"OPTIONS * HTTP/1.1", b"*", b""),
    (b"GET //h/a HTTP/1.1", b"//h/a", b""),
    (b"GET /a#b HTTP/1.1", b"/a", b""),
]


@pytest.mark.parametrize(("line", "target", "authority"), TARGETS)
def test_targets(line: bytes, target: bytes, authority: bytes) -> None:
    parsed = parse_request_line(line)
    assert (parsed.target, parsed.authority) == (target, authority)


@pytest.mark.parametrize(
    ("host", "key"),
    [
        (b"A.Example:80", "a.example"),
        (b"a.", "a"),
        (b"[::1]:5006", "[::1]"),
        (b"[::1]", "[::1]"),
        (b"127.0.0.1:1", "127.0.0.1"),
        (b"a:", "a"),
    ],
)
def test_host_keys(host: bytes, key: str) -> None:
    assert host_key(host) == key


@pytest.mark.parametrize("host", [b":80", b"a:b", b"a:1:2", b"::1"])
def test_bad_hosts(host: bytes) -> None:
    with pytest.raises(HeadError):
        host_key(host)


def test_scaled_settings_shorten_every_time_and_nothing_else() -> None:
    plain, scaled = RouterSettings(), RouterSettings().scaled(0.1)
    times = {
        name
        for name in RouterSettings.__dataclass_fields__
        if isinstance(getattr(plain, name), float)
    }
    for name in RouterSettings.__dataclass_fields__:
        factor = 0.1 if name in times else 1
        before, after = getattr(plain, name), getattr(scaled, name)
        assert after == (pytest.approx(before * factor) if name in times else before), name
    assert scaled.shortest() == pytest.approx(0.2)


def test_pages_escape_what_they_show() -> None:
    assert b'src="x&quot;&gt;&lt;script&gt;"' in pages.frame_page("t", 'x"><script>')
    for page, status in itertools.product(
        (
            pages.error_page("H10", "App crashed"),
            pages.maintenance_page(),
            pages.no_such_app_page(),
        ),
        (503, 404),
    ):
        head = pages.error_head(status, len(page), b"1.1 vegur", b"Cowboy", b"now")
        assert re.search(rb"\r\nContent-Length: %d\r\n" % len(page), head)
        assert page.startswith(b"<!DOCTYPE html>")
