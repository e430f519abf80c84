"""One end of the socket between localku and a further router. It never waits.

What the kernel does not take at once is kept; whoever speaks looks at `queued` and decides what is
worth keeping, since only he knows: a router its log lines up to a bound, localku the last table.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from localku.frames import Unpacker, pack

_PIECE = 1 << 18


def _nothing() -> None:
    pass


class Channel:
    """queued: bytes that the kernel has not taken yet. Both ends may set the callbacks.

    on_message(message): a whole one came. on_room(): all that was kept has been sent. on_end(): the
    other side is gone; called once, the socket is closed then.
    """

    def __init__(
        self, sock: socket.socket, on_message: Callable[[tuple[object, ...]], None]
    ) -> None:
        sock.setblocking(False)
        self.on_message = on_message
        self.on_room: Callable[[], None] = _nothing
        self.on_end: Callable[[], None] = _nothing
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._inbox = Unpacker()
        self._outbox = bytearray()
        self._loop.add_reader(sock, self._read)

    @property
    def queued(self) -> int:
        """Bytes that wait here."""
        return len(self._outbox)

    def send(self, message: tuple[object, ...]) -> None:
        """Send it, or keep it. Without the other side it is dropped: on_end tells."""
        if self._sock.fileno() < 0:
            return
        waiting = bool(self._outbox)
        self._outbox += pack(message)
        if not waiting and self._flush():
            self._loop.add_writer(self._sock, self._writable)

    def close(self) -> None:
        """Hang up; what is kept is dropped."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()
            self._outbox.clear()

    def _flush(self) -> bool:
        """Send what the kernel takes; whether something is left."""
        try:
            del self._outbox[: self._sock.send(self._outbox)]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._outbox.clear()  # the reader tells
        return bool(self._outbox)

    def _writable(self) -> None:
        if not self._flush():
            self._loop.remove_writer(self._sock)
            self.on_room()

    def _read(self) -> None:
        try:
            data = self._sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        for message in self._inbox.feed(data):
            self.on_message(message)
        if not data:
            self.close()
            self.on_end()
