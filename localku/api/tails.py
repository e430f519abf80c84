"""Clients that follow a log: woken together, at most so often, with lines that are formatted once.

The law: a line after a quiet moment goes out at once; while more come, all tails go out together
every PACE seconds. So ten tails of one app, woken by one timer, get the very same entries, and what
was formatted for the first of them is sent to all. A tail that does not read waits for itself
alone: its queue is bounded, and it loses its own lines (L11).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from localku.logs.entry import Entry
from localku.logs.events import Events
from localku.logs.format import Formatter
from localku.logs.tail import TailReader

PACE = 0.05  # seconds from one wake-up of all tails to the next
LOOK = 15.0  # seconds without a line, after which we see whether anybody is still there
SHARED_MAX = 256 << 10  # bytes in one write


class Pulse:
    """Wakes the tails that have something, together. Its timer is set only while there are some."""

    def __init__(self) -> None:
        self._waiting: set[Tail] = set()
        self._last = 0.0  # loop time of the last beat
        self._key: object = None
        self._bytes = b""

    def soon(self, tail: Tail) -> None:
        """tail has something to send."""
        if not self._waiting:
            loop = asyncio.get_running_loop()
            wait = self._last + PACE - loop.time()
            if wait > 0:
                loop.call_later(wait, self._beat)
            else:
                loop.call_soon(self._beat)
        self._waiting.add(tail)

    def _beat(self) -> None:
        self._last = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, set()
        for tail in waiting:
            tail.beat()

    def format(self, tail: Tail, entries: list[Entry]) -> bytes:
        """What its shape makes of entries; the same bytes for the next tail that has the same."""
        shape = tail.shape
        first, last = entries[0].number, entries[-1].number
        if not first or not last or not shape.is_clean(first):
            return _joined(shape, entries)
        key = (tail.kind, first, last, len(entries))
        if key != self._key:
            self._bytes = _joined(shape, entries)
            self._key = key if shape.is_clean(last + 1) else None
        return self._bytes


def _joined(shape: Events | Formatter, entries: list[Entry]) -> bytes:
    return b"".join([shape.feed(entry) for entry in entries])


class Tail:
    """One client that waits for lines. kind: what its bytes depend on, beside the entries. shape:
    makes bytes of them. ended: the platform ends."""

    def __init__(
        self,
        pulse: Pulse,
        kind: object,
        shape: Events | Formatter,
        accepts: Callable[[Entry], bool] | None = None,
    ) -> None:
        self.kind = kind
        self.shape = shape
        self.ended = False
        self.reader = TailReader(accepts=accepts, on_ready=self._ready, urgent=SHARED_MAX)
        self._pulse = pulse
        self._transport: asyncio.Transport | None = None  # while a beat may write to it
        self._chunked = False
        self._woken = False
        self._waiter: asyncio.Future[None] | None = None

    def _ready(self) -> None:
        if self.reader.size > SHARED_MAX:
            self.wake()  # in a flood the next beat would be too late
        else:
            self._pulse.soon(self)

    def end(self) -> None:
        """Let the client go."""
        self.ended = True
        self.wake()

    def wake(self) -> None:
        """For its task: something that has to be waited for, the end, or long nothing."""
        self._woken = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def beat(self) -> None:
        """Write what there is, if its task sleeps, it is not much, and all before it is gone."""
        transport = self._transport
        if (
            transport is None
            or transport.is_closing()
            or transport.get_write_buffer_size()
            or self.reader.size > SHARED_MAX
        ):
            self.wake()
            return
        for data in self.pieces():
            if data:
                transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def wait(self, transport: asyncio.Transport | None, chunked: bool) -> None:
        """Return when its task has something to do. transport: of the client, for the meantime.
        chunked: the answer has chunks (RFC 9112 section 7.1)."""
        if not self._woken:
            loop = asyncio.get_running_loop()
            look = loop.call_later(LOOK, self.wake)
            self._waiter = loop.create_future()
            self._transport, self._chunked = transport, chunked
            try:
                await self._waiter
            finally:
                look.cancel()
                self._waiter = self._transport = None
        self._woken = False

    def pieces(self) -> Iterator[bytes]:
        """All that is there, as bytes to write one after the other."""
        entries = self.reader.take()
        start = size = 0
        for end, entry in enumerate(entries, 1):
            size += len(entry.data)
            if size >= SHARED_MAX or end == len(entries):
                yield self._pulse.format(self, entries[start:end])
                start, size = end, 0
