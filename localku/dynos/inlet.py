"""Writes to a command's pty or stdin without ever blocking.

The law: what the command does not read is kept up to INPUT_LIMIT; then whoever types waits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

INPUT_LIMIT = 64 << 10  # bytes that wait for the command
WRITE = 4096  # bytes a write: what a tty takes as one line (termios(3), canonical mode)


class Inlet:
    """Writes to one pty or pipe, which does not block. It has a descriptor of its own, so that
    several terminals can wait for the same pty.

    broken: told once, when the command has closed the other end. roomy: told when it is full no
    more.
    """

    def __init__(
        self,
        fd: int,
        broken: Callable[[], object],
        roomy: Callable[[], object] = lambda: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._fd = os.dup(fd)
        self._broken = broken
        self._roomy = roomy
        self._last = False
        self._waiting = bytearray()
        self._room = asyncio.Event()
        self._room.set()

    def write(self, data: bytes) -> None:
        """Type these bytes, now or as soon as the dyno reads. `full`: await `room` before more."""
        if self._fd < 0 or self._last:
            return
        idle = not self._waiting
        self._waiting += data
        if idle:
            self._flush()
        else:
            self._count()

    @property
    def full(self) -> bool:
        """Whether INPUT_LIMIT bytes wait."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Return when it is full no more."""
        await self._room.wait()

    def finish(self) -> None:
        """That was all: the command reads the end when it has read the rest. For pipes."""
        self._last = True
        if not self._waiting:
            self.close()

    def close(self) -> None:
        """Forget what was not written."""
        if self._fd >= 0:
            self._loop.remove_writer(self._fd)
            os.close(self._fd)
            self._fd = -1
        self._waiting.clear()
        self._room.set()

    def _flush(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._fd, self._waiting[:WRITE])]
            self._loop.remove_writer(self._fd)
            if self._last:
                self.close()
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._flush)
        except OSError:  # EIO: nobody has the terminal open any more
            self.close()
            self._broken()
        self._count()

    def _count(self) -> None:
        if len(self._waiting) < INPUT_LIMIT:
            if self.full:
                self._room.set()
                self._roomy()
        else:
            self._room.clear()
