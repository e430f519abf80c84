"""Entries in, entries of whole lines out: what a drain may be given. Pure.

The law: every byte comes out once; an open line (a prompt, a progress dot) waits until it is whole,
however long that takes, and has the time of its first byte. When its dyno begins another line
without having ended it, it is ended there. Never more than one line of each dyno is held back.
"""

from __future__ import annotations

from localku.logs.entry import Entry
from localku.logs.lines import MAX_LINE


class WholeLines:
    """Joins the partial lines of one stream, for one reader."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Entry] = {}

    def feed(self, entry: Entry) -> tuple[Entry, ...]:
        """What is whole now, in order."""
        data = entry.data
        if not self._open and data[-1:] == b"\n":
            return (entry,)
        who = (entry.source, entry.dyno)
        known = self._open.pop(who, None)
        whole = []
        if known is not None:
            rest = b""
            if entry.continues:
                end = data.find(b"\n") + 1 or len(data)
                rest, data = data[:end], data[end:]
            if entry.continues and rest[-1:] != b"\n":
                return self._hold(who, Entry(known.time, *who, known.data + rest))
            whole.append(Entry(known.time, *who, known.data + (rest or b"\n")))
        end = data.rfind(b"\n") + 1
        if end:
            whole.append(entry if end == len(entry.data) else Entry(entry.time, *who, data[:end]))
        if end < len(data):
            whole += self._hold(who, Entry(entry.time, *who, data[end:]))
        return tuple(whole)

    def finish(self) -> tuple[Entry, ...]:
        """The open lines, ended: nobody will end them any more."""
        rest = tuple(Entry(e.time, e.source, e.dyno, e.data + b"\n") for e in self._open.values())
        self._open.clear()
        return rest

    def _hold(self, who: tuple[str, str], line: Entry) -> tuple[Entry, ...]:
        """Keep an open line; the pieces of it that are too long for one already."""
        whole = []
        while len(line.data) > MAX_LINE:
            whole.append(Entry(line.time, *who, line.data[:MAX_LINE] + b"\n"))
            line = Entry(line.time, *who, line.data[MAX_LINE:])
        self._open[who] = line
        return tuple(whole)
