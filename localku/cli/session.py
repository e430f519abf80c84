"""This terminal, or these pipes, at a command that runs as a one-off dyno.

With a terminal on both sides every key goes through as it is, Ctrl-C too, and the window's size
follows. Without one, bytes do, each stream by itself; the end of stdin is the command's end of
input, and the signals of Ctrl-C and Ctrl-\\ are forwarded. Other signals, or a closed terminal,
leave; the command then gets SIGHUP.
"""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from localku.cli import terminal
from localku.cli.websocket import BINARY, TEXT, WebSocket
from localku.errors import UserError

CHUNK = 32 << 10  # bytes of stdin a message
AHEAD = 128 << 10  # bytes that may wait for the platform before we read no more of stdin
LEAVING = (signal.SIGTERM, signal.SIGHUP)
FORWARDED = {signal.SIGINT: "INT", signal.SIGQUIT: "QUIT"}
STDERR = 2


class Left(Exception):
    """We have to go. status: ours."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Session:
    """keys: both sides are terminals."""

    def __init__(self, socket: WebSocket, *, keys: bool) -> None:
        self.socket = socket
        self.keys = keys
        self._reading = True
        self._status: int | None = None
        self._why = ""
        self._signals: list[int] = []

    def run(self) -> int:
        """Carry bytes until the command has ended; returns its status. Raises UserError."""
        with self._heard_signals() as wake, self._own_keys():
            try:
                self._carry(wake)
            except Left as left:
                return left.status
        if self._status is None:
            raise UserError("the platform went away")
        if self._why:
            raise UserError(f"the command could not be started: {self._why}", status=self._status)
        return self._status

    @contextmanager
    def _own_keys(self) -> Iterator[None]:
        if not self.keys:
            yield
            return
        with terminal.raw():
            yield

    @contextmanager
    def _heard_signals(self) -> Iterator[int]:
        """The end of a pipe that can be read when a signal is in `_signals`."""
        read, write = os.pipe()
        for fd in (read, write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        numbers = [*LEAVING, *FORWARDED, *([signal.SIGWINCH] if self.keys else [])]
        before = {}
        for number in numbers:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup asked for it
                before[number] = signal.signal(number, lambda n, _: self._signals.append(n))
        try:
            yield read
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(-1)
            os.close(read)
            os.close(write)

    def _carry(self, wake: int) -> None:
        self._show(self.socket.arrived())
        while self._status is None and not self.socket.closed:
            sources: list[int] = [self.socket.fileno(), wake]
            if self._reading and self.socket.waiting < AHEAD:
                sources.append(terminal.STDIN)
            sinks = [self.socket.fileno()] if self.socket.waiting else []
            ready, writable, _ = select.select(sources, sinks, [])
            if writable:
                self.socket.flush()
            if wake in ready:
                os.read(wake, 4096)
                self._heed()
            if self.socket.fileno() in ready:
                self._show(self.socket.receive())
            if terminal.STDIN in ready:
                self._type()

    def _show(self, messages: Iterable[tuple[int, bytes]]) -> None:
        for kind, data in messages:
            if kind == BINARY:
                self._write(data)
            elif kind == TEXT:
                end = json.loads(data)
                self._status, self._why = int(end["status"]), str(end["why"])

    def _write(self, data: bytes) -> None:
        fd = STDERR if data[0] == STDERR else terminal.STDOUT
        try:
            terminal.write(memoryview(data)[1:], fd)
        except OSError:
            raise Left(128 + signal.SIGPIPE) from None  # nobody reads us any more

    def _type(self) -> None:
        try:
            data = os.read(terminal.STDIN, CHUNK)
        except OSError:
            data = b""  # EIO: the terminal was closed
        if data:
            self.socket.put(BINARY, data)
            return
        self._reading = False
        if self.keys:
            raise Left(128 + signal.SIGHUP)
        self.socket.put(TEXT, b'{"eof": true}')

    def _heed(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number == signal.SIGWINCH:
                size = terminal.size()
                if size is not None:
                    self.socket.put(TEXT, json.dumps({"resize": size}).encode())
            elif number in LEAVING:
                raise Left(128 + number)
            else:
                name = FORWARDED[signal.Signals(number)]
                self.socket.put(TEXT, json.dumps({"signal": name}).encode())
