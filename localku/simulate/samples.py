"""Service times out of what was written down: router lines, plain numbers, a load report. Pure.

`service=` of a router line is what the dyno took, and that includes the time for which the request
waited in it behind another one. How many met another one at their dyno tells how much that may be;
for a dyno that works on `concurrency` requests at a time, in the order of their arrival, the
waiting can be taken out again (`without_queueing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heapreplace
from typing import Any

from localku.metrics.routerlines import TUNNEL

_LINE = re.compile(r"^(\S{20,35}) heroku\[router\]: (.*)$")
_DYNO = re.compile(r" dyno=(\S+) connect=(\d+)ms service=(\d+)ms status=(\d+)")
_NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(?:ms)?\s*$")
FEW = 200  # times; below that a p95 rests on less than ten of them
LOAD = "localku-load/1"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the router wrote it down: dyno, when it ended (s since 1970), service (ms)."""

    dyno: str
    ended: float
    service: float

    @property
    def began(self) -> float:
        """When the dyno got it, s since 1970."""
        return self.ended - self.service / 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """times: ms. met: the share of requests that met another one at their dyno, None if unknown.
    source: where from, for people. left_out: router lines without a full answer of a dyno."""

    times: tuple[float, ...]
    source: str
    met: float | None = None
    left_out: int = 0
    unqueued: bool = False

    def remarks(self, concurrency: int) -> list[str]:
        """What a reader should know before trusting it."""
        said = []
        if len(self.times) < FEW:
            said.append(
                f"only {len(self.times)} service times: p95 and p99 rest on a handful of them;"
                f" take {FEW} or more"
            )
        if self.met is not None and self.met > 0.1 and not self.unqueued:
            said.append(
                f"{self.met:.0%} of the requests came to a dyno that worked on another one already:"
                f" if it does {concurrency} at a time, their times contain waiting, and what"
                " follows is too slow (--unqueue takes it out; or measure at a lower rate)"
            )
        if self.unqueued:
            said.append(
                f"waiting was taken out as if a dyno did {concurrency} at a time in order;"
                " for any other dyno that is wrong"
            )
        if self.times and sorted(self.times)[len(self.times) // 2] < 5 and self.met is not None:
            said.append("half of the times are under 5 ms, and the router writes whole ones")
        if self.left_out:
            said.append(f"{self.left_out} requests without a dyno's own answer were left out")
        return said


def read_text(text: str, concurrency: int = 1, unqueue: bool = False) -> Sample:
    """Router lines, as `localku logs` prints them, among any others; or a number on each line, ms.
    ValueError when there is nothing of the kind."""
    seen, left_out, numbers = [], 0, []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is not None:
            request = _read(match[1], match[2])
            if request is None:
                left_out += 1
            else:
                seen.append(request)
        elif (number := _NUMBER.match(line)) is not None:
            numbers.append(float(number[1]))
    if seen:
        return from_seen(seen, concurrency, unqueue, left_out)
    if numbers:
        return Sample(tuple(numbers), f"{len(numbers):,} numbers")
    raise ValueError("no router lines, and no numbers either")


def _read(stamp: str, words: str) -> Seen | None:
    match = _DYNO.search(words)
    if match is None or " code=H" in words or int(match[4]) == TUNNEL:
        return None
    try:
        ended = datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None
    return Seen(match[1], ended, float(match[3]))


def from_seen(
    seen: Sequence[Seen], concurrency: int = 1, unqueue: bool = False, left_out: int = 0
) -> Sample:
    """The service times of requests that the router wrote down."""
    met = met_another(seen)
    times = without_queueing(seen, concurrency) if unqueue else [each.service for each in seen]
    source = f"{len(seen):,} router lines"
    return Sample(tuple(times), source, met, left_out, unqueue)


def _by_dyno(seen: Iterable[Seen]) -> dict[str, list[Seen]]:
    dynos: dict[str, list[Seen]] = {}
    for each in sorted(seen, key=lambda each: each.began):
        dynos.setdefault(each.dyno, []).append(each)
    return dynos


def met_another(seen: Sequence[Seen]) -> float:
    """The share of requests whose dyno worked on an earlier one when they came. A millisecond is
    forgiven: that is how fine the router writes."""
    met = 0
    for requests in _by_dyno(seen).values():
        busy_until = 0.0
        for each in requests:
            met += each.began + 0.001 < busy_until
            busy_until = max(busy_until, each.ended)
    return met / len(seen) if seen else 0.0


def without_queueing(seen: Sequence[Seen], concurrency: int) -> list[float]:
    """The service times, ms, less the time for which all places of the dyno were taken by earlier
    requests."""
    times = []
    for requests in _by_dyno(seen).values():
        free = [0.0] * concurrency
        for each in requests:
            start = min(max(each.began, free[0]), each.ended)
            heapreplace(free, each.ended)
            times.append(1000 * (each.ended - start))
    return times


def read_load(report: Mapping[str, Any]) -> Sample:
    """A `localku load --json` report: the step in which requests took the least time, its latencies
    brought to the mean that the router has for the dynos' own part. ValueError."""
    if report.get("format") != LOAD:
        raise ValueError(f"this is no {LOAD} report")
    steps = [step for step in report.get("steps", ()) if step.get("histogram")]
    if not steps:
        raise ValueError("the report has no step with answers")
    step = min(steps, key=lambda step: step["service"]["mean"] or step["latency"]["mean"])
    latency, service = step["latency"]["mean"], step["service"]["mean"]
    part = min(1.0, service / latency) if service and latency else 1.0
    histogram = [(float(bound), int(count)) for bound, count in step["histogram"]]
    total = sum(count for _, count in histogram)
    keep = max(1, total // 20_000)  # of many, every so-manieth
    times, seen = [], 0
    for bound, count in histogram:
        times += [bound * part] * ((seen + count) // keep - seen // keep)
        seen += count
    source = f"{total:,} requests of a load report"
    return Sample(tuple(times or [histogram[-1][0] * part]), source)
