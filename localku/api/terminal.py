"""One attached terminal's hold on a dyno's pty: output out, keys in, the size. Knows no WebSocket.

The law: nothing here makes the dyno, the log or another terminal wait. Output that this terminal
does not take in time is skipped beyond OUTPUT_LIMIT, and it is told so. Keys that the dyno does not
read are kept up to INPUT_LIMIT; then the terminal waits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from localku.dynos.process import resize_pty

if TYPE_CHECKING:
    from localku.dynos.runner import Run

OUTPUT_LIMIT = 1 << 20  # bytes that wait for a terminal: 16 reads of a full pipe
INPUT_LIMIT = 64 << 10  # bytes that wait for the dyno
WRITE = 4096  # bytes a write: what a tty takes as one line (termios(3), canonical mode)

Size = tuple[int, int]


class Outbox:
    """Bytes that wait for one reader. When there are too many they are skipped, and that is said in
    their place."""

    def __init__(self, limit: int = OUTPUT_LIMIT) -> None:
        self.limit = limit
        self.ended = False
        self._chunks: list[bytes] = []
        self._size = 0
        self._skipped = 0
        self._news = asyncio.Event()

    def put(self, chunk: bytes) -> None:
        """Add bytes; b"" is the end."""
        if self.ended:
            return
        self.ended = not chunk
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self.limit:
            self._skipped += self._size
            self._chunks.clear()
            self._size = 0
        self._news.set()

    async def get(self) -> bytes:
        """All that waits, as soon as there is any; b"" when it has ended."""
        while not self._size and not self.ended:
            self._news.clear()
            await self._news.wait()
        data = b"".join(self._chunks)
        if self._skipped:
            data = skip_note(self._skipped) + data
        self._chunks.clear()
        self._size = self._skipped = 0
        return data


def skip_note(count: int) -> bytes:
    """What a terminal is shown in place of `count` bytes."""
    text = f"[localku: {count:,} bytes skipped, this terminal is slower than the dyno]"
    return f"\r\n{text}\r\n".encode()


class Inlet:
    """Writes to the pty of one run without ever blocking. It has a descriptor of its own, so that
    several terminals can wait for the same pty. broken: told once, when the pty is gone."""

    def __init__(self, fd: int, broken: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._fd = os.dup(fd)
        self._broken = broken
        self._waiting = bytearray()
        self._room = asyncio.Event()
        self._room.set()

    def write(self, data: bytes) -> None:
        """Type these bytes, now or as soon as the dyno reads. `full`: await `room` before more."""
        if self._fd < 0:
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
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._flush)
        except OSError:  # EIO: nobody has the terminal open any more
            self.close()
            self._broken()
        self._count()

    def _count(self) -> None:
        if len(self._waiting) < INPUT_LIMIT:
            self._room.set()
        else:
            self._room.clear()


class Sizes:
    """The sizes of all terminals at one pty: it gets the smallest, so that each sees all of it."""

    def __init__(self) -> None:
        self._wishes: dict[int, dict[object, Size]] = {}

    def set(self, run: Run, who: object, size: Size) -> None:
        """`who` is of that size (rows, columns)."""
        self._wishes.setdefault(run.key, {})[who] = size
        self._apply(run, size)

    def forget(self, run: Run, who: object, default: Size) -> None:
        """`who` has left. default: the size when no terminal is there."""
        wishes = self._wishes.get(run.key, {})
        if wishes.pop(who, None) is None:
            return
        self._apply(run, default)
        if not wishes:
            del self._wishes[run.key]

    def _apply(self, run: Run, default: Size) -> None:
        wishes = self._wishes[run.key].values()
        rows = min((size[0] for size in wishes), default=default[0])
        columns = min((size[1] for size in wishes), default=default[1])
        if run.pump is not None and not run.pump.ended:
            resize_pty(run.terminal.output, rows, columns)
