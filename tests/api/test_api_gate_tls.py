"""One port for HTTP, TLS and what is neither: the gate with certificates, in this process."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from localku.api.gate import Gate, no_tls
from localku.api.serving import Serving

KEY = "0123456789abcdef" * 4
REQUEST = (
    f"GET /account HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
)


class House:
    """What a gate needs of the platform behind it."""

    def __init__(self) -> None:
        self.hosting: Any = None
        self.api_port = 0
        self.port = 0
        self.key = KEY
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


class Meeting(asyncio.Protocol):
    """Somebody who waits for a secret, and echoes what comes behind it."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"rendezvous\r\n")

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.removeprefix(self.secret))


SECRET = b"5ec7e7"
CA = trustme.CA()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


def meet(data: bytes) -> asyncio.Protocol | None:
    return Meeting(SECRET) if data.startswith(SECRET) else None


@asynccontextmanager
async def open_gate(
    context: Callable[[], ssl.SSLContext | None],
) -> AsyncIterator[tuple[House, int]]:
    house = House()
    serving = Serving(house)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    gate = Gate(house, serving, [listening], context, meet)
    await serving.start()
    await gate.start()
    try:
        yield house, house.api_port
    finally:
        await asyncio.gather(gate.close(), serving.close())


def run(
    work: Callable[[House, int], Awaitable[None]],
    context: Callable[[], ssl.SSLContext | None] = server_context,
) -> None:
    troubles: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, each: troubles.append(each))
        async with open_gate(context) as (house, port):
            await asyncio.wait_for(work(house, port), 20)
        assert house.said == []

    asyncio.run(main())
    assert troubles == []  # they would end a platform


async def dial(port: int, *, tls: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    secure = client_context() if tls else None
    return await asyncio.open_connection("localhost", port, ssl=secure)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        pass


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_http_is_answered_on_a_connection_that_stays(tls: bool) -> None:
    async def work(house: House, port: int) -> None:
        reader, writer = await dial(port, tls=tls)
        for _ in range(2):
            writer.write(REQUEST)
            assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
            await reader.readuntil(b"}\n")
        await hang_up(writer)

    run(work)


def test_tls_is_no_way_around_the_key() -> None:
    async def work(house: House, port: int) -> None:
        reader, writer = await dial(port)
        writer.write(REQUEST.replace(KEY.encode(), b"x"))
        assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 401 Unauthorized\r\n"
        await hang_up(writer)

    run(work)


def test_a_request_may_come_in_pieces() -> None:
    async def work(house: House, port: int) -> None:
        reader, writer = await dial(port)
        for piece in (REQUEST[:2], REQUEST[2:3], REQUEST[3:]):
            writer.write(piece)
            await writer.drain()
        assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
        await hang_up(writer)

    run(work)


def test_what_is_no_http_meets_who_waits_for_it() -> None:
    async def work(house: House, port: int) -> None:
        reader, writer = await dial(port)
        writer.write(SECRET)  # without a newline, as heroku3 sends it
        assert await reader.readexactly(12) == b"rendezvous\r\n"
        writer.write(b"echo")
        assert await reader.readexactly(4) == b"echo"
        await hang_up(writer)

    run(work)


def test_who_is_not_expected_is_sent_away() -> None:
    async def work(house: House, port: int) -> None:
        reader, writer = await dial(port)
        writer.write(b"nobody knows this")
        assert await reader.read() == b""
        await hang_up(writer)

    run(work)


def test_without_certificates_tls_is_closed_and_http_goes_on() -> None:
    async def work(house: House, port: int) -> None:
        with pytest.raises(OSError):
            await dial(port)
        reader, writer = await dial(port, tls=False)
        writer.write(REQUEST)
        assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
        await hang_up(writer)

    run(work, no_tls)


def test_certificates_are_made_once_at_a_time() -> None:
    making = []

    def slow() -> ssl.SSLContext:
        making.append(1)
        assert len(making) == 1
        context = server_context()
        making.pop()
        return context

    async def work(house: House, port: int) -> None:
        for _, writer in await asyncio.gather(*(dial(port) for _ in range(4))):
            await hang_up(writer)

    run(work, slow)


def test_broken_tls_troubles_nobody() -> None:
    async def work(house: House, port: int) -> None:
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        for data in (b"\x16", hello, hello + os.urandom(600), b"\x16" + os.urandom(3000)):
            for _ in range(5):
                reader, writer = await dial(port, tls=False)
                writer.write(data)
                await writer.drain()
                if len(data) % 2:
                    writer.transport.abort()
                await hang_up(writer)
        reader, writer = await dial(port)  # a client that does not trust us, and one that leaves
        writer.transport.abort()
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection("localhost", port, ssl=ssl.create_default_context())
        reader, writer = await dial(port)
        writer.write(REQUEST)
        assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
        await hang_up(writer)

    run(work)
