"""Plain requests through a real router: the way there, the way back, the line."""

from __future__ import annotations

import asyncio
import re

import pytest
from router_rig import GET, Conn, fields_of, rigged, run, until

from localku.router.settings import RouterSettings
from localku.router.table import RoutingTable

LINE = re.compile(
    r'at=info method=GET path="/a%20b\?c=d&e" host=app\.localhost:5006 '
    r"request_id=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} "
    r'fwd="127\.0\.0\.1" dyno=web\.1 connect=\d+ms service=\d+ms status=200 bytes=40 protocol=http'
)


def test_a_request_reaches_the_dyno_as_heroku_sends_it() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dyno = await rig.dyno()
            client = await rig.dial()
            head, body = await client.ask(
                b"GET /a%20b?c=d&e HTTP/1.1\r\nHost: app.localhost:5006\r\nX-One: 1\r\n"
                b"Accept: a\r\naccept: b\r\nX-Forwarded-Proto: gopher\r\n\r\n"
            )
            assert body == b"ok"
            lines = dyno.heads[0].split(b"\r\n")
            assert lines[:5] == [
                b"GET /a%20b?c=d&e HTTP/1.1",
                b"Host: app.localhost:5006",
                b"X-One: 1",
                b"Accept: a",
                b"accept: b",
            ]
            assert b"X-Forwarded-For: 127.0.0.1" in lines
            assert b"X-Forwarded-Proto: http" in lines
            assert b"X-Forwarded-Port: %d" % rig.port in lines
            assert b"Via: 1.1 vegur" in lines
            assert re.search(rb"\r\nX-Request-Start: \d{13}\r\n", dyno.heads[0])
            line = await rig.line()
            assert LINE.fullmatch(line)
            assert f"request_id={_id(dyno.heads[0])} " in line
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            for ours in (b"Server: Cowboy", b"Via: 1.1 vegur", b"Connection: keep-alive"):
                assert ours in head

    run(scenario())


def _id(head: bytes) -> str:
    found = re.search(rb"\r\nX-Request-Id: (\S+)\r\n", head)
    assert found
    return found[1].decode()


def test_awk_finds_connect_service_and_status() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            await (await rig.dial()).ask(GET)
            words = f"2026-11-23T10:00:00.000000+00:00 heroku[router]: {await rig.line()}".split()
            assert [word.partition("=")[0] for word in words[9:12]] == [
                "connect",
                "service",
                "status",
            ]

    run(scenario())


def test_both_sides_are_kept_alive() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dyno = await rig.dyno()
            client = await rig.dial()
            for _ in range(5):
                assert (await client.ask(GET))[1] == b"ok"
            assert dyno.connections == 1
            await until(lambda: len(rig.lines) == 5)
            assert [fields_of(line)["connect"] for line in rig.lines[1:]] == ["0ms"] * 4

    run(scenario())


def test_keepalive_to_dynos_can_be_turned_off() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(upstream_keepalive=0)) as rig:
            dyno = await rig.dyno()
            client = await rig.dial()
            for _ in range(3):
                await client.ask(GET)
            assert dyno.connections == 3
            assert b"\r\nConnection: close\r\n" in dyno.heads[0]

    run(scenario())


def test_round_robin_is_fair_over_keepalive_and_when_dynos_come_and_go() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dynos = [await rig.dyno() for _ in range(3)]
            client = await rig.dial()
            for _ in range(9):
                await client.ask(GET)
            assert [len(dyno.heads) for dyno in dynos] == [3, 3, 3]
            rig.table(upstreams=(dynos[0].upstream(), dynos[2].upstream()))
            for _ in range(4):
                await client.ask(GET)
            assert [len(dyno.heads) for dyno in dynos] == [5, 3, 5]
            await rig.dyno()
            for _ in range(6):
                await client.ask(GET)
            assert [len(dyno.heads) for dyno in rig.dynos] == [7, 3, 7, 2]

    run(scenario())


def test_pipelined_requests_are_answered_in_order() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def echo(conn: Conn) -> None:
                while head := await conn.head():
                    target = head.split(b" ")[1]
                    await asyncio.sleep(0.02 if target == b"/0" else 0)
                    await conn.send(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target)
                    )

            for _ in range(3):
                await rig.dyno(echo)
            client = await rig.dial()
            await client.send(
                b"".join(b"GET /%d HTTP/1.1\r\nHost: app.localhost\r\n\r\n" % i for i in range(7))
            )
            answers = [(await client.response())[1] for _ in range(7)]
            assert answers == [b"/%d" % i for i in range(7)]

    run(scenario())


def test_log_lines_of_one_turn_come_as_one_entry() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(quantity=0)
            clients = [await rig.dial() for _ in range(20)]
            for client in clients:
                client.writer.write(GET)
            await until(lambda: len(rig.lines) == 20)
            assert len(rig.published) < 20
            assert {app for app, _ in rig.published} == {"app"}
            entry = rig.published[0][1]
            assert (entry.source, entry.dyno, entry.continues) == ("heroku", "router", False)
            assert entry.data.endswith(b"\n")

    run(scenario())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param(b"app.localhost", 200, id="its own name"),
        pytest.param(b"APP.LocalHost:1234", 200, id="in any case, with any port"),
        pytest.param(b"localhost:5006", 200, id="the bare port"),
        pytest.param(b"127.0.0.1", 200, id="an address"),
        pytest.param(b"[::1]:5006", 200, id="an IPv6 address"),
        pytest.param(b"192.168.7.1:80", 200, id="any address"),
        pytest.param(b"my-laptop.local", 200, id="this machine's name"),
        pytest.param(b"www.shop.test", 200, id="a custom domain"),
        pytest.param(b"a.b.wide.test", 200, id="below a wildcard domain"),
        pytest.param(b"wide.test", 404, id="a wildcard is not the name itself"),
        pytest.param(b"my.example.org", 404, id="a foreign name"),
        pytest.param(b"other.localhost", 404, id="an app that does not exist"),
    ],
)
def test_hosts_find_their_app(host: bytes, status: int) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            names = ("app.localhost", "www.shop.test", "*.wide.test")
            hosts = dict.fromkeys(names, rig.route)
            rig.router.replace(RoutingTable(hosts, rig.route, frozenset({"my-laptop.local"})))
            client = await rig.dial()
            head, body = await client.ask(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
            assert head.startswith(b"HTTP/1.1 %d " % status)
            if status == 404:
                assert b"No such app" in body
                assert await client.rest() == b""
                assert rig.lines == []

    run(scenario())


def test_router_2_has_its_own_words() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(log_format="2.0")) as rig:
            dyno = await rig.dyno()
            head, _ = await (await rig.dial()).ask(GET)
            assert b"\r\nVia: 1.1 heroku-router\r\n" in head
            assert b"\r\nServer: Heroku\r\n" in head
            assert b"\r\nVia: 1.1 heroku-router\r\n" in dyno.heads[0]
            line = await rig.line()
            assert line.endswith(
                " status=200 bytes=2 protocol=http1.1 tls=false tls_version=unknown"
            )

    run(scenario())
