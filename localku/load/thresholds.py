"""What a run must not be: `p95>300ms`, `errors>0.1%`, `rate<190`, `h12>0`. Pure.

A threshold names a figure, a relation and a limit; when the relation holds, the run has failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import ge, gt, le, lt

from localku.errors import UserError
from localku.load.result import Percentiles, Step
from localku.metrics.histogram import Histogram

HINT = "write p95>300ms, max>=2s, errors>0.1%, rate<190, 5xx>0 or h12>0"
_FORM = re.compile(r"\s*([A-Za-z1-5]\w*(?:\.\d+)?)\s*(>=|<=|>|<)\s*([\d.]+)\s*(\D*?)\s*")
_RELATIONS: dict[str, Callable[[float, float], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}
_TIMES = {"": 1.0, "us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0}  # in ms
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,4})?|999)")
_SHARES = ("errors", "1xx", "2xx", "3xx", "4xx", "5xx", "late")
_KINDS = ("timeout", "connect", "reset", "protocol", "unsent")
_CODE = re.compile(r"[hr]\d\d")
TIME, SHARE, COUNT, RATE = "time", "share", "count", "rate"


@dataclass(frozen=True, slots=True)
class Threshold:
    """text: as it was written. name: of the figure, in small letters. limit: in ms, as a share when
    relative, a count or a rate."""

    text: str
    name: str
    relation: str
    limit: float
    kind: str
    relative: bool = False

    def failure(self, step: Step) -> str:
        """A sentence when the step has failed it, "" when not."""
        found = figure(self, step)
        if not _RELATIONS[self.relation](found, self.limit):
            return ""
        return f"{self.text}: it was {self.show(found)}"

    def show(self, value: float) -> str:
        """A figure of this kind with its unit."""
        if self.kind == TIME:
            return f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"
        if self.relative:
            return f"{value * 100:.3g} %"
        return f"{value:,.1f} requests/s" if self.kind == RATE else f"{value:,.0f}"


def parse(text: str) -> Threshold:
    """A threshold from its text. Raises UserError."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise UserError(f"{text!r} is no threshold", hint=HINT)
    name, relation, number, unit = match.groups()
    name = name.lower()
    try:
        limit = float(number)
    except ValueError:
        raise UserError(f"{text!r}: {number} is no number", hint=HINT) from None
    kind = _kind(name, text)
    if kind == TIME:
        if unit not in _TIMES:
            raise UserError(f"{text!r}: {unit} is no unit of time", hint="write us, ms or s")
        return Threshold(text.strip(), name, relation, limit * _TIMES[unit], TIME)
    if kind == RATE:
        if unit not in ("", "/s", "rps", "req/s"):
            raise UserError(f"{text!r}: {unit} is no unit of a rate", hint="write rate<190")
        return Threshold(text.strip(), name, relation, limit, RATE)
    if unit not in ("", "%"):
        raise UserError(
            f"{text!r}: {unit} is no unit here", hint="write a count, or a share with %"
        )
    relative = unit == "%"
    return Threshold(
        text.strip(), name, relation, limit / 100 if relative else limit, kind, relative
    )


def _kind(name: str, text: str) -> str:
    if name in ("min", "mean", "max") or _PERCENTILE.fullmatch(name):
        return TIME
    if name == "rate":
        return RATE
    if name in _SHARES or name in _KINDS or _CODE.fullmatch(name):
        return COUNT
    known = "p50, p99.9, min, mean, max, rate, errors, late, 5xx, timeout, h12"
    raise UserError(f"{text!r}: there is no figure {name}", hint=f"there are {known}")


def figure(it: Threshold, step: Step) -> float:
    """The figure of a step that a threshold is about."""
    name = it.name
    if it.kind == TIME:
        return percentile(step, name)
    if it.kind == RATE:
        return step.achieved
    if name == "errors":
        count = step.failed
    elif name == "late":
        count = step.late
    elif name in _KINDS:
        count = step.errors.get(name, 0)
    elif name.endswith("xx"):
        count = sum(times for code, times in step.status.items() if code[0] == name[0])
    else:
        count = step.codes.get(name.upper(), 0)
    if not it.relative:
        return float(count)
    return count / step.requests if step.requests else 0.0


def percentile(step: Step, name: str) -> float:
    """min, mean, max or any pNN of the latency of a step, in ms."""
    latency: Percentiles = step.latency
    plain = {"p99.9": "p999"}.get(name, name)
    if plain in ("min", "mean", "max", "p50", "p90", "p95", "p99", "p999"):
        return float(getattr(latency, plain))
    values = Histogram()
    for upper, times in step.histogram:
        values.record(upper, times)
    return min(values.quantile(float(name[1:]) / 100), latency.max)


def failures(thresholds: Iterable[Threshold], step: Step) -> list[str]:
    """Sentences about those that a step has failed."""
    return [said for each in thresholds if (said := each.failure(step))]
