"""Entries in, server-sent events out: one event for each whole line. Pure.

HTML Standard, "Server-sent events". The id of an event is its line's place in the stream, so that
a client which comes back with Last-Event-ID gets what it has not had, and nothing twice.
"""

from __future__ import annotations

from localku.logs.entry import Entry
from localku.logs.format import Formatter

STRIDE = 1 << 17  # more than the lines that one entry can have
FAST_END = b"retry: 1\n\n"  # ms until a client comes back after the end; Heroku's CLI waits for it


class Events:
    """Formats one stream for one client. after: the id that the client had last, 0 for none."""

    __slots__ = ("_after", "_formatter", "_open")

    def __init__(self, after: int = 0) -> None:
        self._after = after
        self._formatter = Formatter("heroku")
        self._open = b""

    @property
    def first(self) -> int:
        """The number of the first entry that may have something for this client."""
        return self._after // STRIDE

    def feed(self, entry: Entry) -> bytes:
        """The events for entry. A partial line waits until it is whole."""
        *lines, self._open = (self._open + self._formatter.feed(entry)).split(b"\n")
        start = entry.number * STRIDE + entry.skipped if entry.number else 0
        wanted = enumerate(lines, start)
        return b"".join(_event(id if start else 0, x) for id, x in wanted if self._is_new(id))

    def is_clean(self, number: int) -> bool:
        """As Formatter has it; here the client must also want all of the next entry."""
        return not self._open and self._formatter.is_clean(number) and number > self.first

    def finish(self) -> bytes:
        """The event for a partial line that nobody will end any more."""
        rest, self._open = self._open, b""
        return _event(0, rest) if rest else b""

    def _is_new(self, id: int) -> bool:
        return id < STRIDE or id > self._after


def _event(id: int, line: bytes) -> bytes:
    # a carriage return would end the line of the event, too
    text = line.rstrip(b"\r").replace(b"\r", b" ").decode("utf-8", "replace").encode()
    return b"id: %d\ndata: %b\n\n" % (id, text) if id else b"data: %b\n\n" % text


def read_id(text: str) -> int:
    """A Last-Event-ID header; 0 for one that is none of ours."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
