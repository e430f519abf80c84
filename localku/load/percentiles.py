"""Histograms as the percentiles of a result, as its bars, and as the text of HdrHistogram. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import sqrt

from localku.load.result import Percentiles, Step
from localku.metrics.histogram import Histogram

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
MICRO = 1000.0  # µs in a ms
HALVINGS = 5  # ticks of the percentile text in each half of what is left


def of_microseconds(values: Histogram) -> Percentiles:
    """The percentiles, in ms, of times in µs."""
    return percentiles(values, MICRO)


def percentiles(values: Histogram, unit: float = 1.0) -> Percentiles:
    """The percentiles in ms. unit: how many of the histogram's make a ms."""
    if not values.count:
        return Percentiles()
    p50, p90, p95, p99, p999 = (each / unit for each in values.quantiles(SHARES))
    mean = values.total / values.count / unit
    ends = values.least / unit, values.most / unit
    found = Percentiles(values.count, mean, ends[0], p50, p90, p95, p99, p999, ends[1])
    return rounded(found)


def rounded(it: Percentiles) -> Percentiles:
    """It to the microsecond."""
    names = ("mean", "min", "p50", "p90", "p95", "p99", "p999", "max")
    return Percentiles(it.count, *(round(getattr(it, name), 3) for name in names))


def bars(values: Histogram) -> list[tuple[float, int]]:
    """(upper bound in ms, count) of each step of a histogram of µs that has any."""
    return [(round(upper / MICRO, 6), times) for upper, times in values.bars()]


def of_steps(steps: Iterable[Step]) -> Histogram:
    """The latencies of some steps as one histogram of µs; each time is the middle of its bar."""
    values = Histogram()
    for step in steps:
        for upper, times in step.histogram:
            middle = upper * MICRO * (1 - 1 / 1024)
            values.record(min(middle, step.latency.max * MICRO), times)
        values.most = max(values.most, step.latency.max * MICRO)
    return values


def hdr_text(values: Histogram) -> Iterator[str]:
    """The percentile distribution in the lines of HdrHistogram's own text, which its plotters read.
    values: µs; printed in ms."""
    yield f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}"
    yield ""
    total = values.count
    steps = sorted(values.bars())
    seen, level = 0, 0.0
    tick = 1.0 / (2 * HALVINGS)
    for at, (upper, times) in enumerate(steps):
        seen += times
        value = min(upper, values.most) / MICRO
        if at == len(steps) - 1:
            break
        reached = seen / total
        if reached < level:
            continue
        yield f"{value:12.3f} {reached:2.12f} {seen:10d} {1 / (1 - reached):14.2f}"
        while level <= reached:
            left = 1.0 - level
            level += tick * _half(left)
    if total:
        yield f"{values.most / MICRO:12.3f} {1:2.12f} {total:10d}"
    mean = values.total / total / MICRO if total else 0.0
    square = sum((upper / MICRO - mean) ** 2 * times for upper, times in steps)
    deviation = sqrt(square / total) if total else 0.0
    yield f"#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]"
    yield f"#[Max     = {values.most / MICRO:12.3f}, Total count    = {total:12d}]"
    yield f"#[Buckets = {len(steps):12d}, SubBuckets     = {256:12d}]"


def _half(left: float) -> float:
    """The largest power of a half that is not above left, doubled once: the size of a tick."""
    size = 1.0
    while size / 2 >= left and size > 1e-9:
        size /= 2
    return size
