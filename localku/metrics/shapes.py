"""Slices and marks as the objects of the feed (README, "The feed"). Pure."""

from __future__ import annotations

from localku.metrics.histogram import Histogram
from localku.metrics.l2met import COUNT, MEASURE
from localku.metrics.marks import Mark
from localku.metrics.slices import CLASSES, Custom, DynoSlice, Slice

Json = dict[str, object]
SHARES = (0.5, 0.95, 0.99)
DIGITS = 4  # that a percentile is shown with


def point(piece: Slice, histograms: bool = False) -> Json:
    """One step of the time line: a second, or ten of them. histograms: with all service and connect
    times, not only their percentiles."""
    service, connect = Histogram(), Histogram()
    for dyno in piece.dynos.values():
        service.merge(dyno.service)
        connect.merge(dyno.connect)
    return {
        "t": piece.t,
        "requests": {kind: piece.requests.get(kind, 0) for kind in CLASSES},
        "codes": piece.codes,
        "service": spread(service) | (edges(service) if histograms else {}),
        "connect": spread(connect) | (edges(connect) if histograms else {}),
        "dynos": {name: _dyno(dyno) for name, dyno in piece.dynos.items()},
        "custom": {key: _custom(custom) for key, custom in piece.custom.items()},
    }


def spread(values: Histogram) -> Json:
    """How values are spread, in their own unit; all 0 when there is none."""
    p50, p95, p99 = (tidy(each) for each in values.quantiles(SHARES))
    return {"count": values.count, "p50": p50, "p95": p95, "p99": p99, "max": tidy(values.most)}


def edges(values: Histogram) -> Json:
    """A histogram: the lower edge and the count of each step that has any."""
    return {"histogram": [[edge, times] for edge, times in values.edges()]}


def mark(it: Mark) -> Json:
    """One mark on the time line."""
    return {"t": it.t, "kind": it.kind, "code": it.code, "dyno": it.dyno, "text": it.text}


def tidy(value: float) -> float | int:
    """A number without digits that mean nothing: 3 for 3.0, 12.35 for 12.345678."""
    short = float(f"{value:.{DIGITS}g}") if abs(value) < 10**DIGITS else round(value)
    return int(short) if short == int(short) else short


def _dyno(dyno: DynoSlice) -> Json:
    shown: Json = {}
    if dyno.requests:
        shown = {
            "requests": dyno.requests,
            "errors": dyno.errors,
            "service": spread(dyno.service),
            "connect": spread(dyno.connect),
        }
    if dyno.memory is not None:
        shown |= {"memory": dyno.memory, "quota": dyno.quota or None}
    if dyno.load is not None:
        shown["load"] = round(dyno.load, 2)
    return shown


def _custom(custom: Custom) -> Json:
    if custom.kind == MEASURE:
        values = custom.values
        sums = {"sum": round(values.total, 6), "min": tidy(values.least)}
        return {"type": MEASURE, "unit": custom.unit, **spread(values), **sums}
    if custom.kind == COUNT:
        return {"type": COUNT, "sum": round(custom.total, 6)}
    return {"type": custom.kind, "unit": custom.unit, "last": custom.last}
