"""The phases of an exchange, and the marks for bodies without a known length. Shared constants."""

from __future__ import annotations

WAIT, CONNECT, SEND, AWAIT, RESPOND, DONE = range(6)

CHUNKED = -1  # of a body's bytes still to come: the chunk scanner knows
UNTIL_CLOSE = -2  # the end of the connection is the end of the body

BULK = 131_072  # bytes of a body still to come from which on it is read in big pieces
