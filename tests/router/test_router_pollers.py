"""The same router on each way of hearing from the loop."""

from __future__ import annotations

import asyncio
import select

import pytest
from router_rig import GET, Conn, MakePoller, refused_port, rigged, run, until

from localku.router.hot import EpollPoller, best_poller
from localku.router.poller import LoopPoller
from localku.router.settings import RouterSettings
from localku.router.table import Upstream

POLLERS = [pytest.param(LoopPoller, id="loop")]
if hasattr(select, "epoll"):
    POLLERS.append(pytest.param(EpollPoller, id="epoll"))
H = b"Host: app.localhost\r\n"


@pytest.mark.parametrize("poller", POLLERS)
def test_requests_and_big_bodies(poller: MakePoller) -> None:
    async def scenario() -> None:
        async with rigged(poller=poller) as rig:
            data = bytes(range(256)) * 40_000

            async def mirror(conn: Conn) -> None:
                while await conn.head():
                    body = await conn.exactly(len(data))
                    await conn.send(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                    )

            await rig.dyno(mirror)
            client = await rig.dial()
            for _ in range(2):
                client.writer.write(
                    b"PUT / HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % len(data) + data
                )
                assert (await client.response())[1] == data

    run(scenario())


@pytest.mark.parametrize("poller", POLLERS)
def test_many_clients_come_and_go(poller: MakePoller) -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(backlog_per_dyno=1000), poller) as rig:
            await rig.dyno()

            async def one() -> None:
                client = await rig.dial()
                for _ in range(3):
                    assert (await client.ask(GET))[1] == b"ok"
                await client.close()

            await asyncio.gather(*(one() for _ in range(200)))
            await until(lambda: not rig.router.fronts)
            assert len(rig.lines) == 600

    run(scenario())


@pytest.mark.parametrize("poller", POLLERS)
def test_refusals_resets_and_clients_that_leave(poller: MakePoller) -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(quarantine=0.05), poller) as rig:

            async def reset(conn: Conn) -> None:
                await conn.head()
                conn.reset()

            await rig.dyno()
            await rig.dyno(reset)
            bad = Upstream("web.3", "127.0.0.1", refused_port(), 1)
            rig.table(upstreams=(*rig.route.upstreams, bad))
            for number in range(12):
                client = await rig.dial()
                await client.send(GET)
                if number % 3 == 0:
                    client.reset()
                else:
                    await client.response()
            await until(lambda: len(rig.lines) == 12)
            app = rig.router.default
            assert app is not None
            assert app.inflight == 0
            assert all(dyno.inflight == 0 for dyno in app.dynos.values())

    run(scenario())


@pytest.mark.parametrize("poller", POLLERS)
def test_both_directions_of_a_tunnel_at_full_speed(poller: MakePoller) -> None:
    async def scenario() -> None:
        async with rigged(poller=poller) as rig:
            size = 5_000_000

            async def echo(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
                while data := await conn.reader.read(65_536):
                    await conn.send(data)

            await rig.dyno(echo)
            client = await rig.dial()
            await client.send(
                b"GET / HTTP/1.1\r\n" + H + b"Connection: Upgrade\r\nUpgrade: x\r\n\r\n"
            )
            await client.head()
            client.writer.write(b"y" * size)
            assert await client.exactly(size) == b"y" * size

    run(scenario())


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="Linux")
def test_one_owners_fault_does_not_stop_the_others() -> None:
    class Owner:
        def __init__(self) -> None:
            self.calls = 0

        def readable(self) -> None:
            self.calls += 1
            raise ZeroDivisionError

        def writable(self) -> None:
            self.calls += 1
            raise ZeroDivisionError

    async def scenario() -> None:
        import os

        loop = asyncio.get_running_loop()
        faults: list[object] = []
        loop.set_exception_handler(lambda _, context: faults.append(context["exception"]))
        poller = best_poller(loop)
        pipes = [os.pipe() for _ in range(2)]
        owners = [Owner(), Owner()]
        for (reader, writer), owner in zip(pipes, owners, strict=True):
            poller.add_reader(reader, owner)
            os.write(writer, b"x")
        await until(lambda: all(owner.calls for owner in owners))
        for reader, writer in pipes:
            poller.remove_reader(reader)
            os.close(reader)
            os.close(writer)
        poller.close()
        poller.close()
        assert all(isinstance(fault, ZeroDivisionError) for fault in faults)

    run(scenario())
