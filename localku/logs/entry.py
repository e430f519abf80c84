"""One arrival on the log stream: bytes, when, from whom. The value that every log module shares."""

from __future__ import annotations


class Entry:
    """Some bytes that one source said at one moment.

    time: seconds since the epoch, when the bytes were received (all lines of one read share it).
    source: `app` or `heroku`. dyno: `web.1`, `router`, `api`, ...
    data: one or more lines, each ended by `\\n`; only a partial line (a prompt, a progress dot)
    ends without one, and then the next entry of this dyno has `continues` set.
    number: its place in the stream that published it, from 1; 0 for one that no stream has.
    skipped: lines that it had before the first one here (see Rest).
    """

    skipped = 0
    __slots__ = ("continues", "data", "dyno", "number", "source", "time")

    def __init__(
        self, time: float, source: str, dyno: str, data: bytes, continues: bool = False
    ) -> None:
        self.time = time
        self.source = source
        self.dyno = dyno
        self.data = data
        self.continues = continues
        self.number = 0

    def __repr__(self) -> str:
        return f"Entry({self.time!r}, {self.source}[{self.dyno}], {self.data!r}, {self.continues})"


class Rest(Entry):
    """The last lines of an entry whose first `skipped` ones are not wanted any more."""

    __slots__ = ("skipped",)

    def __init__(self, entry: Entry, data: bytes, skipped: int) -> None:
        super().__init__(entry.time, entry.source, entry.dyno, data)
        self.number = entry.number
        self.skipped = entry.skipped + skipped
