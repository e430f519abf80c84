"""The words between localku and its init process: length-prefixed marshal frames, fds beside them.

Both ends are one interpreter on one machine, forked from each other: marshal is built in, exact
and needs no import. START PATH: nothing heavy may be imported here.

Orders (to init):   ("spawn", key, argv, env, cwd, tty, count) with that many fds;
                    ("signal", key, numbers), key -1 for the strays
Events (from init): ("spawned", key, pid, time) ("failed", key, text)
                    ("exited", key, status, time, left) ("gone", key) ("trouble", text)
`key` is a number that localku gives to each run of a dyno; `status` is a shell's: 128 + N for a
death by signal N; `left` counts processes of the dyno that outlive its first one.
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
