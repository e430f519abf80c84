"""Connections over time: stale ones, kept ones, many of them, and the end of the router."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Collection, Sequence

import pytest
from router_rig import GET, Conn, fields_of, rigged, run, until

from localku.router.settings import RouterSettings
from localku.router.table import Upstream
from localku.router.upstream import Dyno

H = b"Host: app.localhost\r\n"
POST = b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc"
UPGRADE = b"GET / HTTP/1.1\r\n" + H + b"Connection: Upgrade\r\nUpgrade: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _hangs_up_on_second(read_first: bool):  # noqa: ANN202
    """A dyno that answers one request per connection, then hangs up when the next one comes."""

    async def handler(conn: Conn) -> None:
        await conn.head()
        await conn.send(OK)
        if read_first:
            await conn.reader.read(1)

    return handler


@pytest.mark.parametrize(
    ("request_bytes", "retried"),
    [
        pytest.param(GET, True, id="GET"),
        pytest.param(b"PUT / HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc", True, id="PUT"),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc", False, id="POST"
        ),
        pytest.param(b"PATCH / HTTP/1.1\r\n" + H + b"Content-Length: 0\r\n\r\n", False, id="PATCH"),
    ],
)
def test_a_stale_connection_is_retried_where_that_is_safe(
    request_bytes: bytes, retried: bool
) -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(_hangs_up_on_second(read_first=True))
            client = await rig.dial()
            assert (await client.ask(GET))[1] == b"ok"
            head, body = await client.ask(request_bytes)
            assert (body == b"ok") is retried
            if retried:
                assert rig.dynos[0].connections == 2
            else:
                assert b" 503 " in head
                assert "code=H13" in await rig.line(1)

    run(scenario())


def test_a_body_that_has_been_streamed_is_not_sent_again() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno(_hangs_up_on_second(read_first=True))
            client = await rig.dial()
            assert (await client.ask(GET))[1] == b"ok"
            await client.send(b"PUT / HTTP/1.1\r\n" + H + b"Content-Length: 6\r\n\r\nabc")
            assert b" 503 " in await client.head()
            assert "code=H13" in await rig.line(1)

    run(scenario())


def test_a_link_that_the_dyno_has_left_is_passed_over_for_a_post() -> None:
    """The dyno's end is in the kernel already, but the loop has not read it yet."""

    async def scenario() -> None:
        async with rigged() as rig:
            loop = asyncio.get_running_loop()
            with socket.create_server(("127.0.0.1", 0)) as server:
                server.setblocking(False)
                rig.table(upstreams=(Upstream("web.1", *server.getsockname(), 1),))
                client = await rig.dial()
                await client.send(GET)
                conn, _ = await loop.sock_accept(server)
                conn.setblocking(False)
                await loop.sock_recv(conn, 65_536)
                await loop.sock_sendall(conn, OK)
                assert (await client.response())[1] == b"ok"
                app = rig.router.default
                assert app is not None
                (dyno,) = app.dynos.values()
                await until(lambda: dyno.idle)
                (link,) = dyno.idle
                assert link.established()
                conn.close()
                assert dyno.take(idempotent=False) is None
                assert link.closed

    run(scenario())


def test_idle_connections_to_a_vanished_dyno_are_closed() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            gone = asyncio.Event()

            async def watch(conn: Conn) -> None:
                await conn.head()
                await conn.send(OK)
                await conn.rest()
                gone.set()

            await rig.dyno(watch)
            await (await rig.dial()).ask(GET)
            rig.table(upstreams=())
            await asyncio.wait_for(gone.wait(), 5)

    run(scenario())


def test_a_request_in_flight_survives_a_new_table() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heard, go = asyncio.Event(), asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                heard.set()
                await go.wait()
                await conn.send(OK)
                assert await conn.rest() == b""

            await rig.dyno(slow)
            client = await rig.dial()
            await client.send(GET)
            await heard.wait()
            rig.table(upstreams=(), quantity=0)
            go.set()
            assert (await client.response())[1] == b"ok"
            assert fields_of(await rig.line())["status"] == "200"
            assert "code=H14" not in rig.lines[0]

    run(scenario())


def test_idle_clients_and_idle_dynos_are_let_go() -> None:
    async def scenario() -> None:
        settings = RouterSettings(client_keepalive=0.2, upstream_keepalive=0.4)
        async with rigged(settings) as rig:
            dyno = await rig.dyno()
            client = await rig.dial()
            await client.ask(GET)
            assert await client.rest() == b""
            pool = next(iter(rig.router.find("app.localhost").dynos.values())).idle  # type: ignore[union-attr]
            await until(lambda: not pool)
            assert dyno.connections == 1

    run(scenario())


def test_the_clock_stands_still_when_nobody_is_connected() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(upstream_keepalive=0)) as rig:
            await rig.dyno()
            client = await rig.dial()
            await client.ask(GET)
            await client.close()
            await until(lambda: not rig.router.fronts)
            await until(lambda: rig.router.clock.asleep and rig.router.clock._timer is None)

    run(scenario())


def test_idle_connections_do_not_wake_the_router() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            client = await rig.dial()
            await client.ask(GET)
            await until(lambda: rig.router.clock.asleep)
            timer = rig.router.clock._timer
            assert timer is not None
            assert timer.when() - asyncio.get_running_loop().time() > 30

    run(scenario())


def test_closing_lets_requests_finish() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heard, go = asyncio.Event(), asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                heard.set()
                await go.wait()
                await conn.send(OK)

            await rig.dyno(slow)
            idle = await rig.dial()
            client = await rig.dial()
            await client.send(GET)
            await heard.wait()
            closing = asyncio.create_task(rig.router.close(10))
            assert await idle.rest() == b""
            with pytest.raises(ConnectionRefusedError):
                await rig.dial()
            go.set()
            head, body = await client.response()
            assert b"\r\nConnection: close\r\n" in head
            assert body == b"ok"
            await asyncio.wait_for(closing, 5)

    run(scenario())


def test_closing_does_not_wait_for_clients_that_could_ask_again() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            begun, go = asyncio.Event(), asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                await conn.send(OK[:-2])
                begun.set()
                await go.wait()
                await conn.send(b"ok")

            await rig.dyno(slow)
            client = await rig.dial()
            await client.send(GET)
            await client.head()  # it has been promised a connection that is kept
            closing = asyncio.create_task(rig.router.close(10))
            await asyncio.sleep(0)
            go.set()
            assert await client.rest() == b"ok"
            await asyncio.wait_for(closing, 5)

    run(scenario())


def test_closing_cuts_what_does_not_finish() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heard = asyncio.Event()

            async def silent(conn: Conn) -> None:
                await conn.head()
                heard.set()
                await conn.rest()

            await rig.dyno(silent)
            client = await rig.dial()
            await client.send(GET)
            await heard.wait()
            await rig.router.close(0.05)
            assert await client.rest() in (b"", b"<reset>")
            line = await rig.line()
            assert 'code=H24 desc="Forced close"' in line
            assert fields_of(line)["status"] == ""

    run(scenario())


def test_a_thousand_at_once_are_all_answered() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(backlog_per_dyno=1000)) as rig:
            await rig.dyno()
            clients = await asyncio.gather(*(rig.dial() for _ in range(500)))
            answers = await asyncio.gather(*(client.ask(GET) for client in clients))
            assert {body for _, body in answers} == {b"ok"}
            await until(lambda: len(rig.lines) == 500)

    run(scenario())


def test_clients_that_drip_do_not_stop_others() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(backlog_per_dyno=1000)) as rig:
            await rig.dyno()
            drips = await asyncio.gather(*(rig.dial() for _ in range(300)))
            for part in (b"GET / HT", b"TP/1.1\r\nHo"):
                for drip in drips:
                    drip.writer.write(part)
                assert (await (await rig.dial()).ask(GET))[1] == b"ok"
            for drip in drips:
                drip.writer.write(b"st: app.localhost\r\n\r\n")
            answers = await asyncio.gather(*(drip.response() for drip in drips))
            assert {body for _, body in answers} == {b"ok"}

    run(scenario())


def test_the_policy_can_be_changed_live() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            stuck = asyncio.Event()

            async def silent(conn: Conn) -> None:
                await conn.head()
                stuck.set()
                await conn.rest()

            busy = await rig.dyno(silent)
            idle = await rig.dyno()
            await (await rig.dial()).send(GET)
            await stuck.wait()
            rig.table(policy="least-connections")
            client = await rig.dial()
            for _ in range(6):
                assert (await client.ask(GET))[1] == b"ok"
            assert (busy.connections, len(idle.heads)) == (1, 6)

    run(scenario())


def test_one_dynos_fault_is_nobody_elses() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def dies(conn: Conn) -> None:
                await conn.head()
                conn.reset()

            await rig.dyno()
            await rig.dyno(dies)
            clients = [await rig.dial() for _ in range(10)]
            answers = [await client.ask(GET) for client in clients]
            assert [b" 200 " in head for head, _ in answers] == [True, False] * 5
            await until(lambda: len(rig.lines) == 10)
            assert sum("code=H13" in line for line in rig.lines) == 5

    run(scenario())


class _Broken:
    def members(self, members: Sequence[Dyno]) -> None:
        raise NotImplementedError

    def choose(self, refused: Collection[Dyno] = ()) -> Dyno | None:
        raise ZeroDivisionError("a fault of ours")


def test_a_fault_of_ours_is_h99_and_is_shown() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            shown: list[dict[str, object]] = []
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: shown.append(context))
            await rig.dyno()
            app = rig.router.find("app.localhost")
            assert app is not None
            app.policy = _Broken()
            head, _ = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            assert "code=H99" in await rig.line()
            assert isinstance(shown[0]["exception"], Exception)

    run(scenario())


def test_no_descriptor_is_left_behind() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            await rig.dyno()
            await (await rig.dial()).ask(GET)
            before = socket.socket()
            first = before.fileno()
            before.close()
            for _ in range(50):
                client = await rig.dial()
                await client.ask(GET)
                await client.close()
            await until(lambda: len(rig.router.fronts) == 1)
            for _ in range(20):
                await asyncio.sleep(0)
            after = socket.socket()
            assert after.fileno() == first
            after.close()

    run(scenario())


def test_no_connection_is_left_to_the_garbage_collector() -> None:
    """Cycles per connection cost pauses of tens of milliseconds under churn."""

    async def scenario() -> None:
        async with rigged(RouterSettings(upstream_keepalive=0)) as rig:
            await rig.dyno()

            async def bad(conn: Conn) -> None:
                await conn.head()

            async def switch(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")

            await rig.dyno(bad)
            await rig.dyno(switch)
            gc.collect()
            gc.set_debug(gc.DEBUG_SAVEALL)
            for request in (GET, GET, UPGRADE, GET[:20], b"bad\r\n\r\n", POST[:-2]) * 2:
                client = await rig.dial()
                await client.send(request)
                if len(request) > 20:
                    await client.head()
                await client.close()
            await until(lambda: not rig.router.fronts)

    gc.disable()
    try:
        run(scenario())
        gc.collect()
        left = {type(thing).__name__ for thing in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not left & {"Front", "Link", "Exchange", "Tunnel", "ChunkScanner"}
