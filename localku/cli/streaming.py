"""A long answer of the platform, byte by byte to stdout: nothing is held back, and the end of
either side ends it."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable

from localku.cli.client import TIMEOUT, no_platform, read_answer
from localku.errors import UserError

STDOUT = 1
CHUNK = 65536


class Stream:
    """GET of `path` at a control socket. HTTP/1.0, so that the answer has no frames of its own."""

    def __init__(self, socket_path: str, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT)
        self.rest = b""
        try:
            self.socket.connect(socket_path)
            request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: text/plain\r\n\r\n"
            self.socket.sendall(request.encode())
            self._read_head()
        except (ConnectionRefusedError, FileNotFoundError):
            raise no_platform() from None
        except OSError as error:
            raise UserError(f"the platform went away: {error}") from None

    def _read_head(self) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(CHUNK)
            if not piece:
                raise UserError("the platform went away")
            data += piece
        head, _, self.rest = data.partition(b"\r\n\r\n")
        status = int(head.split(None, 2)[1])
        if status != 200:
            while piece := self.socket.recv(CHUNK):
                self.rest += piece
            read_answer(max(status, 400), self.rest)

    def copy(self, paint: Callable[[bytes], bytes]) -> None:
        """Write it all to stdout, through paint. Raises BrokenPipeError as soon as nobody reads."""
        if self.rest:
            write(paint(self.rest))
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        poll.register(STDOUT, 0)  # only whether its reader has gone
        self.socket.settimeout(None)
        while True:
            for fd, _ in poll.poll():
                if fd == STDOUT:
                    raise BrokenPipeError
                try:
                    data = self.socket.recv(CHUNK)
                except ConnectionError:
                    return  # the platform was killed
                if not data:
                    return
                write(paint(data))


def write(data: bytes) -> None:
    """Write all of it to stdout at once. Raises OSError."""
    while data:
        data = data[os.write(STDOUT, data) :]
