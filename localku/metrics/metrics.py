"""The metrics of one app: reads its log stream, and turns each second into a slice.

The law: offer() costs next to nothing; what it keeps is worked out once a second, or sooner when
much has come. A timer runs only while there is something to work out or somebody who watches, so
that an idle platform sleeps. A watcher has a bounded queue of its own and delays nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from localku.metrics import l2met, marks, shapes
from localku.metrics.marks import Episodes, Mark
from localku.metrics.routerlines import count_tails, read_tail
from localku.metrics.series import Series
from localku.metrics.slices import Slice
from localku.metrics.totals import Totals

if TYPE_CHECKING:
    from localku.logs.entry import Entry

HELD = 256  # entries of the router that wait to be counted; each holds the lines of one turn
TAILS = 5000  # distinct tails that wait to be read
READ_LINES = 5000  # lines with values that are read in a second; more are counted as unread
SEARCHED = 256 << 10  # bytes in vain in a second; two thousand lines and more
SAMPLE = 4096  # bytes whose lines are counted; those of the rest of a burst are estimated
MARKS = 2000
GAP = 60  # seconds without a point that watchers are told of after all, when the loop was stopped
STARTED = b"Starting process with command"

Json = dict[str, object]


class Watcher:
    """Somebody who looks on. tell(event, object): called for each `point` and `mark`; must neither
    wait nor raise."""

    def __init__(self, tell: Callable[[str, Json], None]) -> None:
        self.tell = tell


class Metrics:
    """A reader of one app's stream. series, totals, marks: what is known. unread: lines with values
    of the app's that were too many in one second."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.series = Series()
        self.totals = Totals()
        self.marks: deque[Mark] = deque(maxlen=MARKS)
        self.unread = 0
        self._clock = clock
        self._second = Slice(0)
        self._ends = 0.0  # when the present second is over
        self._held: list[bytes] = []
        self._tails: Counter[bytes] = Counter()
        self._left = READ_LINES
        self._searched_until = 0.0
        self._search_left = 0
        self._episodes = Episodes()
        self._watchers: tuple[Watcher, ...] = ()
        self._timer: asyncio.TimerHandle | None = None

    # -- the stream ----------------------------------------------------------------------------

    def offer(self, entry: Entry) -> None:
        """One entry of the stream."""
        if entry.dyno == "router":
            if entry.time >= self._ends:
                self._begin(entry.time)
            held = self._held
            held.append(entry.data)
            if len(held) > HELD:
                self._count()
            return
        data, source = entry.data, entry.source
        lines = self.totals.lines
        lines[source] = lines.get(source, 0) + lines_in(data)
        if source != "app" or entry.dyno == marks.API:
            self._note(entry)
        elif b"#" in data or (b"=" in data and self._has_words(entry)):
            self._measure(entry)

    def _has_words(self, entry: Entry) -> bool:
        """Whether there is another word of l2met's in it. A flood is searched for it only in its
        first bytes of each second, unless some were found there: the search is slower than all
        else that happens to a line."""
        if entry.time >= self._searched_until or entry.time < self._searched_until - 1:
            self._searched_until = entry.time + 1.0
            self._search_left = SEARCHED
        if self._search_left <= 0:
            return False
        if l2met.may_measure(entry.data):
            return True
        self._search_left -= len(entry.data)
        return False

    def _begin(self, now: float) -> None:
        """A new second: finish the one before, and see to it that this one is finished."""
        before = self._second.t
        self._finish()
        second = int(now)
        if before and self._watchers and before < second - 1:
            for t in range(max(before + 1, second - GAP), second):
                self.tell("point", shapes.point(Slice(t)))
        self._second = Slice(second)
        self._ends = second + 1.0
        self._left = READ_LINES
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # the platform is being built: what is said now waits for the next line
        wait = self._ends - self._clock()
        self._timer = loop.call_later(min(max(wait, 0.001), 1.0), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._clock()
        over = now >= self._ends or now < self._ends - 2  # or the clock was set back
        if not over:
            self._arm()
        elif self._watchers:
            self._begin(now)
        else:
            self._finish()
            self._ends = 0.0

    def _finish(self) -> None:
        """The present second is over."""
        second = self._second
        self._count()
        self._read_tails()
        if not second.empty:
            self.series.add(second)
        if second.t and self._watchers:
            self.tell("point", shapes.point(second))
        self._second = Slice(0)

    # -- the router's lines --------------------------------------------------------------------

    def _count(self) -> None:
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self.totals.lines["heroku"] += count_tails(data, self._tails)
            if len(self._tails) > TAILS:
                self._read_tails()

    def _read_tails(self) -> None:
        tails, self._tails = self._tails, Counter()
        for tail, times in tails.items():
            served = read_tail(tail)
            if served is None:
                continue
            self._second.serve(served, times)
            self.totals.serve(served, times)
            if served.code and self._episodes.is_news(served.code, "", self._second.t):
                text = f"{served.code} {served.desc}".rstrip()
                self._mark(Mark(self._second.t, "error", text, served.code, served.dyno))

    # -- everybody else's ----------------------------------------------------------------------

    def _measure(self, entry: Entry) -> None:
        if entry.time >= self._ends:
            self._begin(entry.time)
        for line in entry.data.split(b"\n"):
            if not l2met.may_measure(line):
                continue
            if self._left <= 0:
                self.unread += 1
                continue
            self._left -= 1
            for reading in l2met.read(line.decode("utf-8", "replace")):
                key = reading.key
                if self.totals.accepts(key, reading):
                    self._second.measure(key, reading)

    def _note(self, entry: Entry) -> None:
        """A line of the platform's own: rare, so that it is read at once."""
        for line in entry.data.splitlines():
            if line.startswith(STARTED) and entry.source == "heroku":
                self.totals.started(entry.dyno)
                continue
            text = line.decode("utf-8", "replace")
            mark = marks.read(entry.time, entry.source, entry.dyno, text)
            if mark is None:
                continue
            if mark.code:
                if entry.time >= self._ends:
                    self._begin(entry.time)
                self._second.code(mark.code)
                self.totals.error(mark.code)
                if not self._episodes.is_news(mark.code, mark.dyno, entry.time):
                    continue
            self._mark(mark)

    def _mark(self, mark: Mark) -> None:
        self.marks.append(mark)
        if self._watchers:
            self.tell("mark", shapes.mark(mark))

    # -- who looks on --------------------------------------------------------------------------

    @property
    def watched(self) -> bool:
        """Whether anybody looks on."""
        return bool(self._watchers)

    def watch(self, watcher: Watcher) -> None:
        """Tell watcher of every second from now on."""
        self._watchers = (*self._watchers, watcher)
        now = self._clock()
        if now >= self._ends:
            self._begin(now)
        else:
            self._arm()

    def unwatch(self, watcher: Watcher) -> None:
        """It has gone."""
        self._watchers = tuple(each for each in self._watchers if each is not watcher)

    def sampled(self, dyno: str, memory: int, quota: int, load: float) -> None:
        """What a dyno uses now. memory, quota: bytes, quota 0 for none."""
        now = self._clock()
        if now >= self._ends:
            self._begin(now)
        it = self._second.dyno(dyno)
        it.memory, it.quota, it.load = memory, quota, load

    def tell(self, event: str, value: Json) -> None:
        """Tell all who look on."""
        for watcher in self._watchers:
            watcher.tell(event, value)

    # -- what is known -------------------------------------------------------------------------

    def settle(self) -> None:
        """Work out what has come so far, so that totals are up to date."""
        self._count()
        self._read_tails()

    def close(self) -> None:
        """No more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def lines_in(data: bytes) -> int:
    """How many lines some bytes have. Of a burst, it is estimated from how it begins: to count
    would cost a tenth of all that a line costs."""
    size = len(data)
    if size <= SAMPLE:
        return data.count(b"\n")
    return max(1, data.count(b"\n", 0, SAMPLE) * size // SAMPLE)
