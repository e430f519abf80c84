"""Rendezvous to the byte, over TLS: one-off dynos of a supervisor, and clients like Heroku's."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from localku.api.rendezvous import GREETING, Meetings
from localku.dynos.backoff import BackoffPolicy
from localku.dynos.hub import InitHub
from localku.dynos.oneoff import OneOff, Order
from localku.dynos.oneoff_life import Times
from localku.dynos.process import InitClient
from localku.dynos.spec import DynoSpec
from localku.dynos.supervisor import Supervisor
from localku.logs.entry import Entry

PATIENCE = 15.0  # seconds
CA = trustme.CA()


class Door(asyncio.Protocol):
    """The first bytes of a connection decide who has it from then on."""

    def __init__(self, meetings: Meetings) -> None:
        self.meetings = meetings

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        guest = self.meetings.meet(data)
        if guest is None:
            self.transport.close()
            return
        self.transport.set_protocol(guest)
        guest.connection_made(self.transport)
        guest.data_received(data)


class House:
    """A supervisor, its log, and a TLS port with `meet` behind it."""

    def __init__(self, supervisor: Supervisor, log: list[Entry], port: int) -> None:
        self.supervisor = supervisor
        self.log = log
        self.port = port
        self.meetings = Meetings()

    def run(self, command: str, *, tty: bool = False, attach: float = 30.0) -> tuple[OneOff, bytes]:
        number = len(self.supervisor.oneoffs) + 1
        env = {"PATH": "/usr/bin:/bin", "TERM": "dumb"}
        spec = DynoSpec(f"run.{number}", command, "/", env, 45000)
        times = Times(attach=attach, hangup=0.2)
        order = Order(spec, size="Basic", attached=True, tty=tty, times=times, bash="/bin/bash")
        oneoff = self.supervisor.run(order)
        return oneoff, self.meetings.arrange(oneoff).encode()

    async def call(self, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context()
        CA.configure_trust(context)
        reader, writer = await asyncio.open_connection("localhost", self.port, ssl=context)
        writer.write(first)
        return reader, writer

    def said(self, text: str) -> bool:
        return any(text.encode() in entry.data for entry in self.log)


async def until(condition: Callable[[], bool], what: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while not condition():
        assert loop.time() < deadline, what
        await asyncio.sleep(0.01)


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    log: list[Entry] = []
    hub = InitHub(InitClient.launch([]))
    supervisor = Supervisor(
        hub,
        publish=log.append,
        on_change=lambda: None,
        on_crash=lambda dyno, status: None,
        backoff=BackoffPolicy(),
    )
    loop = asyncio.get_running_loop()
    hub.attach(loop, lambda why: None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("localhost").configure_cert(context)
    it = House(supervisor, log, 0)
    server = await loop.create_server(lambda: Door(it.meetings), "localhost", 0, ssl=context)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        await supervisor.shut_down(1)
        server.close()
        await loop.run_in_executor(None, hub.init.close)


def go(test: Callable[[House], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with house() as it:
            await asyncio.wait_for(test(it), 2 * PATIENCE)

    asyncio.run(inside())


async def end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except (ConnectionError, ssl.SSLError):
        pass


@pytest.mark.parametrize("newline", [b"\r\n", b""], ids=["heroku", "heroku3"])
def test_the_greeting_has_a_record_of_its_own(newline: bytes) -> None:
    async def test(it: House) -> None:
        _, secret = it.run("echo hi; exit 3")
        assert re.fullmatch(rb"[0-9a-f]{32}", secret)
        reader, writer = await it.call(secret + newline)
        assert await reader.readexactly(len(GREETING)) == b"rendezvous\r\n"
        assert await reader.read() == b"hi\n"
        await end(writer)
        assert it.said("Process exited with status 3")

    go(test)


def test_the_greeting_is_what_the_first_read_of_tls_gives() -> None:
    """Heroku's CLI throws away the whole first chunk: nothing may be glued to it."""

    async def test(it: House) -> None:
        _, secret = it.run("echo at once")
        loop = asyncio.get_running_loop()
        chunks: list[bytes] = []
        over = loop.create_future()

        class Reader(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                chunks.append(data)

            def connection_lost(self, exc: Exception | None) -> None:
                over.set_result(None)

        context = ssl.create_default_context()
        CA.configure_trust(context)
        transport, _ = await loop.create_connection(Reader, "localhost", it.port, ssl=context)
        transport.write(secret + b"\r\n")
        await over
        assert chunks[0] == GREETING
        assert b"".join(chunks[1:]) == b"at once\n"

    go(test)


def test_a_secret_is_good_for_once_and_a_wrong_one_for_nothing() -> None:
    async def test(it: House) -> None:
        _, secret = it.run("cat")
        reader, writer = await it.call(secret + b"\r\n")
        await reader.readexactly(len(GREETING))
        for wrong in (secret + b"\r\n", b"0" * 32, secret.upper(), b"GET / HTTP/1.1\r\n\r\n"):
            other, closing = await it.call(wrong)
            assert await other.read() == b""
            await end(closing)
        writer.write(b"still here\n\x04")
        assert await reader.read() == b"still here\n"
        await end(writer)

    go(test)


def test_an_eot_ends_the_input_and_only_as_the_last_byte() -> None:
    async def test(it: House) -> None:
        _, secret = it.run("od -An -tx1 -v -w1")
        reader, writer = await it.call(secret + b"\r\n")
        writer.write(b"a\x04")
        await writer.drain()
        writer.write(b"b\x04")
        data = await reader.read()
        assert data.removeprefix(GREETING).split() in ([b"61", b"04", b"62"], [b"61"])
        await end(writer)

    go(test)


def test_empty_input_is_an_eot_alone() -> None:
    async def test(it: House) -> None:
        _, secret = it.run("cat; echo over")
        reader, writer = await it.call(secret + b"\r\n")
        writer.write(b"\x04")
        assert await reader.read() == GREETING + b"over\n"
        await end(writer)

    go(test)


def test_at_a_pty_an_eot_is_ctrl_d() -> None:
    async def test(it: House) -> None:
        _, secret = it.run("stty -echo; stty size; cat; test -t 0 && echo tty", tty=True)
        reader, writer = await it.call(secret + b"\r\n")
        await reader.readuntil(b"24 80\r\n")
        writer.write(b"x\n\x04")
        assert await reader.read() == b"x\r\ntty\r\n"
        await end(writer)

    go(test)


def test_what_arrives_just_after_the_end_meets_an_open_connection() -> None:
    async def test(it: House) -> None:
        _, secret = it.run("exit 0")
        reader, writer = await it.call(secret + b"\r\n")
        await until(lambda: it.said("complete"), "the command has ended")
        writer.write(b"\x04")
        await writer.drain()
        assert await reader.read() == GREETING
        await end(writer)

    go(test)


def test_a_client_that_goes_is_sighup() -> None:
    async def test(it: House) -> None:
        oneoff, secret = it.run("sleep 600")
        reader, writer = await it.call(secret + b"\r\n")
        await until(lambda: oneoff.state == "up", "it runs")
        writer.transport.abort()
        await until(lambda: oneoff.ended, "it has ended")
        assert it.said("Client connection closed. Sending SIGHUP to all processes")
        assert it.said("Process exited with status 129")

    go(test)


def test_a_client_that_goes_while_its_input_is_not_read_is_noticed() -> None:
    async def test(it: House) -> None:
        oneoff, secret = it.run("sleep 600")
        _, writer = await it.call(secret + b"\r\n" + b"x" * (1 << 20))
        await until(lambda: oneoff.state == "up", "it runs")
        await asyncio.sleep(0.2)
        writer.transport.abort()
        await until(lambda: oneoff.ended, "it has ended")

    go(test)


def test_a_megabyte_goes_through_and_comes_back() -> None:
    async def test(it: House) -> None:
        data = bytes(range(5, 256)) * 4200  # no EOT that a pause could make the last byte
        _, secret = it.run("cat")
        reader, writer = await it.call(secret + b"\r\n" + data[:1000])

        async def feed() -> None:
            writer.write(data[1000:])
            await writer.drain()
            writer.write(b"\x04")

        _, back = await asyncio.gather(feed(), reader.read())
        assert back == GREETING + data
        await end(writer)

    go(test)


def test_a_client_that_does_not_read_stops_the_command() -> None:
    async def test(it: House) -> None:
        oneoff, secret = it.run("yes | head -c 50000000; echo done >&2")
        reader, writer = await it.call(secret + b"\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: oneoff.state == "up", "it runs")
        await asyncio.sleep(1)
        assert not oneoff.ended
        guest = oneoff._client
        assert guest is not None
        assert guest._transport.get_write_buffer_size() < 1 << 20  # type: ignore[attr-defined]
        writer.transport.abort()
        await until(lambda: oneoff.ended, "it has ended")

    go(test)


def test_nobody_comes_is_r13_and_the_secret_is_void() -> None:
    async def test(it: House) -> None:
        oneoff, secret = it.run("cat", attach=0.05)
        await until(lambda: oneoff.ended, "it was given up")
        assert it.said("Error R13 (Attach error) -> Failed to attach to process")
        assert it.supervisor.oneoffs == {}
        reader, writer = await it.call(secret + b"\r\n")
        assert await reader.read() == b""
        await end(writer)

    go(test)
