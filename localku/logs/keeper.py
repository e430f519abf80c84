"""Keeps the history of one stream on disk, so that it survives the platform, kill -9 included.

The law: it hears one entry, then sleeps for a second and writes what the history has of that time:
the hot path pays nothing, a flood costs no more than 1,500 lines a second, and silence costs
nothing at all. The disk is waited for in a thread. What cannot be written is said once, and tried
again with what comes next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from localku.logs.entry import Entry
from localku.logs.history import HistoryFile
from localku.logs.stream import LogStream

EVERY = 1.0  # seconds: what kill -9 may cost
# entries that a platform which was killed may have numbered and not written: no number comes twice
LEAP = 1 << 20


def _quiet(_: str) -> None:
    pass


class Keeper:
    """A reader of the stream. say: for what the user has to know. It goes on where file ends, from
    construction on; it writes from `start` to `close`. every: seconds between two writings."""

    def __init__(self, stream: LogStream, file: HistoryFile, every: float = EVERY) -> None:
        self.say: Callable[[str], None] = _quiet
        self._every = every
        self._stream = stream
        self._file = file
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._failed = False  # since the last that could be written
        self._told = False  # that the file was damaged
        file.open(time.time())
        self._before = file.number + 1
        stream.go_on(file.number + LEAP if file.number else 0, self._recall)

    def start(self) -> None:
        """The loop runs: begin to write. What was said before is written, too."""
        self._loop = asyncio.get_running_loop()
        self._tell_damage()
        self._arm()

    def offer(self, entry: Entry) -> None:
        """Something is said: a second from now it is written."""
        self._stream.unsubscribe(self)
        self._arm()

    async def close(self) -> None:
        """Write the rest, and no more."""
        loop = self._stop()
        if self._writing is not None:
            await self._writing
        entries = self._stream.since(self._file.number)
        if loop is not None and entries:
            await loop.run_in_executor(None, self._append, entries)

    def forget(self) -> None:
        """The app is gone: so is its history."""
        self._stop()
        self._file.remove()
        if self._writing is not None:
            self._writing.add_done_callback(lambda _: self._file.remove())

    def _stop(self) -> asyncio.AbstractEventLoop | None:
        self._stream.unsubscribe(self)
        if self._timer is not None:
            self._timer.cancel()
        loop, self._loop, self._timer = self._loop, None, None
        return loop

    def _arm(self) -> None:
        if self._loop is not None:
            self._timer = self._loop.call_later(self._every, self._due)

    def _due(self) -> None:
        self._timer = None
        entries = self._stream.since(self._file.number)
        if self._loop is None:
            return
        if not entries:
            self._stream.subscribe(self)
            return
        self._writing = self._loop.run_in_executor(None, self._append, entries)
        self._writing.add_done_callback(self._written)

    def _written(self, done: asyncio.Future[None]) -> None:
        self._writing = None
        if self._loop is None:
            return
        if self._stream.published > self._file.number and not self._failed:
            self._arm()
        else:
            self._stream.subscribe(self)

    def _append(self, entries: list[Entry]) -> None:  # in a thread
        try:
            self._file.append(entries)
        except OSError as error:
            if not self._failed:
                self._say_later(f"The log's history cannot be written: {error.strerror or error}")
            self._failed = True
        else:
            self._failed = False

    def _recall(self) -> list[Entry]:
        entries = self._file.load(time.time(), self._before)
        self._tell_damage()
        return entries

    def _tell_damage(self) -> None:
        if self._file.damaged and not self._told:
            self._told = True
            count = self._file.damaged
            self._say_later(f"The log's history was damaged: {count} bytes of it are lost")

    def _say_later(self, text: str) -> None:
        """Not in the middle of what the stream does, nor in a thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.say, text)
