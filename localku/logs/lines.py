"""Chunks of bytes in, whole lines out. START PATH: imports nothing.

The law: every byte that is fed comes out once, in order, untouched (NULs and invalid UTF-8 too);
how the bytes were cut into chunks never shows in the lines; never more than one line is held back.

A line of more than 10,000 bytes becomes pieces of 10,000 bytes, each a line of its own, as Heroku's
log-shuttle does (Dev Center "Logging", log-shuttle's logplex formatter). Only the text counts here;
log-shuttle counts the `\\n` too and so sends an empty message after a text of exactly 10,000 bytes.
"""

from __future__ import annotations

MAX_LINE = 10_000


class LineSplitter:
    """Splits one byte stream (a dyno's pipe or pty) into complete lines.

    max_line: bytes of text in a line, its `\\n` not counted. strip_cr: the stream is a pty, which
    turns `\\n` into `\\r\\n`: that one `\\r` is taken away again.
    continues: whether what the last call returned begins inside a line already partly shown.
    since: the `now` (seconds) at which the oldest byte of the open, unshown rest was fed.
    """

    __slots__ = ("_limit", "_rest", "_shown", "_strip_cr", "continues", "since")

    def __init__(self, max_line: int = MAX_LINE, strip_cr: bool = False) -> None:
        self._limit = max_line
        self._strip_cr = strip_cr
        self._rest = b""  # the open line, without what was shown of it
        self._shown = 0  # bytes of the open line that flush() gave away
        self.continues = False
        self.since = 0.0

    @property
    def pending(self) -> bool:
        """Whether an open line has text that was not shown yet."""
        return bool(self._rest) and not (self._strip_cr and self._rest == b"\r")

    def feed(self, chunk: bytes, now: float) -> bytes:
        """The lines that chunk completes, each ended by `\\n`; b"" if it completes none."""
        was_pending = self.pending
        data = self._rest + chunk if self._rest else chunk
        if self._strip_cr:
            # A \r that ends the data may belong to a \n still to come: _cut_rest leaves it alone.
            data = data.replace(b"\r\n", b"\n")
        end = data.rfind(b"\n") + 1
        self.continues = self._shown > 0
        lines = b""
        if end:
            lines = cut(data[:end], self._limit, self._limit - self._shown)
            self._shown = 0
            data = data[end:]
        self._rest = data
        if len(data) > self._limit - self._shown:
            lines += self._cut_rest()
        if lines or not was_pending:
            self.since = now
        return lines

    def flush(self) -> bytes:
        """The open, unshown rest (a prompt, a progress dot), to be shown now; b"" if there is none.

        What follows in that line comes with `continues` set. A pty's last `\\r` is held back: it
        may be the first half of a line end.
        """
        text, held = self._rest, b""
        if self._strip_cr and text.endswith(b"\r"):
            text, held = text[:-1], b"\r"
        self.continues = self._shown > 0
        self._shown += len(text)
        self._rest = held
        return text

    def close(self) -> bytes:
        """The last line, given the `\\n` that the stream ended without; b"" if none is open."""
        self.continues = self._shown > 0
        lines = b""
        if self._rest or self._shown:
            lines = cut(self._rest + b"\n", self._limit, self._limit - self._shown)
        self._rest = b""
        self._shown = 0
        return lines

    def _cut_rest(self) -> bytes:
        """Whole pieces off an open line that is already too long (its end may be far away)."""
        rest, room = self._rest, self._limit - self._shown
        size = len(rest) - (self._strip_cr and rest.endswith(b"\r"))
        pieces: list[bytes] = []
        start = 0
        while size - start > room:
            pieces += (rest[start : start + room], b"\n")
            start += room
            room = self._limit
            self._shown = 0
        self._rest = rest[start:]
        return b"".join(pieces)


def cut(lines: bytes, limit: int, room: int) -> bytes:
    """lines (each ended by `\\n`) with those of more than limit bytes of text cut into pieces.

    room: bytes that the first line may still have (part of it was shown before).
    Looks at one newline in every limit bytes, so that short lines cost no Python work each.
    """
    pieces: list[bytes] = []
    done = start = 0
    size = len(lines)
    while size - start > room:
        newline = lines.rfind(b"\n", start, start + room + 1)
        if newline >= 0:
            start = newline + 1
        else:
            start += room
            pieces += (lines[done:start], b"\n")
            done = start
        room = limit
    if not pieces:
        return lines
    pieces.append(lines[done:])
    return b"".join(pieces)
