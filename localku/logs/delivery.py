"""When a drain is sent what, and what becomes of it: the policy of Logplex (heroku.md 4.3). Pure.

The law: one batch is under way at a time, so order is kept; a batch that was not taken is the same
batch, with the same id, when it is tried again; a batch that was taken is never sent again. Logplex
gives up after three tries; here a drain that comes back gets the batch that it did not take, then
what was kept, and an L10 line that counts what was not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from localku.logs.backlog import MESSAGES, Backlog, Taken
from localku.logs.entry import Entry
from localku.logs.logplex import Framer

BATCH = 102_400  # bytes of frames in one request
LINGER = 0.25  # seconds that a line waits for company: log-shuttle flushes so often (heroku.md 4.3)
BACKOFF_MAX = 30  # times the first pause
TOO_MANY = 429  # RFC 6585: come back later


@dataclass(slots=True)
class Batch:
    """What one request carries. id: Logplex-Frame-Id. messages: frames in it, L10 among them."""

    id: str
    taken: Taken
    body: bytes = field(init=False)
    messages: int = field(init=False)
    tries: int = 0

    def __post_init__(self) -> None:
        self.body = b"".join(self.taken.frames)
        self.messages = len(self.taken.frames)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. retry: the first pause after a failure; it doubles. linger: see LINGER. pace: at
    least so long from the end of one batch to the next."""

    retry: float = 1.0
    linger: float = LINGER
    pace: float = 0.0


def is_taken(status: int) -> bool:
    """Whether a receiver that answers so has the batch."""
    return 200 <= status < 300


def is_refused(status: int) -> bool:
    """Whether it would answer the same the next time: the batch is dropped."""
    return 400 <= status < 500 and status != TOO_MANY


class Delivery:
    """The state of one drain. now: seconds, monotonic. new_id: makes an id for a batch.

    delivered: lines that were taken. trouble: why the last attempt failed, "" if it did not.
    on_ready: called when there may be something to do earlier than step() said.
    """

    def __init__(
        self,
        framer: Framer,
        new_id: Callable[[], str],
        *,
        times: Times | None = None,
        messages: int = MESSAGES,
        batch: int = BATCH,
    ) -> None:
        self.times = times if times is not None else Times()
        self.on_ready: Callable[[], None] = lambda: None
        self.delivered = 0
        self.trouble = ""
        self.ending = False
        self._backlog = Backlog(framer, messages)
        self._new_id = new_id
        self._usual = messages
        self._limit = batch
        self._batch: Batch | None = None
        self._not_before = 0.0
        self._since: float | None = None  # when the oldest waiting line was seen first
        self._told = 0  # what on_ready was called for: 0 nothing, 1 a line, 2 a full batch

    @property
    def dropped(self) -> int:
        """Lines that the drain will never get."""
        return self._backlog.dropped

    @property
    def waiting(self) -> int:
        """Lines that it did not get yet."""
        under_way = self._batch.taken.lines if self._batch is not None else 0
        return self._backlog.lines + under_way

    def offer(self, entry: Entry) -> None:
        """A reader of the stream: queue entry. Never waits."""
        backlog = self._backlog
        backlog.offer(entry)
        level = 0 if not backlog.lines else 2 if backlog.size >= self._limit else 1
        if level > self._told:
            self._told = level
            self.on_ready()

    def pace(self, seconds: float) -> None:
        """At least so long from the end of one batch to the next."""
        self.times = replace(self.times, pace=seconds)

    def keep(self, messages: int | None) -> None:
        """So many lines may wait while it is in trouble; None: as many as usual."""
        self._backlog.keep(self._usual if messages is None else messages)

    def hurry(self) -> None:
        """Try again without a pause."""
        self._not_before = 0.0
        self.on_ready()

    def end(self) -> None:
        """Nothing more will come: send what there is without waiting for company, pace or pause."""
        self.ending = True
        self._not_before = 0.0
        self._backlog.finish()
        self.on_ready()

    def step(self, now: float) -> Batch | float | None:
        """What to do: send a batch, come back after so many seconds, or when on_ready says so."""
        if self._batch is None and not self._backlog.lines:
            self._since, self._told = None, 0
            return None
        if now < self._not_before:
            return self._not_before - now
        if self._batch is None:
            wait = self._company(now)
            if wait > 0:
                return wait
            self._batch = Batch(self._new_id(), self._backlog.take(self._limit))
            self._since, self._told = None, 0
        self._batch.tries += 1
        return self._batch

    def _company(self, now: float) -> float:
        """Seconds for which the lines that wait may wait for more."""
        if self.ending or self._backlog.size >= self._limit:
            return 0.0
        if self._since is None:
            self._since = now
        return self._since + self.times.linger - now

    def succeeded(self, now: float) -> None:
        """The receiver has the batch."""
        assert self._batch is not None
        self.delivered += self._batch.taken.lines
        self._over(now)
        self.trouble = ""
        self._backlog.strict = False

    def refused(self, now: float, why: str) -> None:
        """The receiver will never take this batch: drop it, and go on with the next."""
        assert self._batch is not None
        taken = self._batch.taken
        if taken.lost:
            self._backlog.lose(taken.lost, taken.since, taken.until)
            self._backlog.dropped -= taken.lost  # they were counted when they were lost
        self._backlog.lose(taken.lines, taken.first, taken.last)
        self._over(now)
        self.trouble = why
        self._backlog.strict = True
        self._backlog.trim()

    def failed(self, now: float, why: str) -> None:
        """It is not known to have the batch: the same again, after a pause that doubles."""
        assert self._batch is not None
        doublings = min(self._batch.tries - 1, 10)
        pause = self.times.retry * min(2**doublings, BACKOFF_MAX)
        self._not_before = now + pause
        self.trouble = why
        self._backlog.strict = True
        self._backlog.trim()

    def _over(self, now: float) -> None:
        self._batch = None
        if not self.ending:
            self._not_before = now + self.times.pace
