"""What waits for one drain: bounded in lines and in bytes, its oldest lines go first. Pure.

Logplex keeps 1,024 messages for a drain (heroku.md 4.3). That is what a drain in trouble has here,
too. While a drain takes what it is sent, SLACK times as many may wait: one read of a busy dyno's
pipe can hold thousands of lines, and on Heroku they would come in smaller pieces.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import accumulate

from localku.logs.entry import Entry
from localku.logs.logplex import Framer
from localku.logs.losses import Loss, count_lines, output_overflow
from localku.logs.whole import WholeLines

MESSAGES = 1024
SLACK = 16
MAX_BYTES = 10 << 20  # of text: 1,024 messages of Heroku's largest size


class Backlog:
    """Lines on their way to a drain, oldest first. Takes entries, gives frames.

    messages: how many may wait while the drain is in trouble.
    """

    __slots__ = (
        *("_entries", "_framed", "_framer", "_loss", "_messages", "_moment", "_whole"),
        *("dropped", "lines", "size", "strict"),
    )

    def __init__(self, framer: Framer, messages: int = MESSAGES) -> None:
        self._framer = framer
        self._messages = messages
        self._whole = WholeLines()
        self._entries: deque[tuple[Entry, int]] = deque()  # with the lines in each
        self._framed: deque[bytes] = deque()  # of the oldest entry
        self._moment = 0.0  # when that came
        self._loss = Loss()
        self.strict = False  # the drain is in trouble: no slack
        self.lines = 0  # that wait
        self.size = 0  # bytes that wait, about
        self.dropped = 0  # lines, ever

    def offer(self, entry: Entry) -> None:
        """Queue what is whole of entry, at the cost of the oldest lines if need be."""
        for whole in self._whole.feed(entry):
            self._push(whole)
        self.trim()

    def keep(self, messages: int) -> None:
        """So many may wait from now on."""
        self._messages = messages
        self.trim()

    def finish(self) -> None:
        """Nothing more will come: open lines are whole now."""
        for whole in self._whole.finish():
            self._push(whole)
        self.trim()

    def _push(self, entry: Entry) -> None:
        lines = count_lines(entry)
        self._entries.append((entry, lines))
        self.lines += lines
        self.size += len(entry.data)

    def trim(self) -> None:
        """Drop the oldest lines that are too many, and count them."""
        limit = self._messages if self.strict else self._messages * SLACK
        while self.lines > limit or self.size > MAX_BYTES:
            if self._framed:
                self._forget(len(self._framed.popleft()), self._moment, 1)
                continue
            entry, lines = self._entries[0]
            fits = self.lines - lines < limit and self.size - len(entry.data) <= MAX_BYTES
            if fits and lines > 1:
                self._frame_oldest()
                continue
            self._entries.popleft()
            self._forget(len(entry.data), entry.time, lines)

    def lose(self, lines: int, moment: float, until: float) -> None:
        """Lines that were taken will never be delivered: count them with those that were dropped.
        moment, until: when the first and the last of them came."""
        self.dropped += lines
        self._loss.count(lines, moment, until)

    def _forget(self, size: int, moment: float, lines: int) -> None:
        self.lines -= lines
        self.size -= size
        self.dropped += lines
        self._loss.count(lines, moment, moment)

    def take(self, room: int) -> Taken:
        """The oldest lines, framed, of at most room bytes, but at least one. Lost ones are reported
        before them (L10)."""
        taken = Taken()
        if self._loss.lines:
            taken.lost, taken.since = self._loss.lines, self._loss.since
            taken.until = self._loss.last
            taken.frames.append(self._framer.loss(output_overflow(self._loss)))
            room -= len(taken.frames[0])
        while self.lines:
            if not self._framed:
                self._frame_oldest()
            framed = self._framed
            sizes = list(accumulate(map(len, framed)))
            count = bisect_right(sizes, room) or (0 if taken.lines else 1)
            if not count:
                break
            self.lines -= count
            self.size -= sizes[count - 1]
            room -= sizes[count - 1]
            taken.add([framed.popleft() for _ in range(count)], self._moment)
        return taken

    def _frame_oldest(self) -> None:
        entry, lines = self._entries.popleft()
        frames = self._framer.frames(entry)
        self._framed.extend(frames)
        self._moment = entry.time
        self.lines += len(frames) - lines
        self.size += sum(map(len, frames)) - len(entry.data)


class Taken:
    """Frames that leave the backlog. lines: of the app, without the L10. lost: lines that the L10
    counts, since and until when. first, last: when the first and the last line came."""

    __slots__ = ("first", "frames", "last", "lines", "lost", "since", "until")

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.lines = self.lost = 0
        self.since = self.until = self.first = self.last = 0.0

    def add(self, frames: list[bytes], moment: float) -> None:
        """Some lines more."""
        if not self.lines:
            self.first = moment
        self.lines += len(frames)
        self.last = moment
        self.frames += frames
