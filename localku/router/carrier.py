"""What the two connections of a request tell the one who carries it: Exchange, then Tunnel.

And what the router, which keeps the clock, asks of every client connection.
"""

from __future__ import annotations

from typing import Protocol


class Carrier(Protocol):
    """deadline: monotonic seconds at which expired() is due."""

    deadline: float

    def client_data(self, data: bytes) -> None:
        """Bytes from the client."""

    def client_lost(self) -> None:
        """The client has gone (an end, or an error)."""

    def client_blocked(self) -> None:
        """The client reads too slowly: its buffer is full."""

    def client_drained(self) -> None:
        """The client's buffer has room."""

    def dyno_connected(self) -> None:
        """The dyno accepted the connection."""

    def dyno_data(self, data: bytes) -> None:
        """Bytes from the dyno."""

    def dyno_lost(self, error: OSError | None) -> None:
        """The dyno hung up (None), or its connection broke or was never made."""

    def dyno_blocked(self) -> None:
        """The dyno reads too slowly: its buffer is full."""

    def dyno_drained(self) -> None:
        """The dyno's buffer has room."""

    def expired(self, now: float) -> None:
        """The deadline has passed."""

    def cut(self) -> None:
        """The router shuts down: end it now."""

    def crashed(self) -> None:
        """A fault of ours: end it, H99."""


class Client(Protocol):
    """A client's connection. deadline: when expired() is due, unless there is an exchange."""

    deadline: float

    @property
    def exchange(self) -> Carrier | None:
        """The request that it is about; its own deadline counts then."""

    def expired(self) -> None:
        """The deadline has passed and there is no exchange."""

    def close(self) -> None:
        """Send what is buffered, then close."""

    def abort(self) -> None:
        """Close at once."""
