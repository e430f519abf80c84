"""The terminal that a command runs in: raw mode that is always undone, its size, its input."""

from __future__ import annotations

import os
import stat
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

STDIN, STDOUT = 0, 1
CHUNK = 4096  # bytes: what a tty gives at once


@contextmanager
def raw(fd: int = STDIN) -> Iterator[None]:
    """Every key goes to the program as it is; afterwards the terminal is as it was."""
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd, termios.TCSADRAIN)  # what was typed already is kept
        yield
    finally:
        try:
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
        except termios.error:
            pass  # the terminal itself is gone


def size() -> tuple[int, int] | None:
    """Rows and columns of the terminal, or None when there is none (or it does not know)."""
    for fd in (STDOUT, STDIN):
        try:
            found = os.get_terminal_size(fd)
        except OSError:
            continue
        if found.lines and found.columns:
            return found.lines, found.columns
    return None


def columns() -> int:
    """How wide the terminal is; 0 for output that is none, which is never cut."""
    return os.get_terminal_size(1).columns if os.isatty(1) else 0


async def read(fd: int = STDIN) -> bytes:
    """The next bytes from a terminal, pipe or file; b"" at the end. Nothing else waits with it."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd):
        await _readable(fd)  # the others never have to be waited for, and epoll(7) refuses them
    try:
        return os.read(fd, CHUNK)
    except OSError:
        return b""  # EIO: the terminal was closed


async def _readable(fd: int) -> None:
    import asyncio  # not for those who only want raw mode: it takes long

    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(fd, tell)
    try:
        await ready
    finally:
        loop.remove_reader(fd)


def write(data: bytes | memoryview, fd: int = STDOUT) -> None:
    """Write all of it; a terminal that is slow makes us slow. Raises OSError."""
    while data:
        data = data[os.write(fd, data) :]
