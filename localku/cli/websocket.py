"""The client's half of a WebSocket (RFC 6455) over the control socket: what `localku run` needs.

aiohttp would take longer to import than all the rest of a command takes. Nothing here waits but the
handshake: `put` queues, `flush` sends what the socket takes, `receive` yields the messages there
are. Masks are zero: they guard against proxies that are confused by HTTP in a frame (section 10.3),
and there is none on a Unix socket.
"""

from __future__ import annotations

import os
import socket
from base64 import b64encode
from collections.abc import Iterator

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CHUNK = 256 << 10  # bytes a read
TIMEOUT = 30.0  # seconds for the handshake
MASK = bytes(4)


class Refused(Exception):
    """The server did not switch: asked plainly, it says why."""


class WebSocket:
    """One connection. closed: the other side has gone or said goodbye."""

    def __init__(self, path: str, resource: str) -> None:
        """Connect to the Unix socket at `path` and ask for `resource`. Raises OSError, Refused."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.closed = False
        self._waiting = bytearray()
        self._received = bytearray()
        try:
            self.socket.settimeout(TIMEOUT)
            self.socket.connect(path)
            self._shake_hands(resource)
        except BaseException:
            self.socket.close()
            raise
        self.socket.setblocking(False)

    def _shake_hands(self, resource: str) -> None:
        key = b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {resource} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._received:
            data = self.socket.recv(CHUNK)
            if not data:
                raise Refused
            self._received += data
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Refused
        self._received = bytearray(rest)

    def fileno(self) -> int:
        """For select(2)."""
        return self.socket.fileno()

    @property
    def waiting(self) -> int:
        """Bytes that the socket has not taken yet."""
        return len(self._waiting)

    def put(self, kind: int, data: bytes) -> None:
        """Queue a message, and send what can be sent."""
        self._waiting += frame(kind, data)
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes now."""
        try:
            while self._waiting and not self.closed:
                del self._waiting[: self.socket.send(self._waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self._waiting.clear()  # what it said last is still to be received

    def receive(self) -> Iterator[tuple[int, bytes]]:
        """Read once; yield the whole messages that there are. Pings are answered."""
        try:
            data = self.socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return
        self._received += data
        yield from self.arrived()

    def arrived(self) -> Iterator[tuple[int, bytes]]:
        """The whole messages that are here already: the first may come with the handshake."""
        while (message := self._next()) is not None:
            kind, body = message
            if kind == PING:
                self.put(PONG, body)
            elif kind == CLOSE:
                self.put(CLOSE, body[:2])
                self.closed = True
                return
            else:
                yield message

    def _next(self) -> tuple[int, bytes] | None:
        """Take one frame off; the server sends every message in one, unmasked (section 5.1)."""
        buffer = self._received
        if len(buffer) < 2:
            return None
        kind, length, start = buffer[0] & 0x0F, buffer[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        body = bytes(buffer[start : start + length])
        del buffer[: start + length]
        return kind, body

    def close(self) -> None:
        """Let go."""
        self.socket.close()


def frame(kind: int, data: bytes) -> bytes:
    """One whole message as a client sends it (section 5.2)."""
    size = len(data)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = bytes((0x80 | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((0x80 | 127,)) + size.to_bytes(8, "big")
    return bytes((0x80 | kind,)) + length + MASK + data
