"""The relay: all bytes, both ways, no more of them in memory than a reader wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from localku.chaos.relay import Fate, Relay, Trouble

BIG = 4 << 20
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _with_relay(
    far: Talk, near: Callable[[Relay, int], Awaitable[None]], trouble: Trouble | None = None
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await far(reader, writer)
        except OSError:
            pass
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    relay = Relay(("127.0.0.1", port), trouble or Trouble())
    try:
        await asyncio.wait_for(near(relay, relay.port), 10)
    finally:
        await relay.end()
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def test_bytes_pass_both_ways_and_their_ends_too() -> None:
    async def near(relay: Relay, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        data = bytes(range(256)) * (BIG // 256)
        writer.write(data)
        writer.write_eof()
        assert await reader.read(-1) == data
        writer.close()

    asyncio.run(_with_relay(echo, near))


def test_a_slow_reader_holds_up_its_writer() -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.read(1)
        while sent < 64 << 20:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async def near(relay: Relay, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        writer.write(b"?")
        before = -1
        while sent != before or not sent:  # until nothing moves any more
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 32 << 20  # the kernel's buffers of two connections, and little else
        writer.transport.abort()

    asyncio.run(_with_relay(pour, near))


class Fated(Trouble):
    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def fate(self, *, fresh: bool) -> Fate:
        return self._fate


def test_a_lost_answer_is_a_reset_and_a_torn_one_an_early_end() -> None:
    async def lost(relay: Relay, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"request")
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()

    async def torn(relay: Relay, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"12345678")
        assert await reader.read(-1) == b"1234"
        writer.close()

    asyncio.run(_with_relay(echo, lost, Fated(Fate.LOST)))
    asyncio.run(_with_relay(echo, torn, Fated(Fate.TORN)))


def test_it_refuses_on_its_own_port_and_accepts_again() -> None:
    async def near(relay: Relay, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"1")
        assert await reader.read(1) == b"1"
        relay.refuse()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        relay.accept()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"2")
        assert await reader.read(1) == b"2"
        writer.close()

    asyncio.run(_with_relay(echo, near))


@pytest.mark.parametrize("turns", range(4))
def test_it_can_be_closed_while_it_opens(turns: int) -> None:
    async def near(relay: Relay, port: int) -> None:
        another = Relay(("127.0.0.1", port), Trouble())
        for _ in range(turns):
            await asyncio.sleep(0)
        another.close()
        again = Relay(("127.0.0.1", port), Trouble())  # with the file descriptor of the other
        _, writer = await asyncio.open_connection("127.0.0.1", again.port)
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", another.port)
        await another.end()
        await again.end()

    asyncio.run(_with_relay(echo, near))


def test_nobody_behind_it_is_a_reset() -> None:
    async def nobody() -> None:
        relay = Relay(("127.0.0.1", 1), Trouble())
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
        await relay.end()

    asyncio.run(nobody())
