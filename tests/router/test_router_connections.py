"""Connections among each other: stale ones, many of them, and faults that stay where they are."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection, Sequence

import pytest
from router_rig import GET, Conn, rigged, run, until

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
