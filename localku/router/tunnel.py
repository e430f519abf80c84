"""After 101: bytes both ways, untouched, with back-pressure, until one side hangs up.

Heroku closes a tunnel on which nothing moved for 55 s (H15); either way there is one log line, at
the end, with status 101 and the whole duration.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from localku.router import outcome
from localku.router.codes import H15, H24, H99, Code

if TYPE_CHECKING:
    from localku.router.exchange import Exchange
    from localku.router.upstream import Link


class Tunnel:
    """Takes the place of an exchange on both of its connections; the exchange keeps the record."""

    __slots__ = ("_exchange", "_front", "_idle", "_link", "deadline")

    def __init__(self, exchange: Exchange, link: Link) -> None:
        self._exchange = exchange
        self._front = exchange.front
        self._link = link
        self._idle = exchange.router.settings.idle_timeout
        self.deadline = 0.0

    def start(self) -> None:
        """Take over; what the client sent behind its handshake goes first."""
        self._front.exchange = self
        self._link.exchange = self
        early = self._front.take_held()
        if early:
            self._link.write(early)
        self._moved()
        if not self._link.blocked:
            self._front.resume_reading()

    def _moved(self) -> None:
        self.deadline = monotonic() + self._idle

    def client_data(self, data: bytes) -> None:
        """To the dyno."""
        self._link.write(data)
        self.deadline = monotonic() + self._idle

    def dyno_data(self, data: bytes) -> None:
        """To the client."""
        self._exchange.received += len(data)
        self._front.write(data)
        self.deadline = monotonic() + self._idle

    def client_blocked(self) -> None:
        """Slow the dyno down."""
        self._link.pause_reading()

    def client_drained(self) -> None:
        """Let it go on."""
        self._link.resume_reading()
        self._moved()

    def dyno_blocked(self) -> None:
        """Slow the client down."""
        self._front.pause_reading()

    def dyno_drained(self) -> None:
        """Let it go on."""
        self._front.resume_reading()
        self._moved()

    def dyno_connected(self) -> None:
        """It has been connected all along."""

    def client_lost(self) -> None:
        """The client hung up: what it sent last still goes to the dyno."""
        self._end(None)

    def dyno_lost(self, error: OSError | None) -> None:
        """The dyno hung up: what it sent last still goes to the client."""
        self._end(None)

    def expired(self, now: float) -> None:
        """Nothing moved."""
        self._end(H15)

    def cut(self) -> None:
        """The router goes down."""
        self._end(H24)

    def crashed(self) -> None:
        """Our own fault."""
        self._end(H99)

    def _end(self, code: Code | None) -> None:
        exchange, front, link = self._exchange, self._front, self._link
        if front.exchange is not self:
            return
        if code is not None:
            outcome.fail(exchange, code)
            return
        outcome.complete_tunnel(exchange)
        link.exchange = None
        exchange.router.depart(link)
        front.exchange = None
        front.cut_short()
