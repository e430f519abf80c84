"""Messages between localku and its own helpers: length-prefixed marshal frames on a socket.

Both ends are one interpreter on one machine: marshal is built in, exact and needs no import.
START PATH: nothing heavy may be imported here. What the messages are stands with those who speak:
dynos/process.py for the init process, router/words.py for further routers.
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = 4


def pack(message: tuple[object, ...]) -> bytes:
    """One frame: four bytes of length, then the message. ValueError for other types."""
    body = marshal.dumps(message)  # type: ignore[arg-type]
    return len(body).to_bytes(HEADER, "big") + body


class Unpacker:
    """Bytes in, whole messages out."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[tuple[object, ...]]:
        """Yield every message that `chunk` completes."""
        buffer = self._buffer
        buffer += chunk
        while len(buffer) >= HEADER:
            end = HEADER + int.from_bytes(buffer[:HEADER], "big")
            if len(buffer) < end:
                return
            message = marshal.loads(bytes(buffer[HEADER:end]))
            del buffer[:end]
            yield message
