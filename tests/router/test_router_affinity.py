"""Session affinity: the cookie keeps a client at its dyno as long as that is there."""

from __future__ import annotations

import re

from router_rig import Conn, Dyno, Rig, refused_port, rigged, run

from localku.router.affinity import Bindings, cookie_line, sent_token, token
from localku.router.table import Upstream

ONE, OTHER = Upstream("web.1", "127.0.0.1", 1, 1), Upstream("web.2", "127.0.0.1", 2, 1)
REQUEST = b"GET / HTTP/1.1\r\nHost: app.localhost\r\n%b\r\n"


def test_a_token_is_that_of_one_run_of_one_dyno() -> None:
    found = {token(b"k", ONE), token(b"k", OTHER), token(b"other", ONE)}
    found |= {token(b"k", Upstream("web.1", "127.0.0.1", 1, 2))}
    assert len(found) == 4
    assert all(re.fullmatch(rb"[0-9a-f]{24}", each) for each in found)
    # where it listens is no part of it
    assert token(b"k", ONE) == token(b"k", Upstream("web.1", "::1", 9, 1))


def test_the_cookie_is_found_among_others() -> None:
    cookie = b"a=1; heroku-session-affinity=abc; b=2"
    assert sent_token([b"Accept: */*", b"Cookie: " + cookie]) == b"abc"
    assert sent_token([b"cookie:" + cookie]) == b"abc"
    assert sent_token([b"Cookie: x-heroku-session-affinity=abc"]) == b""
    assert sent_token([b"X-Cookie: " + cookie]) == b""
    assert sent_token([]) == b""


def test_the_line_is_the_one_that_heroku_sends() -> None:
    line = cookie_line(b"abc", b"Wed, 25 Aug 2026 17:38:43 GMT")
    assert line == (
        b"Set-Cookie: heroku-session-affinity=abc; Version=1; Expires=Wed, 25 Aug 2026 17:38:43 "
        b"GMT; Max-Age=86400; Path=/; HttpOnly\r\n"
    )


def test_bindings() -> None:
    bindings = Bindings(b"k")
    bindings.members([ONE, OTHER])
    sent = [b"Cookie: heroku-session-affinity=" + token(b"k", OTHER)]
    assert bindings.find(sent) == OTHER
    assert bindings.find([]) is None
    assert bindings.renewed(sent, OTHER) == b""
    assert bindings.renewed(sent, ONE) == token(b"k", ONE)
    bindings.members([ONE])
    assert bindings.find(sent) is None


def cookie_of(head: bytes) -> bytes:
    found = re.search(rb"\r\nSet-Cookie: (heroku-session-affinity=[0-9a-f]+); Version=1; ", head)
    return found[1] if found else b""


async def two(rig: Rig) -> tuple[Dyno, Dyno, Conn]:
    one, other = await rig.dyno(), await rig.dyno()
    rig.table(affinity=b"secret")
    return one, other, await rig.dial()


def test_a_client_stays_at_its_dyno() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            one, other, client = await two(rig)
            head, _ = await client.ask(REQUEST % b"")
            cookie = cookie_of(head)
            assert cookie
            first = one if one.heads else other
            for _ in range(5):
                head, _ = await client.ask(REQUEST % (b"Cookie: a=b; " + cookie + b"\r\n"))
                assert not cookie_of(head)
            assert len(first.heads) == 6
            # the app sees the cookie, too
            assert cookie in first.heads[-1]

    run(scenario())


def test_clients_without_the_cookie_are_spread_as_before() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            one, other, client = await two(rig)
            cookies = [cookie_of((await client.ask(REQUEST % b""))[0]) for _ in range(4)]
            assert len(one.heads) == len(other.heads) == 2
            assert cookies[0] == cookies[2] != cookies[1] == cookies[3]

    run(scenario())


def test_when_the_dyno_is_gone_the_client_is_bound_anew() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            one, other, client = await two(rig)
            cookie = cookie_of((await client.ask(REQUEST % b""))[0])
            first, second = (one, other) if one.heads else (other, one)
            rig.table(upstreams=(second.upstream(), first.upstream(generation=2)))
            head, _ = await client.ask(REQUEST % (b"Cookie: " + cookie + b"\r\n"))
            assert cookie_of(head) not in (b"", cookie)

    run(scenario())


def test_when_the_dyno_does_not_accept_another_is_bound() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dyno = await rig.dyno()
            dead = Upstream("web.9", "127.0.0.1", refused_port(), 1)
            rig.table(upstreams=(dyno.upstream(), dead), affinity=b"secret")
            cookie = b"Cookie: heroku-session-affinity=" + token(b"secret", dead) + b"\r\n"
            client = await rig.dial()
            for _ in range(2):  # refused, then in quarantine
                head, body = await client.ask(REQUEST % cookie)
                assert body == b"ok"
                assert cookie_of(head)

    run(scenario())


def test_affinity_can_be_switched_off_live() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            one, other, client = await two(rig)
            cookie = cookie_of((await client.ask(REQUEST % b""))[0])
            rig.table(affinity=b"")
            for _ in range(3):
                head, _ = await client.ask(REQUEST % (b"Cookie: " + cookie + b"\r\n"))
                assert not cookie_of(head)
            assert len(one.heads) == len(other.heads) == 2

    run(scenario())


def test_an_upgrade_binds_as_well() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def upgrade(conn: Conn) -> None:
                await conn.head()
                await conn.send(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
                )

            await rig.dyno(upgrade)
            rig.table(affinity=b"secret")
            client = await rig.dial()
            await client.send(REQUEST % b"Connection: Upgrade\r\nUpgrade: x\r\n")
            assert cookie_of(await client.head())

    run(scenario())
