"""One non-blocking TCP socket with a bounded outgoing buffer: what Front and Link stand on.

Why not asyncio's transports: they read 256 KiB at a time (page faults), keep a reference cycle per
connection (garbage collector pauses of 50 ms under churn) and cost a Task per accepted connection.
The contract is theirs in small: write() never blocks, on_blocked() and on_drained() carry
back-pressure, and of all on_ methods only on_blocked() is called from within write().
"""

from __future__ import annotations

import struct
from _socket import SHUT_WR, SO_LINGER, SOL_SOCKET
from _socket import socket as Socket
from collections import deque
from typing import cast

from localku.router.poller import Poller

READ_SIZE = 65_536  # larger reads are mmapped and page-faulted anew each time
HIGH_WATER = 65_536  # buffered bytes at which the other side stops reading
LOW_WATER = 16_384

_RESET = struct.pack("ii", 1, 0)  # struct linger: on, no time

_OPEN, _CLOSING, _CLOSED = range(3)


class Wire:
    """A connected socket. Subclasses say what its events mean (the on_ methods).

    bulk: much is to come that goes straight on: read it in big pieces, into a buffer that all
    share.
    """

    __slots__ = (
        "_half",
        "_state",
        "backlog",
        "blocked",
        "bulk",
        "fd",
        "out",
        "poller",
        "reading",
        "sock",
    )

    def __init__(self, poller: Poller, sock: Socket) -> None:
        self.poller = poller
        self.sock = sock
        self.fd = sock.fileno()
        self.out: deque[memoryview] | None = None  # made when the first write does not fit
        self.backlog = 0
        self.blocked = False
        self.reading = False
        self.bulk = False
        self._half = False
        self._state = _OPEN

    def on_data(self, data: bytes) -> None:
        """Bytes came, never b"". In bulk they are a view that must not be kept."""
        raise NotImplementedError

    def on_eof(self) -> None:
        """The peer sends no more."""
        raise NotImplementedError

    def on_lost(self, error: OSError) -> None:
        """The connection broke; the socket is closed already, on_closed() follows."""
        raise NotImplementedError

    def on_unwritable(self, error: OSError) -> None:
        """Sending failed; a subclass may still want to read what came before that."""
        self.lost(error)

    def on_fault(self) -> None:
        """An event was not handled for a fault of ours, which has been reported: end it."""
        raise NotImplementedError

    def on_closed(self) -> None:
        """The socket is closed, for whatever reason; called once."""
        raise NotImplementedError

    def on_blocked(self) -> None:
        """More than HIGH_WATER is waiting to be sent: send no more."""
        raise NotImplementedError

    def on_drained(self) -> None:
        """There is room again."""
        raise NotImplementedError

    @property
    def closed(self) -> bool:
        """Whether the socket is gone."""
        return self._state == _CLOSED

    @property
    def closing(self) -> bool:
        """Whether it is closed, or will be once all is sent."""
        return self._state != _OPEN

    def resume_reading(self) -> None:
        """Hear on_data() from now on."""
        if not self.reading and self._state == _OPEN:
            self.reading = True
            self.poller.add_reader(self.fd, self)

    def pause_reading(self) -> None:
        """Leave incoming bytes to the kernel, whose buffer then slows the peer."""
        if self.reading:
            self.reading = False
            self.poller.remove_reader(self.fd)

    def write(self, data: bytes | memoryview) -> None:
        """Send now what fits, keep the rest. A failure shows up later, as on_lost()."""
        if self._state != _OPEN or self._half:
            return
        if self.backlog:
            self._keep(data, 0)
            return
        try:
            sent = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self.poller.soon(self.on_unwritable, error)
            return
        if sent < len(data):
            self._keep(data, sent)
            self.poller.add_writer(self.fd, self)

    def _keep(self, data: bytes | memoryview, sent: int) -> None:
        if isinstance(data, memoryview):
            rest = memoryview(bytes(data[sent:]))  # a view of the scratch buffer
        else:
            rest = memoryview(data)[sent:]
        if self.out is None:
            self.out = deque()
        self.out.append(rest)
        self.backlog += len(rest)
        if self.backlog > HIGH_WATER and not self.blocked:
            self.blocked = True
            self.on_blocked()

    def readable(self) -> None:
        """The loop's callback: one read, one event."""
        try:
            data = self._read_bulk() if self.bulk else self.sock.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.lost(error)
            return
        try:
            if data:
                self.on_data(data)
            else:
                self.pause_reading()
                self.on_eof()
        except Exception as error:
            self.poller.report(error)
            self.on_fault()

    def _read_bulk(self) -> bytes:
        scratch = self.poller.scratch
        return cast(bytes, scratch[: self.sock.recv_into(scratch)])

    def writable(self) -> None:
        """The loop's callback: send on, then tell that there is room."""
        out = self.out
        try:
            while out:
                piece = out[0]
                sent = self.sock.send(piece)
                self.backlog -= sent
                if sent < len(piece):
                    out[0] = piece[sent:]
                    break
                out.popleft()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self.on_unwritable(error)
            return
        if not self.backlog:
            self._all_sent()
        if self.blocked and self.backlog <= LOW_WATER and self._state == _OPEN:
            self.blocked = False
            self.on_drained()

    def _all_sent(self) -> None:
        self.poller.remove_writer(self.fd)
        if self._state == _CLOSING:
            self.abort()
        elif self._half:
            self._shutdown()

    def close(self) -> None:
        """Send what is buffered, then close. Incoming bytes are not read any more."""
        if self._state != _OPEN:
            return
        if not self.backlog:
            self.abort()
            return
        self.pause_reading()
        self._state = _CLOSING

    def close_as_broken(self) -> None:
        """close(), but with a reset: the peer must not take the end for the end of a message."""
        if self._state == _OPEN:
            self.sock.setsockopt(SOL_SOCKET, SO_LINGER, _RESET)
            self.close()

    def finish(self) -> None:
        """Send what is buffered, then an end; go on reading, so that the peer is not reset."""
        if self._state == _OPEN and not self._half:
            self._half = True
            if not self.backlog:
                self._shutdown()

    def _shutdown(self) -> None:
        try:
            self.sock.shutdown(SHUT_WR)
        except OSError as error:
            self.poller.soon(self.lost, error)

    def abort(self) -> None:
        """Close at once; what is buffered is dropped."""
        if self._state == _CLOSED:
            return
        self._state = _CLOSED
        self.reading = False
        self.backlog = 0
        self.out = None
        self.poller.forget(self.fd)
        self.sock.close()
        self.on_closed()

    def lost(self, error: OSError) -> None:
        """The connection broke."""
        if self._state == _CLOSED:
            return
        self.abort()
        self.on_lost(error)
