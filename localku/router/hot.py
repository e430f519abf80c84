"""A poller that dispatches sockets itself: an epoll of its own, nested in the loop's (Linux).

asyncio wraps each event of each socket in a handle, a context and a queue; for a proxy that is a
third of its own work. Here the loop watches one descriptor, the inner epoll, and everything that is
ready behind it is handled in one callback. Timers, signals and other sockets stay with the loop,
which gets its turn after ROUNDS rounds at the latest. Works on any loop with add_reader.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable

from localku.router.poller import SCRATCH_SIZE, LoopPoller, Pollable, Poller

ROUNDS = 4  # of handling what is ready before the loop gets its turn
AT_ONCE = 256  # events per round


class EpollPoller:
    """See Poller. Call close() when no descriptor is watched any more."""

    __slots__ = ("_epoll", "_fresh", "_loop", "_masks", "_owners", "_poll", "scratch", "soon")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._poll = self._epoll.poll
        self._owners: dict[int, Pollable] = {}
        self._masks: dict[int, int] = {}
        self._fresh: set[int] = set()  # registered in this round: its events are of a former life
        self.soon = loop.call_soon
        self.scratch = memoryview(bytearray(SCRATCH_SIZE))
        loop.add_reader(self._epoll.fileno(), self._dispatch)

    def _dispatch(self) -> None:
        owners = self._owners
        fresh = self._fresh
        for _ in range(ROUNDS):
            events = self._poll(0, AT_ONCE)
            if not events:
                return
            fresh.clear()
            for fd, mask in events:
                owner = owners.get(fd)
                if owner is None or fd in fresh:
                    continue
                try:
                    if mask == 1:  # EPOLLIN alone: it can only come where reading is wanted
                        owner.readable()
                    else:
                        self._handle(fd, mask, owner)
                except Exception as error:
                    self.report(error)

    def _handle(self, fd: int, mask: int, owner: Pollable) -> None:
        """Errors and hang-ups go to whoever waits, as asyncio's selectors have it."""
        if mask & ~select.EPOLLOUT and self._masks[fd] & select.EPOLLIN:
            owner.readable()
        alive = self._owners.get(fd) is owner  # readable() may have closed it
        if alive and mask & ~select.EPOLLIN and self._masks[fd] & select.EPOLLOUT:
            owner.writable()

    def add_reader(self, fd: int, owner: Pollable) -> None:
        """Call owner.readable() whenever fd is readable."""
        self._add(fd, owner, select.EPOLLIN)

    def add_writer(self, fd: int, owner: Pollable) -> None:
        """Call owner.writable() whenever fd is writable."""
        self._add(fd, owner, select.EPOLLOUT)

    def _add(self, fd: int, owner: Pollable, wanted: int) -> None:
        mask = self._masks.get(fd)
        self._owners[fd] = owner
        if mask is None:
            self._masks[fd] = wanted
            self._fresh.add(fd)
            self._epoll.register(fd, wanted)
        elif mask | wanted != mask:
            self._masks[fd] = mask | wanted
            self._epoll.modify(fd, mask | wanted)

    def remove_reader(self, fd: int, /) -> None:
        """No more of it; nothing happens when it was not watched."""
        self._remove(fd, select.EPOLLIN)

    def remove_writer(self, fd: int, /) -> None:
        """No more of it; nothing happens when it was not watched."""
        self._remove(fd, select.EPOLLOUT)

    def _remove(self, fd: int, unwanted: int) -> None:
        mask = self._masks.get(fd, 0)
        left = mask & ~unwanted
        if left == mask:
            return
        if left:
            self._masks[fd] = left
            self._epoll.modify(fd, left)
        else:
            del self._masks[fd], self._owners[fd]
            self._epoll.unregister(fd)

    def forget(self, fd: int) -> None:
        """fd is about to be closed, which ends its registration."""
        if self._masks.pop(fd, None) is not None:
            del self._owners[fd]

    def report(self, error: Exception) -> None:
        """Show a fault of ours where the loop shows its own."""
        self._loop.call_exception_handler({"message": "fault in the router", "exception": error})

    def close(self) -> None:
        """Let go of the inner epoll."""
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()


def best_poller(loop: asyncio.AbstractEventLoop) -> Poller:
    """The fastest poller that this system has."""
    make: Callable[[asyncio.AbstractEventLoop], Poller] = LoopPoller
    if hasattr(select, "epoll"):
        make = EpollPoller
    return make(loop)
