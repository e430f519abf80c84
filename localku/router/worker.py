"""A further router of the fleet, as a process: `python -m localku.router.worker router.2`.

localku speaks with it over its standard input (words.py). It knows what the table tells and nothing
of the other routers: it takes turns, counts and quarantines by itself, as each of Heroku's does.
Lines that localku does not take are kept up to a bound, then counted (L10): no request waits for
the log. It is not its own master: a Ctrl-C in the terminal is localku's business, and when localku
is gone, it is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from _socket import socket as Socket

from localku.logs.entry import Entry
from localku.logs.losses import Loss, output_overflow
from localku.router import words
from localku.router.channel import Channel
from localku.router.router import Router

KEPT = 4 << 20  # bytes of lines that wait for localku; the console's bound towards a slow reader
LAST_LINES = 1.0  # seconds for them at the end
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Outlet:
    """The way of the log lines to localku. kept: bytes that may wait for it."""

    def __init__(self, channel: Channel, kept: int = KEPT) -> None:
        self._channel = channel
        self._kept = kept
        self._losses: dict[str, Loss] = {}
        self._emptied = asyncio.Event()
        channel.on_room = self._room

    def publish(self, app: str, entry: Entry) -> None:
        """Send the lines, or count them as lost; once some are lost, until all others are sent."""
        if self._losses or self._channel.queued > self._kept:
            self._losses.setdefault(app, Loss()).add(entry)
        else:
            self._channel.send(words.log(app, entry))

    async def finish(self, timeout: float) -> None:
        """Wait until all is sent, at most so many seconds."""
        self._report()
        self._emptied.clear()
        if self._channel.queued:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), timeout)

    def _room(self) -> None:
        self._report()
        if not self._channel.queued:
            self._emptied.set()

    def _report(self) -> None:
        losses, self._losses = self._losses, {}
        for app, loss in losses.items():
            self._channel.send(words.log(app, output_overflow(loss)))


class Worker:
    """Runs one router on orders. `run` returns when it was told to close and has."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._grace = 0.0
        self._doors: dict[str, words.Plain] = {}
        self._router: Router
        self._outlet: Outlet

    async def run(self) -> None:
        """Serve until the order to close, or SIGTERM."""
        self._told = asyncio.Event()
        self._closing = asyncio.Event()
        self._channel = Channel(self._control, self._obey)
        self._channel.on_end = _end_with_localku
        await self._told.wait()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._closing.set)
        await self._router.serve([Socket(fileno=fd) for fd in self._doors["http"]])
        self._channel.send(words.READY)
        await self._closing.wait()
        await self._router.close(self._grace)
        await self._outlet.finish(LAST_LINES)
        self._channel.close()

    def _obey(self, message: words.Plain) -> None:
        order, *rest = message
        if order == "start":
            self._start(*rest)
        elif order == "table":
            self._router.replace(words.table_from(rest[0]))
        elif order == "close":
            self._grace = rest[0]
            self._closing.set()

    def _start(
        self, settings: words.Plain, doors: dict[str, words.Plain], grace: float, table: words.Plain
    ) -> None:
        self._grace = grace
        self._doors = doors
        self._outlet = Outlet(self._channel)
        self._router = Router(words.settings_from(settings), self._outlet.publish)
        self._router.replace(words.table_from(table))
        self._told.set()


def _end_with_localku() -> None:
    """Its dynos end as well, and nobody is left to be told of anything."""
    os._exit(1)


def _die_with_parent() -> None:
    """Have the kernel end us with localku even while we are stopped (prctl(2), Linux)."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> None:
    """Run until told otherwise."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # what was imported stays: no collection need look at it again
    _die_with_parent()
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    asyncio.run(Worker(control).run())


if __name__ == "__main__":
    main()
