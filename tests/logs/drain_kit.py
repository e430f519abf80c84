"""Receivers of drains that a test can have behave badly: real sockets on port 0, in one loop."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from drain_frames import read

from localku.logs.delivery import Delivery, Times
from localku.logs.drain import Drain, Sender, new_id
from localku.logs.drain_http import HttpSender
from localku.logs.drain_syslog import BATCH, SyslogSender
from localku.logs.drain_url import parse
from localku.logs.entry import Entry
from localku.logs.logplex import Framer
from localku.logs.stream import LogStream

TOKEN = "d.01234567-89ab-cdef-0123-456789abcdef"
PATIENCE = 15.0  # seconds
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def status(code: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} Said", *headers, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


class Post:
    """One request that arrived."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.request, *lines = head.decode().rstrip().split("\r\n")
        self.headers = dict(line.split(": ", 1) for line in lines)
        self.body = body

    @property
    def id(self) -> str:
        return self.headers["Logplex-Frame-Id"]

    @property
    def texts(self) -> list[str]:
        return [frame.text.decode().removesuffix("\n") for frame in read(self.body)]


Act = Callable[[Post, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """posts: what arrived. answers: one for each request, the last one again and again: bytes, or
    something to do."""

    def __init__(self, *answers: bytes | Act) -> None:
        self.answers = list(answers) or [OK]
        self.posts: list[Post] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def taken(self) -> list[str]:
        """The texts of requests that were answered with 204."""
        return [text for post in self.posts if getattr(post, "taken", False) for text in post.texts]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length: ")[2].split()[0])
                post = Post(head, await reader.readexactly(size))
                self.posts.append(post)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, bytes):
                    post.taken = answer.startswith(b"HTTP/1.1 2")  # type: ignore[attr-defined]
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(post, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    @asynccontextmanager
    async def open(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
        server = await asyncio.start_server(
            self.serve, "127.0.0.1", self.port, ssl=tls, limit=1 << 22
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


async def hang(post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def reset(post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 20")
    writer.transport.abort()
    raise ConnectionError


def flood(start: bytes, piece: bytes) -> Act:
    """Answers with start and then with piece for ever."""

    async def act(post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return act


class Tap:
    """A syslog receiver: keeps what arrived on each connection."""

    def __init__(self) -> None:
        self.connections: list[bytearray] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.reads = True
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got = bytearray()
        self.connections.append(got)
        self.writers.append(writer)
        try:
            while self.reads and (data := await reader.read(65536)):
                got += data
            if not self.reads:
                await asyncio.Event().wait()
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    @property
    def texts(self) -> list[str]:
        data = [read(bytes(each), structured=True) for each in self.connections]
        return [frame.text.decode().rstrip("\n") for frames in data for frame in frames]

    @asynccontextmanager
    async def open(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Tap]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self.writers:
                writer.transport.abort()
            await asyncio.sleep(0)


class Rig:
    """A stream, and a drain on it. said: what the platform says of the drain."""

    def __init__(
        self,
        url: str,
        *,
        retry: float = 0.02,
        timeout: float = 5.0,
        messages: int = 1024,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        stream: LogStream | None = None,
    ) -> None:
        target = parse(url)
        self.stream = stream or LogStream()
        self.said: list[str] = []
        self.delivery = Delivery(
            Framer("" if target.is_http else TOKEN),
            new_id,
            times=Times(retry=retry, linger=0.01),
            messages=messages,
            **({} if target.is_http else {"batch": BATCH}),  # type: ignore[arg-type]
        )
        sender: Sender
        if target.is_http:
            sender = HttpSender(target, TOKEN, connect=timeout, request=timeout, context=context)
        else:
            sender = SyslogSender(target, connect=timeout, request=timeout, context=context)
        self.drain = Drain(self.stream, self.delivery, sender, target)
        self.stream.subscribe(self)

    def offer(self, entry: Entry) -> None:
        if entry.dyno == "logplex":
            self.said.append(entry.data.decode().rstrip("\n"))

    def say(self, *lines: object) -> None:
        data = "".join(f"{line}\n" for line in lines).encode()
        self.stream.publish(Entry(time.time(), "app", "web.1", data))

    async def __aenter__(self) -> Rig:
        self.drain.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain.close(0)


async def until(condition: Callable[[], object], what: str, timeout: float = PATIENCE) -> None:
    """Wait until condition holds, while the loop goes round."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        await asyncio.sleep(0.005)
