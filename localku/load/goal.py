"""What a rate has to fulfil to count as sustained: `p95<250ms`, and few errors. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localku.errors import UserError
from localku.load.result import Step

ERRORS_MOST = 0.01
KEPT_UP = 0.95  # of what was due
NAMES = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "p99.9": "p999", "max": "max"}
NAMES |= {"mean": "mean", "p999": "p999"}
UNITS = {"ms": 1.0, "s": 1000.0}
_GOAL = re.compile(r"([a-z0-9.]+)\s*<=?\s*([0-9]+(?:\.[0-9]+)?)(ms|s)")


@dataclass(frozen=True, slots=True)
class Goal:
    """A latency that must stay below `most` ms. text: as it was written. name: of Percentiles."""

    text: str
    name: str
    most: float

    def is_met(self, step: Step) -> bool:
        """Whether the step fulfils it: latency, under 1 % errors, and nothing left over."""
        latency: float = getattr(step.latency, self.name)
        return latency < self.most and step.error_share < ERRORS_MOST and kept_up(step)


def kept_up(step: Step) -> bool:
    """Whether what was due was done, but for the last ones; counted, for Poisson arrivals are not
    exactly as many as the rate says."""
    return step.achieved * step.duration >= KEPT_UP * step.requests - 1


def parse(text: str, where: str = "--find-max") -> Goal:
    """`p95<250ms` as a goal. Raises UserError."""
    found = _GOAL.fullmatch(text.strip())
    if found is None or found[1] not in NAMES or float(found[2]) <= 0:
        hint = f"write it as p95<250ms; there are {', '.join(NAMES)}"
        raise UserError(
            f"this is no latency to stay below: {text}", where=where, hint=hint, status=2
        )
    return Goal(text.strip(), NAMES[found[1]], float(found[2]) * UNITS[found[3]])
