"""Seeds and cases for tests of the simulation."""

from __future__ import annotations

import random

from localku.simulate.laws import Exponential, Law
from localku.simulate.outcome import Outcome
from localku.simulate.scenario import Scenario, simulate

EXP = Exponential(10.0)


def at_load(load: float, dynos: int, policy: str, law: Law = EXP, **more: object) -> Scenario:
    """A case whose dynos are busy for that share of the time."""
    places = dynos * int(more.get("concurrency", 1))  # type: ignore[call-overload]
    return Scenario(load * places * 1000 / law.mean, law, dynos, policy, **more)  # type: ignore[arg-type]


def run(case: Scenario, seed: int = 1) -> Outcome:
    return simulate(case, random.Random(seed))


def agrees(one: Outcome, other: Outcome) -> None:
    """Two simulations of the same case differ by no more than both may err, twice."""
    for name in ("wait", "waits", "mean", "p50", "p95"):
        a, b = getattr(one, name), getattr(other, name)
        assert abs(a.value - b.value) <= 2 * (a.error**2 + b.error**2) ** 0.5, (name, a, b)
