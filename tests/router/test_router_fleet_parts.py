"""The parts of a fleet by themselves: words, channel, outlet, shared sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import fields

import pytest
from router_rig import run, until

from localku.errors import UserError
from localku.frames import Unpacker, pack
from localku.logs.entry import Entry
from localku.router import words
from localku.router.channel import Channel
from localku.router.listener import bind, join
from localku.router.settings import RouterSettings
from localku.router.table import AppRoute, RoutingTable, Upstream
from localku.router.worker import Outlet


def over_the_wire(message: words.Plain) -> words.Plain:
    (found,) = Unpacker().feed(pack(message))
    return found


def unlike_the_default(settings: RouterSettings) -> RouterSettings:
    values = {f.name: getattr(settings, f.name) for f in fields(settings)}
    return RouterSettings(
        **{k: v + "x" if isinstance(v, str) else v + 1 for k, v in values.items()}
    )


def test_settings_and_tables_survive_the_way() -> None:
    settings = unlike_the_default(RouterSettings())
    upstreams = (Upstream("web.1", "127.0.0.1", 5106, 7), Upstream("web.2", "::1", 5107, 8))
    route = AppRoute(
        *("shop", upstreams, 3, 1, 2, True, "http://e", "http://m", True, "random", b"key"),
    )
    for table in (
        RoutingTable({"shop.localhost": route, "a.b": AppRoute("other")}, route, frozenset({"me"})),
        RoutingTable(),
    ):
        message = words.start(settings, {"http": [5, 6]}, 4.0, table)
        order, plain_settings, doors, grace, plain_table = over_the_wire(message)
        assert (order, doors, grace) == ("start", {"http": (5, 6)}, 4.0)
        assert words.settings_from(plain_settings) == settings
        assert words.table_from(plain_table) == table
        assert words.table_from(over_the_wire(words.table(table))[1]) == table


def test_entries_survive_the_way() -> None:
    entry = Entry(1.5, "heroku", "router", b"caf\xe9\n")
    kind, app, *rest = over_the_wire(words.log("shop", entry))
    found = words.entry_from(*rest)
    assert (kind, app, repr(found)) == ("log", "shop", repr(entry))


class Ends:
    """A pair of channels; heard: what came to the far end, once listen() was called."""

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        self.near = Channel(near, lambda message: None)
        self.heard: list[words.Plain] = []

    def listen(self) -> Channel:
        return Channel(self.far, self.heard.append)


def test_a_channel_never_waits_and_loses_nothing() -> None:
    async def scenario() -> None:
        ends = Ends()
        room: list[int] = []
        ends.near.on_room = lambda: room.append(ends.near.queued)
        messages = [("x", number, b"y" * 5000) for number in range(1000)]
        for message in messages:
            ends.near.send(message)
        assert ends.near.queued > 1_000_000
        far = ends.listen()
        await until(lambda: len(ends.heard) == 1000)
        assert ends.heard == messages
        assert room == [0]
        ended: list[bool] = []
        far.on_end = lambda: ended.append(True)
        ends.near.close()
        ends.near.send(("into the void",))
        await until(lambda: ended)
        assert ended == [True]

    run(scenario())


def test_lines_that_nobody_takes_are_bounded_and_counted() -> None:
    async def scenario() -> None:
        ends = Ends()
        outlet = Outlet(ends.near, kept=100_000)
        line = b"z" * 999 + b"\n"
        for number in range(2000):
            outlet.publish("shop", Entry(float(number), "heroku", "router", line))
        assert ends.near.queued < 110_000
        far = ends.listen()
        await until(lambda: ends.heard and b"L10" in ends.heard[-1][4])
        outlet.publish("shop", Entry(9999.0, "heroku", "router", b"after\n"))
        await until(lambda: ends.heard[-1][4] == b"after\n")
        *kept, loss, _ = ends.heard
        assert [message[2] for message in kept] == [float(n) for n in range(len(kept))]
        assert loss[:2] == ("log", "shop")
        assert loss[3] == "logplex"
        assert b"(output buffer overflow): %d messages dropped" % (2000 - len(kept)) in loss[4]
        far.close()
        ends.near.close()

    run(scenario())


def test_an_outlet_that_ends_waits_for_its_last_lines_and_not_for_ever() -> None:
    async def scenario() -> None:
        ends = Ends()
        outlet = Outlet(ends.near, kept=100_000)
        for number in range(2000):
            outlet.publish("shop", Entry(float(number), "heroku", "router", b"z" * 999 + b"\n"))
        await outlet.finish(0.01)
        assert ends.near.queued
        far = ends.listen()
        await outlet.finish(10)
        await until(lambda: ends.heard and b"L10" in ends.heard[-1][4])
        far.close()
        ends.near.close()

    run(scenario())


def accepts(*sockets: socket.socket) -> list[int]:
    """How many connections wait at each."""
    counts = []
    for sock in sockets:
        count = 0
        while True:
            try:
                sock._accept()  # type: ignore[attr-defined]
            except BlockingIOError:
                break
            count += 1
        counts.append(count)
    return counts


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel does not balance")
def test_the_kernel_spreads_connections_over_shared_sockets() -> None:
    sockets = bind("127.0.0.1", 0, shared=True)
    sockets += [join(sockets[0]), join(sockets[0])]
    clients = [socket.create_connection(sockets[0].getsockname(), 5) for _ in range(100)]
    counts = accepts(*sockets)
    for sock in (*clients, *sockets):
        sock.close()
    assert sum(counts) == 100
    assert min(counts) > 5


def test_without_balance_all_wait_at_the_same_socket() -> None:
    sockets = bind("127.0.0.1", 0, shared=True)
    sockets.append(join(sockets[0], balanced=False))
    clients = [socket.create_connection(sockets[0].getsockname(), 5) for _ in range(4)]
    sockets[1]._accept()  # type: ignore[attr-defined]
    counts = accepts(*sockets)
    for sock in (*clients, *sockets):
        sock.close()
    assert counts == [3, 0]


def test_a_port_that_was_bound_alone_cannot_be_shared() -> None:
    (sock,) = bind("127.0.0.1", 0)
    with pytest.raises(UserError, match=f"port {sock.getsockname()[1]} cannot be shared: "):
        join(sock, balanced=True)
    sock.close()


@pytest.mark.parametrize("shared", [True, False])
def test_a_port_that_others_share_is_busy_all_the_same(shared: bool) -> None:
    sockets = bind("127.0.0.1", 0, shared=True)
    port = sockets[0].getsockname()[1]
    sockets.append(join(sockets[0]))
    with pytest.raises(UserError, match=f"port {port} is in use by pid "):
        bind("127.0.0.1", port, shared=shared)
    for sock in sockets:
        sock.close()
    for sock in bind("127.0.0.1", port, shared=shared):
        sock.close()


def test_one_router_loads_nothing_of_a_fleet() -> None:
    code = (
        "import sys, localku.cli.start, localku.cli.running;"
        "print(*(name for name in sys.modules if 'router' in name))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "localku.router.router" in loaded
    assert not {f"localku.router.{n}" for n in ("fleet", "sibling", "channel", "words")} & set(
        loaded
    )
