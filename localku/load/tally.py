"""What came of the requests, counted: histograms, statuses, errors, seconds. Pure.

The hot path only appends; once a second `settle` counts what came, equal times together, which
costs a fraction of recording each.
"""

from __future__ import annotations

from localku.load.percentiles import of_microseconds
from localku.load.result import Instant, Percentiles
from localku.metrics.histogram import Histogram

HELD = 1 << 16  # times that wait to be counted
UNWELL = 500  # statuses from here on are errors


class Tally:
    """latency, sent: histograms of µs, of what was measured. late: of how late arrivals were sent
    that had a connection. due: requests that were due. timeline: by the second."""

    def __init__(self) -> None:
        self.latency = Histogram()
        self.sent = Histogram()
        self.late = Histogram()
        self.due = 0
        self.starved = 0
        self.status: dict[int, int] = {}
        self.errors: dict[str, int] = {}
        self.timeline: list[Instant] = []
        self._latencies: list[float] = []
        self._sents: list[float] = []
        self.lates: list[float] = []
        self._second = Histogram()
        self._failed = 0
        self._ended = 0

    def answered(self, status: int, latency: float, sent: float) -> None:
        """An answer came, that many seconds after its request was due and was sent."""
        self._latencies.append(latency)
        self._sents.append(sent)
        counts = self.status
        counts[status] = counts.get(status, 0) + 1
        self._ended += 1
        if status >= UNWELL:
            self._failed += 1
        if len(self._latencies) > HELD:
            self._count()

    def failed(self, kind: str, latency: float | None = None, sent: float | None = None) -> None:
        """A request had no answer. latency, sent: how long it was waited for, if that is a time
        that an answer would have taken at least."""
        self.errors[kind] = self.errors.get(kind, 0) + 1
        self._failed += 1
        self._ended += 1
        if latency is not None:
            self._latencies.append(latency)
        if sent is not None:
            self._sents.append(sent)

    @property
    def has_more(self) -> bool:
        """Whether something came since the last second was settled."""
        return bool(self._ended)

    def settle(self, t: int) -> Instant:
        """The second t (from the start) is over; what came in it."""
        self._count()
        p50, p99 = (micro / 1000 for micro in self._second.quantiles((0.5, 0.99)))
        instant = Instant(t, self._ended, self._failed, p50, p99)
        self.latency.merge(self._second)
        self._second = Histogram()
        self._failed = self._ended = 0
        self.timeline.append(instant)
        return instant

    def percentiles(self) -> tuple[Percentiles, Percentiles]:
        """latency and sent, of what was settled."""
        return of_microseconds(self.latency), of_microseconds(self.sent)

    def _count(self) -> None:
        self._second.record_whole([int(x * 1e6) for x in self._latencies])
        self.sent.record_whole([int(x * 1e6) for x in self._sents])
        self.late.record_whole([int(x * 1e6) for x in self.lates])
        self._latencies.clear()
        self._sents.clear()
        self.lates.clear()
