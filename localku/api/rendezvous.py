"""Rendezvous: how Heroku's CLI joins a one-off dyno, to the byte. Knows no HTTP and no TLS.

The client connects to the host of `rendezvous://HOST:PORT/SECRET`, sends SECRET (heroku3) or
SECRET and CR LF (Heroku's CLI), and gets `rendezvous` and CR LF in a TLS record of its own: it
throws away whatever it reads first. From then on bytes are the command's, both ways. There is no
end of input but an EOT (0x04) as the last byte, and no exit status.
"""

from __future__ import annotations

import asyncio
import secrets
import socket

from localku.api.hangup import has_hung_up
from localku.dynos.line import Line
from localku.dynos.oneoff import OneOff

SECRET = 32  # hexadecimal digits: 128 bits
GREETING = b"rendezvous\r\n"
EOT = b"\x04"
QUIET = 0.1  # seconds after which an EOT was the last byte
LINGER = 0.2  # seconds: the CLI fails when its EOT meets a closed connection
LOOK = 1.0  # seconds between looks whether a client that we do not read is there


class Meetings:
    """Who is awaited. Secrets are unguessable, and good for once."""

    def __init__(self) -> None:
        self._awaited: dict[bytes, OneOff] = {}

    def arrange(self, oneoff: OneOff) -> str:
        """A secret with which that dyno's client may come."""
        self._awaited = {each: it for each, it in self._awaited.items() if it.awaits}
        secret = secrets.token_hex(SECRET // 2)
        self._awaited[secret.encode()] = oneoff
        return secret

    def meet(self, data: bytes) -> asyncio.Protocol | None:
        """The protocol for a connection that begins with `data`, which it has to be given again;
        None if that is no secret of ours."""
        oneoff = self._awaited.pop(data[:SECRET], None)
        if oneoff is None or not oneoff.awaits:
            return None
        return Guest(oneoff)


class Guest(asyncio.Protocol):
    """One client at its dyno (dynos.line.Client)."""

    apart = False

    def __init__(self, oneoff: OneOff) -> None:
        self.oneoff = oneoff
        self._loop = asyncio.get_running_loop()
        self._line: Line | None = None
        self._met = False
        self._over = False
        self._held = b""  # an EOT that may be the last byte
        self._eot: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._full = False

    # -- the connection ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """The secret first, then input."""
        if not self._met:
            self._met = True
            data = data[SECRET:].removeprefix(b"\r\n")
            if not self.oneoff.awaits:  # R13 was faster
                self._transport.close()
                return
            self._line = self.oneoff.join(self)
        if self._line is not None and data and not self._over:
            self._type(self._line, data)

    def _type(self, line: Line, data: bytes) -> None:
        if not line.terminal.path:
            data = self._held + data
            self._hold(b"")
            if data.endswith(EOT):
                data = data[:-1]
                self._hold(EOT)
        line.write(data)
        if line.full and not self._full:
            self._full = True
            self._transport.pause_reading()
            self._look = self._loop.call_later(LOOK, self._see_whether_it_is_there)

    def _hold(self, held: bytes) -> None:
        if self._eot is not None:
            self._eot.cancel()
        self._held = held
        self._eot = self._loop.call_later(QUIET, self._end_input) if held else None

    def _end_input(self) -> None:
        if self._line is not None:
            self._line.end_input()

    def _see_whether_it_is_there(self) -> None:
        """While we do not read, the event loop does not tell us that it has gone."""
        sock: socket.socket = self._transport.get_extra_info("socket")
        if has_hung_up(sock.fileno()):
            self._transport.abort()
        else:
            self._look = self._loop.call_later(LOOK, self._see_whether_it_is_there)

    def pause_writing(self) -> None:
        """It does not read: the command waits."""
        if self._line is not None:
            self._line.pause()

    def resume_writing(self) -> None:
        """It has read."""
        if self._line is not None:
            self._line.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._stop_looking()
        self._hold(b"")
        self._line = None
        if not self._over:
            self._over = True
            self.oneoff.client_left()

    def _stop_looking(self) -> None:
        self._full = False
        if self._look is not None:
            self._look.cancel()
            self._look = None

    # -- the dyno ------------------------------------------------------------------------------

    def output(self, data: bytes, stream: int) -> None:
        """The command said this."""
        self._transport.write(data)

    def room(self) -> None:
        """The command has read."""
        if self._full:
            self._stop_looking()
            self._transport.resume_reading()

    def ended(self, status: int, why: str) -> None:
        """The command is gone."""
        self._line = None
        self._over = True
        self.room()  # what it still sends is read, and dropped
        if why:
            self._transport.write(f"localku: cannot start: {why}\r\n".encode())
        self._loop.call_later(LINGER, self._transport.close)
