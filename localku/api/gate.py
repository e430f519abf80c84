"""The API over TCP, on loopback: one port for HTTP, for TLS, and within TLS for what is no HTTP.

Real clients make a git URL and an attach URL from the API's own address, always with TLS, so that
one port has to serve all: the first byte tells (spoken.py). What is neither HTTP nor TLS is given
to `meet` (a one-off dyno's rendezvous). As with the control socket, nothing costs until a client
comes.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from localku.api import spoken

if TYPE_CHECKING:
    from localku.api.host import Host
    from localku.api.serving import Serving

Meet = Callable[[bytes], "asyncio.Protocol | None"]
Factory = Callable[[], asyncio.BaseProtocol]

FIRST_BYTES = 30.0  # seconds that a client has to say what it speaks; also for a TLS handshake
MAX_UNDECIDED = 512  # clients that have not said it yet; more are sent away
ACCEPT_AT_ONCE = 64
REST = 0.5  # seconds without accepting, when no descriptor is left


def nobody(data: bytes) -> asyncio.Protocol | None:
    """For a gate behind which nobody waits."""
    return None


def no_tls() -> ssl.SSLContext | None:
    """For a gate without certificates."""
    return None


class Gate:
    """A door of the API on bound TCP sockets: a service of the platform.

    context: the certificates, asked for each connection in a thread; None closes it. meet: who
    takes a connection whose first bytes, decrypted, are no HTTP; None closes it.
    """

    def __init__(
        self,
        platform: Host,
        serving: Serving,
        sockets: list[socket.socket],
        context: Callable[[], ssl.SSLContext | None] = no_tls,
        meet: Meet = nobody,
    ) -> None:
        self.platform = platform
        self.sockets = sockets
        self._serving = serving
        self._context = context
        self._context_lock = asyncio.Lock()
        self._meet = meet
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take clients. Makes the key if there is none. Raises UserError."""
        _ = self.platform.key
        self.platform.api_port = int(self.sockets[0].getsockname()[1])
        for each in self.sockets:
            self._listen(each)

    async def close(self) -> None:
        """Take no more; those whom the server has are ended by it."""
        for each in self.sockets:
            if each.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(each.fileno())
                each.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- accepting -----------------------------------------------------------------------------

    def _listen(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            asyncio.get_running_loop().add_reader(listening.fileno(), self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPT_AT_ONCE):
            try:
                client, _address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    self._rest(listening)
                return
            if len(self._tasks) >= MAX_UNDECIDED:
                client.close()
                continue
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._own(client)

    def _rest(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening.fileno())
        loop.call_later(REST, self._listen, listening)

    def _own(self, client: socket.socket) -> None:
        task = asyncio.get_running_loop().create_task(self._admit(client))
        self._tasks.add(task)
        task.add_done_callback(self._admitted)

    def _admitted(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        # it went away, was silent, or its TLS is broken: nobody to tell
        if error is not None and not isinstance(error, (OSError, asyncio.TimeoutError)):
            self.platform.say(f"The API lost a client: {type(error).__name__}: {error}")

    # -- one client ----------------------------------------------------------------------------

    async def _admit(self, client: socket.socket) -> None:
        """Find out what a client speaks, and hand it over."""
        try:
            factory, context = await self._understand(client)
        except BaseException:
            client.close()
            raise
        if factory is None:
            client.close()
            return
        loop = asyncio.get_running_loop()
        patience = FIRST_BYTES if context is not None else None
        # from here on the socket is its transport's, even if the handshake fails
        await loop.connect_accepted_socket(
            factory, client, ssl=context, ssl_handshake_timeout=patience
        )

    async def _understand(
        self, client: socket.socket
    ) -> tuple[Factory | None, ssl.SSLContext | None]:
        """Who speaks with this client, and whether over TLS; None for nobody."""
        first = await asyncio.wait_for(_peek(client), FIRST_BYTES)
        if not first:
            return None, None
        context = await self._certificates() if spoken.is_tls(first) else None
        if spoken.is_tls(first) and context is None:
            return None, None
        http = (await self._serving.runner()).server
        if http is None or context is None:
            return http, None
        return lambda: FirstWords(http, self._meet), context

    async def _certificates(self) -> ssl.SSLContext | None:
        async with self._context_lock:  # the first one may make them: once
            return await asyncio.get_running_loop().run_in_executor(None, self._context)


async def _peek(client: socket.socket) -> bytes:
    """The first byte, which stays unread; b"" when the client goes away. Raises OSError."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(client.fileno(), _wake, readable)
    try:
        await readable
    finally:
        loop.remove_reader(client.fileno())
    return client.recv(1, socket.MSG_PEEK)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class FirstWords(asyncio.Protocol):
    """Reads the first bytes within TLS and gives the connection to who speaks that."""

    def __init__(self, http: Factory, meet: Meet) -> None:
        self._http = http
        self._meet = meet
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first bytes, but not for ever."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._patience = asyncio.get_running_loop().call_later(FIRST_BYTES, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Decide as soon as the bytes suffice."""
        self._data += data
        is_http = spoken.is_http(self._data)
        if is_http is None:
            return
        self._patience.cancel()
        heir = self._http() if is_http else self._meet(self._data)
        if heir is None:
            self._transport.close()
            return
        assert isinstance(heir, asyncio.Protocol)
        self._transport.set_protocol(heir)
        heir.connection_made(self._transport)
        heir.data_received(self._data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It went before it said anything."""
        self._patience.cancel()
