"""How sockets of the router hear from the event loop, in one small interface.

LoopPoller rides on any asyncio loop that has add_reader (the standard one, uvloop). A selector that
dispatches sockets by itself can offer the same four methods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

SCRATCH_SIZE = 262_144


class Pollable(Protocol):
    """A socket's owner: told when its descriptor can be read or written."""

    def readable(self) -> None:
        """There may be bytes, an end or an error to read."""

    def writable(self) -> None:
        """There may be room to write."""


class Poller(Protocol):
    """Watches descriptors. Each method may be called from within a callback of another socket.

    scratch: a buffer that all sockets of this loop share; valid until the callback returns.
    """

    scratch: memoryview

    def add_reader(self, fd: int, owner: Pollable) -> None:
        """Call owner.readable() whenever fd is readable."""

    def remove_reader(self, fd: int, /) -> object:
        """No more of it; nothing happens when it was not watched."""

    def add_writer(self, fd: int, owner: Pollable) -> None:
        """Call owner.writable() whenever fd is writable."""

    def remove_writer(self, fd: int, /) -> object:
        """No more of it; nothing happens when it was not watched."""

    def forget(self, fd: int) -> None:
        """fd is about to be closed: neither reader nor writer any more."""

    def close(self) -> None:
        """Nothing is watched any more."""

    def soon(self, callback: Callable[..., None], /, *args: object) -> object:
        """Call callback in this turn of the loop or the next, never from within."""

    def report(self, error: Exception) -> None:
        """Show a fault of ours where the loop shows its own."""


class LoopPoller:
    """The poller on top of asyncio's own add_reader and add_writer."""

    __slots__ = ("_loop", "remove_reader", "remove_writer", "scratch", "soon")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.remove_reader = loop.remove_reader
        self.remove_writer = loop.remove_writer
        self.soon = loop.call_soon
        self.scratch = memoryview(bytearray(SCRATCH_SIZE))

    def add_reader(self, fd: int, owner: Pollable) -> None:
        """Call owner.readable() whenever fd is readable."""
        self._loop.add_reader(fd, owner.readable)

    def add_writer(self, fd: int, owner: Pollable) -> None:
        """Call owner.writable() whenever fd is writable."""
        self._loop.add_writer(fd, owner.writable)

    def report(self, error: Exception) -> None:
        """Show a fault of ours where the loop shows its own."""
        self._loop.call_exception_handler({"message": "fault in the router", "exception": error})

    def forget(self, fd: int) -> None:
        """fd is about to be closed: neither reader nor writer any more."""
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)

    def close(self) -> None:
        """Nothing of its own to let go of."""
