"""Reads what a command says, for one reader that may say stop: the command then waits.

Unlike a pump it neither splits lines nor skips a byte, and holds nothing back.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

CHUNK = 64 << 10  # bytes a read, and a turn: the capacity of a pipe on Linux
TTY_CHUNK = 2048  # a pty gives 4 KiB a read; after one of less than this it is empty


class Outlet:
    """Reads fd, which it makes non-blocking and never closes.

    take(data): bytes as they come. ended(): once, after the last of them.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        fd: int,
        take: Callable[[bytes], object],
        ended: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._fd = fd
        self._take = take
        self._ended = ended
        self._paused = False
        self._last = False  # nobody is left who could write: an empty pipe is its end
        self.open = True
        os.set_blocking(fd, False)
        loop.add_reader(fd, self._turn)

    def pause(self) -> None:
        """Leave the bytes where they are."""
        if self.open and not self._paused:
            self._paused = True
            self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        """Read again."""
        if self.open and self._paused:
            self._paused = False
            self._loop.add_reader(self._fd, self._turn)
            if self._last:
                self._loop.call_soon(self._turn)

    def finish(self) -> None:
        """The command is gone: read what is there, even if a stray still holds the other end."""
        self._last = True
        if self.open and not self._paused:
            self._loop.call_soon(self._turn)

    def close(self) -> None:
        """Read no more, and say nothing of it."""
        if self.open:
            self.open = False
            self._loop.remove_reader(self._fd)

    def _turn(self) -> None:
        if not self.open or self._paused:
            return
        data, over = self._read()
        if data:
            self._take(data)
        if over or (not data and self._last):
            if self.open:
                self.close()
                self._ended()
        elif self._last:
            self._loop.call_soon(self._turn)

    def _read(self) -> tuple[bytes, bool]:
        """What is there now, at most about a CHUNK; and whether that is the end."""
        parts: list[bytes] = []
        size = 0
        while size < CHUNK:
            try:
                data = os.read(self._fd, CHUNK)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EIO:  # what a pty's master says when its last user is gone
                    raise
                data = b""
            if not data:
                return b"".join(parts), True
            parts.append(data)
            size += len(data)
            if len(data) < TTY_CHUNK:
                break
        return b"".join(parts), False
