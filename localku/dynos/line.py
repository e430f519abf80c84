"""The line between one command and its one client: bytes both ways, each at the other's pace.

The law: not a byte is lost or changed, and memory is bounded: a client that does not read stops the
command, a command that does not read stops the client.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Protocol

from localku.dynos.inlet import Inlet
from localku.dynos.outlet import Outlet
from localku.dynos.process import Terminal, resize_pty

OUT, ERRORS = 1, 2  # the streams, numbered as their descriptors


class Client(Protocol):
    """Who is at the other end. apart: it wants stderr as a stream of its own, if it has no tty."""

    apart: bool

    def output(self, data: bytes, stream: int) -> None:
        """The command said this. Call `pause` when it is too much."""

    def room(self) -> None:
        """The line is full no more."""

    def ended(self, status: int, why: str) -> None:
        """All was said, and nothing of the command is left. why: if it could not run, or ""."""


class Line:
    """Open from the start until `close`. over(): told when the command has said all it will."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terminal: Terminal,
        client: Client,
        over: Callable[[], object],
    ) -> None:
        self.terminal = terminal
        self._over = over
        self._deaf = False
        is_pty = terminal.input < 0
        self._inlet = Inlet(
            terminal.output if is_pty else terminal.input, self._is_deaf, client.room
        )
        if not is_pty:
            os.close(terminal.input)  # or the command would never read the end
            terminal.input = -1
        self._client = client
        self._outlets = [
            Outlet(loop, fd, take, self._ended)
            for fd, take in ((terminal.output, self._out), (terminal.errors, self._errors))
            if fd >= 0
        ]

    # -- from the command ----------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether all that the command said was given to the client."""
        return not any(outlet.open for outlet in self._outlets)

    def pause(self) -> None:
        """Let the command wait: the client has enough to do."""
        for outlet in self._outlets:
            outlet.pause()

    def resume(self) -> None:
        """Go on."""
        for outlet in self._outlets:
            outlet.resume()

    def finish(self) -> None:
        """The command is gone: what is there is all there is."""
        self.terminal.let_go()
        for outlet in self._outlets:
            outlet.finish()

    def _out(self, data: bytes) -> None:
        self._client.output(data, OUT)

    def _errors(self, data: bytes) -> None:
        self._client.output(data, ERRORS)

    def _ended(self) -> None:
        if self.is_over:
            self._over()

    # -- from the client -----------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether the command has to read before more is taken. For ever, if it closed its stdin:
        the client's own input is then left where it is."""
        return self._deaf or self._inlet.full

    def write(self, data: bytes) -> None:
        """The client types this."""
        self._inlet.write(data)

    def end_input(self) -> None:
        """The client has no more input. At a pty nothing can end: there it types Ctrl-D."""
        if not self.terminal.path:
            self._inlet.finish()

    def resize(self, rows: int, columns: int) -> None:
        """The client's window has another size."""
        if self.terminal.path and self.terminal.output >= 0:
            resize_pty(self.terminal.output, rows, columns)

    def _is_deaf(self) -> None:
        self._deaf = True

    def close(self) -> None:
        """Hang up."""
        self._inlet.close()
        for outlet in self._outlets:
            outlet.close()
        self.terminal.close()
