"""The log stream: what is published goes to every reader and into the history. START PATH.

Driven by its callers, on one thread. It never waits and never drops: each reader has its own bound
and loses its own lines.
"""

from __future__ import annotations

from collections import deque

from localku.logs.entry import Entry, Rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Reader(Protocol):
        """Somebody who is told of every entry. Must neither wait nor raise."""

        def offer(self, entry: Entry) -> None: ...


HISTORY_LINES = 1500  # Dev Center "Logging": Logplex keeps the last 1,500 lines
HISTORY_BYTES = 8 << 20

_SLACK = 256 << 10  # bytes published before the history is trimmed again


class LogStream:
    """Fan-out with a history of the last history_lines lines and at most history_bytes bytes.

    Between two trimmings the history may exceed its bounds by 256 KiB, or by history_lines entries.
    published: the number of the newest entry.
    """

    __slots__ = (
        *("_earlier", "_entries", "_fresh_bytes", "_fresh_entries", "_lines", "_max_bytes"),
        *("_offers", "published"),
    )

    def __init__(
        self, history_lines: int = HISTORY_LINES, history_bytes: int = HISTORY_BYTES
    ) -> None:
        self._lines = history_lines
        self._max_bytes = history_bytes
        self._entries: deque[Entry] = deque()
        self._fresh_bytes = 0
        self._fresh_entries = 0
        self._offers: tuple[Callable[[Entry], None], ...] = ()
        self._earlier: Callable[[], list[Entry]] | None = None
        self.published = 0

    def publish(self, entry: Entry) -> None:
        """Give entry its number, then to every reader, and remember it."""
        self.published += 1
        entry.number = self.published
        for offer in self._offers:
            offer(entry)
        self._entries.append(entry)
        self._fresh_bytes += len(entry.data)
        self._fresh_entries += 1
        if self._fresh_bytes > _SLACK or self._fresh_entries > self._lines:
            self._trim()

    def subscribe(self, reader: Reader) -> None:
        """From now on reader.offer(entry) is called for each entry. Call history() in the same
        turn to have neither a gap nor a line twice."""
        self._offers = (*self._offers, reader.offer)

    def unsubscribe(self, reader: Reader) -> None:
        """reader hears no more; it may be none of the readers."""
        self._offers = tuple(offer for offer in self._offers if offer != reader.offer)

    def history(self, lines: int = HISTORY_LINES) -> list[Entry]:
        """The newest lines, oldest first, at most the history's bounds. Filter them afterwards, as
        logplex does (heroku.md 4.1)."""
        if self._earlier is not None:
            self._entries.extendleft(reversed(self._earlier()))
            self._earlier = None
            self._trim()
        kept = self._newest(min(lines, self._lines))
        return list(reversed(kept))

    def since(self, number: int) -> list[Entry]:
        """What came after the entry of that number, oldest first, at most the history's bounds."""
        return list(reversed(self._newest(self._lines, number)))

    def go_on(self, number: int, earlier: Callable[[], list[Entry]]) -> None:
        """This stream goes on where another one ended. number: above all of its entries'. earlier:
        called once, when somebody asks for history; returns the other one's, oldest first."""
        self.published = number
        self._earlier = earlier

    def _trim(self) -> None:
        self._entries = deque(reversed(self._newest(self._lines)))
        self._fresh_bytes = 0
        self._fresh_entries = 0

    def _newest(self, lines: int, after: int = -1) -> list[Entry]:
        """Newest first; the oldest entry is cut so that no more than the bounds remain. after: none
        of that number or a smaller one."""
        kept: list[Entry] = []
        room = self._max_bytes
        for entry in reversed(self._entries):
            if lines <= 0 or entry.number <= after:
                break
            data = entry.data
            # A partial line counts as one, so that a million progress dots are bounded too.
            count = data.count(b"\n") + (not data.endswith(b"\n"))
            if count > lines or len(data) > room:
                short = _last_lines(entry, lines, room)
                if short is not None:
                    kept.append(short)
                break
            kept.append(entry)
            lines -= count
            room -= len(data)
        return kept


def _last_lines(entry: Entry, lines: int, room: int) -> Entry | None:
    """The last whole lines of entry, at most so many and of at most room bytes; None if none."""
    data = entry.data
    start = len(data)
    while lines > 0 and start > 0:
        before = data.rfind(b"\n", 0, start - 1) + 1
        if len(data) - before > room:
            break
        start = before
        lines -= 1
    if start == len(data):
        return None
    if start == 0:
        return entry
    return Rest(entry, data[start:], data.count(b"\n", 0, start))
