"""People at terminals (ptys of ours) who attach to a running app."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

REPL = "repl: exec python3 -i -q\n"
ENV = {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"}
# the terminal is the command's own, so that the kernel sends it SIGWINCH
OWN_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Desk:
    """A person at a terminal: types, and reads what the screen shows."""

    def __init__(
        self,
        cwd: Path,
        *argv: str,
        rows: int = 24,
        columns: int = 80,
        env: dict[str, str] | None = None,
        stderr: Path | None = None,
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.screen = b""
        errors = self.slave if stderr is None else os.open(stderr, os.O_WRONLY | os.O_CREAT)
        self.proc = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, LOCALKU, *argv],
            cwd=cwd,
            env={**ENV, **(env or {})},
            stdin=self.slave,
            stdout=self.slave,
            stderr=errors,
            start_new_session=True,
        )
        if stderr is not None:
            os.close(errors)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str | bytes) -> None:
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def read(self, seconds: float) -> bool:
        """Whether something came within that time."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.screen += os.read(self.master, 65536)
        return True

    def see(self, pattern: str, count: int = 1) -> re.Match[bytes]:
        """Wait until the screen shows `pattern` (at least `count` times)."""
        deadline = time.monotonic() + PATIENCE
        while len(found := list(re.finditer(pattern.encode(), self.screen))) < count:
            assert time.monotonic() < deadline, f"no {pattern!r} on {self.screen!r}"
            self.read(0.05)
        return found[count - 1]

    def attached(self) -> None:
        """Wait until keys go to the dyno as they are."""
        self.see("Ctrl-] leaves")
        wait_until(self.is_raw, "the terminal is raw")

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    def end(self) -> int:
        """Wait for the command's end; its status."""
        deadline = time.monotonic() + PATIENCE
        while self.proc.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.screen!r}"
            self.read(0.02)
        while self.read(0):
            pass
        return self.proc.returncode

    def is_restored(self) -> bool:
        return termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait(PATIENCE)
        os.close(self.master)
        os.close(self.slave)


class Office:
    """A running app and the desks at which people attach to it."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.desks: list[Desk] = []

    def start(self, procfile: str, *flags: str) -> Running:
        self.folder.write("Procfile", procfile)
        running = self.folder.start("--pty", *flags, env={"PYTHON_BASIC_REPL": "1", "TERM": "dumb"})
        for line in procfile.splitlines():
            dyno = rf"{line.split(':')[0]}\.1"
            running.wait_for(rf"heroku\[{dyno}\]: State changed from starting to up")
        return running

    def attach(self, dyno: str, rows: int = 24, columns: int = 80) -> Desk:
        desk = Desk(self.folder.path, "attach", dyno, rows=rows, columns=columns)
        self.desks.append(desk)
        desk.attached()
        return desk


def starts(running: Running, dyno: str) -> int:
    return running.text.count(f"heroku[{dyno}]: Starting process")
