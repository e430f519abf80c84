"""The H-codes of requests that no dyno took: crashed, booting, refused, resting, in maintenance."""

from __future__ import annotations

import socket

from router_rig import GET, Conn, Dyno, fields_of, refused_port, rigged, run, until

from localku.router.settings import RouterSettings
from localku.router.table import Upstream

QUICK = RouterSettings().scaled(0.01)  # 30 s become 0.3 s
POST = b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 10\r\n\r\n"


def _check(line: str, opening: str, **wanted: str) -> None:
    assert line.startswith(opening + " method="), line
    fields = fields_of(line)
    for name, value in wanted.items():
        assert fields[name] == value, (name, line)


EMPTY = {"dyno": "", "connect": "", "service": "", "bytes": ""}


def test_h10_all_crashed() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(quantity=2, crashed=2)
            client = await rig.dial()
            head, body = await client.ask(GET)
            assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert b"Application Error" in body
            assert await client.rest() == b""
            _check(
                await rig.line(),
                'at=error code=H10 desc="App crashed"',
                **EMPTY,
                status="503",
                host="app.localhost",
            )

    run(scenario())


def test_h11_backlog_too_deep() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(backlog_per_dyno=3)) as rig:

            async def silent(conn: Conn) -> None:
                await conn.rest()

            await rig.dyno(silent)
            for _ in range(3):
                await (await rig.dial()).send(GET)
            client = await rig.dial()
            await until(lambda: rig.dynos[0].connections == 3)
            head, _ = await client.ask(GET)
            assert b" 503 " in head
            _check(
                await rig.line(), 'at=error code=H11 desc="Backlog too deep"', **EMPTY, status="503"
            )

    run(scenario())


def test_h14_scaled_to_zero() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(quantity=0)
            head, _ = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            _check(
                await rig.line(),
                'at=error code=H14 desc="No web processes running"',
                **EMPTY,
                status="503",
            )

    run(scenario())


def test_h19_not_accepted_in_time() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(connect_timeout=0.2)) as rig:
            with socket.socket() as full:
                full.bind(("127.0.0.1", 0))
                full.listen(0)
                fillers = [socket.socket() for _ in range(4)]
                for filler in fillers:
                    filler.setblocking(False)
                    filler.connect_ex(full.getsockname())
                rig.table(upstreams=(Upstream("web.1", "127.0.0.1", full.getsockname()[1], 1),))
                head, _ = await (await rig.dial()).ask(GET)
                for filler in fillers:
                    filler.close()
            assert b" 503 " in head
            line = await rig.line()
            _check(
                line,
                'at=error code=H19 desc="Backend connection timeout"',
                dyno="web.1",
                service="",
                bytes="",
                status="503",
            )
            assert 200 <= int(fields_of(line)["connect"].removesuffix("ms")) < 1500

    run(scenario())


def test_h20_no_dyno_up_in_time() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(boot_wait=0.2)) as rig:
            rig.table(quantity=1, starting=1)
            head, _ = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            _check(
                await rig.line(), 'at=error code=H20 desc="App boot timeout"', **EMPTY, status="503"
            )

    run(scenario())


def test_requests_wait_for_the_first_dyno() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(quantity=1, starting=1)
            clients = [await rig.dial() for _ in range(3)]
            for client in clients:
                await client.send(GET)
            await until(lambda: len(rig.router.fronts) == 3)
            await rig.dyno()
            for client in clients:
                assert (await client.response())[1] == b"ok"

    run(scenario())


def test_requests_that_wait_hear_of_a_crash_at_once() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(quantity=1, starting=1)
            client = await rig.dial()
            await client.send(GET)
            await until(lambda: rig.router.default is not None and rig.router.default.parked)
            rig.table(quantity=1, starting=0, crashed=1)
            assert b" 503 " in await client.head()
            assert "code=H10" in await rig.line()

    run(scenario())


def test_h21_refused_by_all() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(
                upstreams=tuple(
                    Upstream(f"web.{n}", "127.0.0.1", refused_port(), 1) for n in (1, 2)
                )
            )
            head, _ = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            line = await rig.line()
            _check(
                line,
                'at=error code=H21 desc="Backend connection refused"',
                dyno="web.2",
                service="",
                bytes="",
                status="503",
            )
            assert fields_of(line)["connect"].endswith("ms")

    run(scenario())


def test_a_refusing_dyno_is_passed_over_and_rests() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            good = await Dyno("web.2").start()
            rig.dynos.append(good)
            bad = Upstream("web.1", "127.0.0.1", refused_port(), 1)
            rig.table(upstreams=(bad, good.upstream()))
            client = await rig.dial()
            for _ in range(4):
                assert (await client.ask(GET))[1] == b"ok"
            assert [fields_of(line)["dyno"] for line in rig.lines] == ["web.2"] * 4
            app = rig.router.default
            assert app is not None and app.quarantine.resting

    run(scenario())


def test_h34_when_all_rest_until_the_end() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(quarantine=5, boot_wait=0.2)) as rig:
            rig.table(upstreams=(Upstream("web.1", "127.0.0.1", refused_port(), 1),))
            await (await rig.dial()).ask(GET)
            head, _ = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            _check(
                await rig.line(1), 'at=error code=H34 desc="All up dynos are quarantined"', **EMPTY
            )

    run(scenario())


def test_a_request_outlives_the_quarantine() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(quarantine=0.2)) as rig:
            port = refused_port()
            rig.table(upstreams=(Upstream("web.1", "127.0.0.1", port, 1),))
            await (await rig.dial()).ask(GET)
            second = await rig.dial()
            await second.send(GET)
            await rig.dyno()
            assert (await second.response())[1] == b"ok"

    run(scenario())


def test_h80_maintenance() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            dyno = await rig.dyno()
            rig.table(maintenance=True, maintenance_page_url="//pages.example.org/m.html")
            head, body = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            assert b'<iframe src="//pages.example.org/m.html">' in body
            assert dyno.connections == 0
            _check(
                await rig.line(), 'at=info code=H80 desc="Maintenance mode"', **EMPTY, status="503"
            )

    run(scenario())


def test_the_apps_own_error_page() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(error_page_url="https://pages.example.org/e.html?a=1&b=2")
            head, body = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            assert b'<iframe src="https://pages.example.org/e.html?a=1&amp;b=2">' in body

    run(scenario())
