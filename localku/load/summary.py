"""The steps of a sweep brought together: one summary for each count of dynos. Pure.

Percentiles are never averaged: the histograms of the repeats are added. Figures that have a spread
over the repeats get their 95 % interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from localku.load.goal import Goal, kept_up
from localku.load.linear import interval, mean
from localku.load.result import CLOSED, Result, Step

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}

Histogram = Sequence[tuple[float, int]]


@dataclass(slots=True)
class Summary:
    """What one count did. offered: None in closed mode. achieved: the mean of the repeats, and its
    interval low to high. latency: percentiles of all repeats together, and "mean", in ms.
    capacity: the most that it can do, None when that was not found out. in_flight: by Little's law.
    service: the mean of the router's own lines, ms; connect likewise. predicted: p95 in ms by
    queueing theory, None without. limit: a word of localku.load.limits, why: its sentence."""

    count: int
    offered: float | None
    achieved: float
    low: float
    high: float
    latency: dict[str, float]
    connect: float
    service: float
    errors: float
    codes: dict[str, int]
    capacity: float | None
    in_flight: float
    saturated: bool
    generator_bound: bool
    cpu: float
    held: bool
    predicted: float | None = None
    limit: str = ""
    why: str = ""


def summaries(result: Result, kind: str, goal: Goal | None = None) -> list[Summary]:
    """One for each count of that process type, rising. goal: that of a search; then the steps at
    the highest rate that fulfilled it are what is summed up."""
    groups: dict[int, list[Step]] = {}
    for step in result.steps:
        if kind in step.dynos and step.requests:
            groups.setdefault(step.dynos[kind], []).append(step)
    found = []
    for count, steps in sorted(groups.items()):
        if goal is None:
            found.append(_summary(count, steps, result.mode == CLOSED))
            continue
        best = _best(steps, goal)
        summary = _summary(count, best or [min(steps, key=_offered)], False)
        summary.capacity = mean([_offered(each) for each in best]) or None
        summary.held = bool(best)
        found.append(summary)
    return found


def _offered(step: Step) -> float:
    return step.offered or 0.0


def _best(steps: Sequence[Step], goal: Goal) -> list[Step]:
    """Of each repeat the step of the highest rate that fulfilled the goal."""
    best: dict[int, Step] = {}
    for step in sorted(steps, key=_offered):
        if goal.is_met(step):
            best[step.repeat] = step
    return list(best.values())


def _summary(count: int, steps: list[Step], closed: bool) -> Summary:
    rates = [each.achieved for each in steps]
    low, high = interval(rates)
    latency = percentiles([each.histogram for each in steps])
    latency["mean"] = weighted((each.latency.mean, each.latency.count) for each in steps)
    latency["max"] = max(each.latency.max for each in steps)
    offered = None if closed else mean([_offered(each) for each in steps])
    held = closed or all(kept_up(each) for each in steps)
    requests = sum(each.requests for each in steps)
    capacity: float | None = mean(rates) if closed or not held else None
    codes: dict[str, int] = {}
    for step in steps:
        for code, times in step.codes.items():
            codes[code] = codes.get(code, 0) + times
    sent = weighted((each.sent_latency.mean, each.sent_latency.count) for each in steps)
    return Summary(
        count=count,
        offered=offered,
        achieved=mean(rates),
        low=max(0.0, low),
        high=high,
        latency=latency,
        connect=weighted((each.connect.mean, each.connect.count) for each in steps),
        service=weighted((each.service.mean, each.service.count) for each in steps),
        errors=sum(each.failed for each in steps) / requests if requests else 0.0,
        codes=codes,
        capacity=capacity,
        in_flight=mean(rates) * sent / 1000,
        saturated=2 * sum(each.machine.saturated for each in steps) > len(steps),
        generator_bound=any(each.generator.bottleneck for each in steps),
        cpu=mean([each.machine.cpu for each in steps]),
        held=held,
    )


def weighted(pairs: Iterable[tuple[float, int]]) -> float:
    """The mean of means, each with the number of its values."""
    total, times = 0.0, 0
    for value, count in pairs:
        total += value * count
        times += count
    return total / times if times else 0.0


def percentiles(histograms: Sequence[Histogram]) -> dict[str, float]:
    """Of all histograms together, in their unit."""
    counts: dict[float, int] = {}
    for histogram in histograms:
        for bound, times in histogram:
            counts[bound] = counts.get(bound, 0) + times
    whole = sorted(counts.items())
    total = sum(counts.values())
    return {name: _quantile(whole, total, share) for name, share in SHARES.items()}


def _quantile(whole: Histogram, total: int, share: float) -> float:
    rank, seen = min(int(total * share), total - 1), 0
    for bound, times in whole:
        seen += times
        if seen > rank:
            return bound
    return 0.0


def spectrum(histogram: Histogram) -> list[tuple[float, float]]:
    """A histogram as the points of a percentile spectrum: (percentile from 0 to 100, ms)."""
    total, seen = sum(times for _, times in histogram), 0
    points = []
    for bound, times in histogram:
        seen += times
        points.append((100 * seen / total if seen < total else 100.0, bound))
    return points


def little(step: Step, connections: int | None) -> float | None:
    """How far a step is from Little's law L = X R, as a share of L; None where it cannot be told.

    In the closed mode L is the number of connections. In the open one only its maximum is known:
    the share by which X R is above it (0: consistent). Consistent is below 5 %.
    """
    flight = step.achieved * step.sent_latency.mean / 1000
    if not flight:
        return None
    if connections:
        return abs(flight - connections) / connections
    return max(0.0, flight / step.in_flight_max - 1) if step.in_flight_max else None


def knee(points: Sequence[tuple[float, float]]) -> float | None:
    """Where a curve of latency over rate bends up: the point that is furthest under the straight
    line from its first to its last ("Kneedle", Satopaa and others, 2011). None for a curve that
    does not bend, or has less than four points."""
    points = sorted(points)
    if len(points) < 4:
        return None
    left, right = points[0][0], points[-1][0]
    bottom, top = min(y for _, y in points), max(y for _, y in points)
    if right <= left or top <= 2 * bottom:
        return None  # a latency that has not doubled shows no knee
    furthest, place = 0.1, None
    for x, y in points:
        under = (x - left) / (right - left) - (y - bottom) / (top - bottom)
        if under > furthest:
            furthest, place = under, x
    return place


def json_number(value: float) -> float | None:
    """A number that JSON can hold: None for infinity."""
    return None if value in (inf, -inf) or value != value else value
