"""A further router as localku sees it: a process, the sockets it serves, the words for it.

The only place of this room that starts a process.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from _socket import socket as Socket
from typing import TYPE_CHECKING

from localku.router import words
from localku.router.acceptor import Acceptor
from localku.router.channel import Channel

if TYPE_CHECKING:
    from localku.router.fleet import Fleet

MODULE = "localku.router.worker"
STEADY = 5.0  # seconds of life after which a death is the first one again
PAUSE_FIRST, PAUSE_MAX = 0.1, 10.0  # seconds; the first new start comes at once


class Sibling:
    """One router of the fleet. doors: its listening sockets, which it shares with its process.

    live() is its whole life: start, serve, and again when it died, until the fleet drains.
    """

    def __init__(self, fleet: Fleet, number: int, doors: list[Socket]) -> None:
        self.name = f"router.{number}"
        self._fleet = fleet
        self._doors = doors
        self._acceptors: list[Acceptor] = []
        self._channel: Channel | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stale = False  # the table changed while an earlier message was still waiting
        self._gone = asyncio.Event()
        self._closing = asyncio.Event()

    async def live(self) -> None:
        """Keep the process running until the fleet drains. Returns when it is gone for good."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        while not self._fleet.draining:
            began = loop.time()
            try:
                end = f"Process exited with status {await self._run()}"
            except OSError as error:
                end = f"Cannot start: {error.strerror or error}"
            if self._fleet.draining:
                return
            pause = 0.0 if loop.time() - began > STEADY else pause
            self._fleet.say(self.name, f"{end}, {_next(pause)}")
            await self._rest(pause)
            pause = min(max(2 * pause, PAUSE_FIRST), PAUSE_MAX)

    def replace(self) -> None:
        """The fleet has a new table. One that cannot be sent yet is left out for the next."""
        if self._channel is None:
            return
        if self._channel.queued:
            self._stale = True
        else:
            self._channel.send(words.table(self._fleet.table))

    def close(self, grace: float) -> None:
        """End it: no more connections, `grace` seconds for the requests that it has."""
        self._closing.set()
        for door in self._doors:
            door.close()
        if self._channel is not None:
            self._channel.send(words.close(grace))

    def kill(self) -> None:
        """It did not end in time."""
        if self._process is not None:
            self._process.kill()

    async def _run(self) -> int:
        """One life of the process: returns its status as a shell has it. Raises OSError."""
        self._stand_in()
        ours, theirs = socket.socketpair()
        self._gone.clear()
        self._stale = False
        with theirs:
            try:
                self._process = process = _spawn(self.name, theirs, self._doors)
            except OSError:
                ours.close()
                raise
        self._channel = channel = Channel(ours, self._hear)
        channel.on_end = self._gone.set
        channel.on_room = self._room
        doors = {"http": [door.fileno() for door in self._doors]}
        fleet = self._fleet
        channel.send(words.start(fleet.first.settings, doors, fleet.grace, fleet.table))
        await self._gone.wait()
        self._channel = None
        self._stand_in()
        code = await asyncio.get_running_loop().run_in_executor(None, process.wait)
        self._process = None
        return code if code >= 0 else 128 - code

    def _hear(self, message: words.Plain) -> None:
        kind, *rest = message
        if kind == "log":
            app, time, dyno, lines = rest
            self._fleet.publish(app, words.entry_from(time, dyno, lines))
        elif kind == "ready":
            self._stand_back()
            self._fleet.say(self.name, "State changed from starting to up")

    def _room(self) -> None:
        if self._stale:
            self._stale = False
            self.replace()

    def _stand_in(self) -> None:
        """Let router 1 take the connections that nobody else takes now."""
        if self._acceptors or self._fleet.draining:
            return
        try:
            for door in self._doors:
                self._acceptors.append(self._fleet.first.accept(_twin(door)))
        except OSError:
            pass  # short of descriptors: they wait in the queue

    def _stand_back(self) -> None:
        for acceptor in self._acceptors:
            self._fleet.first.release(acceptor)
        self._acceptors.clear()

    async def _rest(self, pause: float) -> None:
        if pause:
            try:
                await asyncio.wait_for(self._closing.wait(), pause)
            except asyncio.TimeoutError:
                pass


def _next(pause: float) -> str:
    return f"starting again in {pause:g} s" if pause else "starting again"


def _twin(sock: Socket) -> Socket:
    return Socket(fileno=os.dup(sock.fileno()))


def _spawn(name: str, control: socket.socket, doors: list[Socket]) -> subprocess.Popen[bytes]:
    """Start the process with the modules that we have ourselves: no file of the app's folder may
    be taken for one. A session of its own: the terminal's signals are localku's to handle."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return subprocess.Popen(
        [sys.executable, "-m", MODULE, name],
        stdin=control.fileno(),
        stdout=subprocess.DEVNULL,
        pass_fds=[door.fileno() for door in doors],
        cwd="/",
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
