"""One attached terminal's hold on a dyno's pty: output out, the size. Knows no WebSocket.

The law: nothing here makes the dyno, the log or another terminal wait. Output that this terminal
does not take in time is skipped beyond OUTPUT_LIMIT, and it is told so. Keys go through an Inlet.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from localku.dynos.process import resize_pty

if TYPE_CHECKING:
    from localku.dynos.runner import Run

OUTPUT_LIMIT = 1 << 20  # bytes that wait for a terminal: 16 reads of a full pipe

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
            # the newest is kept, for a prompt may be at its end
            kept = [chunk] if len(chunk) <= self.limit else []
            self._skipped += self._size - sum(map(len, kept))
            self._chunks = kept
            self._size = sum(map(len, kept))
        self._news.set()

    async def get(self) -> bytes:
        """All that waits, as soon as there is any; b"" when it has ended."""
        while not self._size and not self._skipped and not self.ended:
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
