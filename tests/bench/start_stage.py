"""One run of one manager in a folder of its own: when did its dynos say that they are there?

A dyno is a line of shell: `echo NAME > fifo; exec sleep 3600.TOKEN`. The benchmark reads the fifo
and looks at the clock when a word arrives, so that no program has to be started for the time to be
taken. What is measured is hence a little more than the time to the exec: the shell's own start
(about a millisecond, the same for all) is in it. After its word a dyno is one process that sleeps.
"""

from __future__ import annotations

import os
import pty
import secrets
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import peers
import start_proc

PATIENCE = 60.0  # seconds until a manager is believed to hang


@dataclass(frozen=True)
class App:
    """What is started. names: the process types. env: the text of .env. suffix: said, too."""

    names: tuple[str, ...]
    env: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Ended:
    """seconds: until manager and dynos were gone. left: processes that had to be killed."""

    seconds: float
    left: int


class Stage:
    """Starts a manager on entry and ends everything that it started on exit.

    began: the clock just before the manager's process was made. terminal: its output is a pty.
    command: instead of the manager's usual one, made from the shell line of the first type.
    """

    def __init__(
        self,
        manager: peers.Manager,
        app: App,
        *,
        home: str,
        more: tuple[str, ...] = (),
        terminal: bool = False,
        command: Callable[[str], list[str]] | None = None,
    ) -> None:
        self.token = secrets.token_hex(6)
        self.pause = f"3600.{int(self.token, 16)}"
        self.app = app
        self._folder = tempfile.TemporaryDirectory(prefix="start-bench-")
        self.folder = f"{self._folder.name}/app"  # fifo and output are outside: it is watched
        os.mkdir(self.folder)
        self._text = b""
        own_home = home if manager.peer.home else None
        self.env = peers.environment(os.environ, {start_proc.MARK: self.token}, own_home)
        lines = self._lines()
        self._command = (
            command(next(iter(lines.values())))
            if command
            else [*manager.command(free_port()), *more]
        )
        with open(f"{self.folder}/Procfile", "w") as procfile:
            procfile.writelines(f"{name}: {line}\n" for name, line in lines.items())
        if app.env:
            with open(f"{self.folder}/.env", "w") as env:
                env.write(app.env)
        self._terminal = terminal
        self._master = -1

    def _lines(self) -> dict[str, str]:
        fifo, suffix = f"{self._folder.name}/said", self.app.suffix
        return {
            name: f"echo {name}{suffix} > {fifo}; exec sleep {self.pause}"
            for name in self.app.names
        }

    def __enter__(self) -> Stage:
        os.mkfifo(f"{self._folder.name}/said")
        # a writer of our own, so that the fifo never ends
        self._fifo = os.open(f"{self._folder.name}/said", os.O_RDWR | os.O_NONBLOCK)
        slave = -1
        if self._terminal:
            self._master, slave = pty.openpty()
        with open(f"{self._folder.name}/output", "wb") as output:
            out = slave if self._terminal else output.fileno()
            self.began = time.monotonic()
            self.process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        if self._terminal:
            os.close(slave)
        return self

    def said(self, count: int, patience: float = PATIENCE) -> list[tuple[float, str]]:
        """The next `count` words of dynos, each with the clock. Raises RuntimeError."""
        found: list[tuple[float, str]] = []
        poll = select.poll()
        poll.register(self._fifo, select.POLLIN)
        deadline = time.monotonic() + patience
        while len(found) < count:
            ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            now = time.monotonic()
            if not ready:
                raise RuntimeError(f"{len(found)} of {count} dynos started\n{self.output()}")
            self._text += os.read(self._fifo, 65536)
            *complete, self._text = self._text.split(b"\n")
            found += [(now, line.decode()) for line in complete]
        if self._master >= 0:
            threading.Thread(target=drain, args=(self._master,), daemon=True).start()
        return found

    def is_silent(self, seconds: float) -> bool:
        """Whether no dyno says a word in that time."""
        poll = select.poll()
        poll.register(self._fifo, select.POLLIN)
        return not poll.poll(seconds * 1000)

    def helpers(self) -> list[int]:
        """The manager's processes: all that was started here but the dynos."""
        return start_proc.managing(self.token, self.pause)

    def output(self) -> str:
        """The end of what the manager printed."""
        with open(f"{self._folder.name}/output", "rb") as file:
            return file.read()[-2000:].decode(errors="replace")

    def stop(self) -> Ended:
        """SIGTERM to the manager, then wait until nothing is left, ten seconds at the most."""
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        while (left := self._left()) and time.monotonic() - began < 10:
            if time.monotonic() - began > 3 and len(left) == len(self.app.names):
                break  # nobody is left who would end them
            time.sleep(0.005)
        ended = Ended(time.monotonic() - began, len(left))
        start_proc.end(left)
        return ended

    def _left(self) -> list[int]:
        return start_proc.marked(self.token) if start_proc.LINUX else []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        start_proc.end(self._left())
        os.close(self._fifo)
        if self._master >= 0:
            os.close(self._master)
        self._folder.cleanup()


def drain(fd: int) -> None:
    """Read a terminal until it ends, so that nobody waits for it."""
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass  # the other side has closed it


def free_port() -> int:
    """A first port with room above it, below those that the kernel gives away by itself."""
    import random
    import socket

    while True:
        port = random.randrange(10000, 25000, 100)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
