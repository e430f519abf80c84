"""What a sweep says when all is measured: added to its result, for the table, the report, the JSON.

Pure. `result.more` gets `sweep` (what was asked, one summary for each count), `usl` (the law and
its curve, or null) and `sayings` (the honest text, lines).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from localku.load import goal as goals
from localku.load import limits, usl
from localku.load.goal import Goal
from localku.load.order import cancels_drift
from localku.load.result import Result, Step
from localku.load.summary import Summary, json_number, knee, little, summaries

Json = dict[str, Any]
CURVE = 60  # points
UNLIKE_LITTLE = 0.05
NO_PREDICTION = (
    "no p95 predicted: a search loads every count, so that no service time without waiting in it is"
    " known; a sweep at one --rate predicts"
)


def analyse(
    result: Result,
    kind: str,
    repeats: int = 1,
    goal: Goal | None = None,
    predicted: Mapping[int, float] | None = None,
    connections: int | None = None,
) -> list[Summary]:
    """Bring the steps together and add what follows. predicted: p95 in ms by count, of queueing
    theory. connections: of the closed mode. Returns the summaries."""
    found = summaries(result, kind, goal)
    for each in found:
        each.predicted = (predicted or {}).get(each.count)
    limits.judge(found, limits.base_of(result.steps))
    law = usl.fit(limits.points(found))
    knees = _knees(result.steps, kind)
    result.more["sweep"] = {
        "type": kind,
        "goal": goal.text if goal else None,
        "repeats": repeats,
        "order": [[step.dynos.get(kind, 0), step.repeat] for step in result.steps],
        "summaries": [asdict(each) for each in found],
        "knees": {str(count): rate for count, rate in knees.items()},
    }
    result.more["usl"] = _law(law, found)
    result.more["sayings"] = [
        *_answers(found, kind, goal),
        *limits.law(law, found, kind),
        *_knees_said(knees, kind),
        limits.cores(found, result.machine, kind),
        *_little(result.steps, connections),
        *_order(repeats),
    ]
    return found


def _answers(found: Sequence[Summary], kind: str, goal: Goal | None) -> list[str]:
    lines = limits.said(found, kind)
    if goal is None:
        return [*lines, *(limits.enough(found, kind) if found and found[0].offered else [])]
    able = [
        f"{each.capacity:.4g} req/s with {kind}={each.count}" for each in found if each.capacity
    ]
    none = [f"{kind}={each.count}" for each in found if not each.capacity]
    able += [f"nothing with {', '.join(none)}"] if none else []
    return [f"{goal.text} holds up to {', '.join(able)}", *lines, NO_PREDICTION]


def _knees_said(knees: Mapping[int, float], kind: str) -> list[str]:
    if not knees:
        return []
    places = ", ".join(f"{kind}={count} at {rate:.4g}" for count, rate in knees.items())
    return [f"the latency bends up (knee), in req/s: {places}"]


def _knees(steps: Sequence[Step], kind: str) -> dict[int, float]:
    """The knee of p95 over the achieved rate, by count, where there is one."""
    curves: dict[int, list[tuple[float, float]]] = {}
    for step in steps:
        curves.setdefault(step.dynos.get(kind, 0), []).append((step.achieved, step.latency.p95))
    found = {count: knee(points) for count, points in sorted(curves.items())}
    return {count: rate for count, rate in found.items() if rate is not None}


def _law(law: usl.Fit | None, found: Sequence[Summary]) -> Json | None:
    points = [[each.count, each.capacity, each.saturated] for each in found if each.capacity]
    if law is None or not points:
        return None
    right = max(each.count for each in found) * 1.25
    steps = [1 + (right - 1) * at / (CURVE - 1) for at in range(CURVE)]
    return {
        "contention": asdict(law.contention),
        "crosstalk": asdict(law.crosstalk),
        "single": asdict(law.single),
        "peak": json_number(law.peak),
        "peak_low": json_number(law.peak_low),
        "peak_high": json_number(law.peak_high),
        "most": json_number(law.most),
        "residuals": list(law.residuals),
        "retrograde": law.is_retrograde,
        "points": points,
        "curve": [[n, law.at(n), max(0.0, law.at(n) - law.spread(n)), law.at(n) + law.spread(n)]
                  for n in steps],
    }  # fmt: skip


def _little(steps: Sequence[Step], connections: int | None) -> list[str]:
    apart = [off for step in steps if (off := little(step, connections)) is not None]
    if not apart:
        return []
    if max(apart) < UNLIKE_LITTLE:
        return ["Little's law holds in every step: in flight = throughput x latency"]
    return [
        f"Little's law is off by up to {max(apart):.0%}: in some step requests came in waves, or"
        " the step was too short"
    ]


def _order(repeats: int) -> list[str]:
    if repeats < 2:
        return ["measured once: --repeat 2 gives intervals, and an order that cancels drift"]
    drift = "cancels" if cancels_drift(repeats) else "nearly cancels"
    return [f"measured {repeats} times, in an order that {drift} a drift of the machine"]


def goal_of(result: Result) -> Goal | None:
    """The goal of a result that was read from a file."""
    text = result.more.get("sweep", {}).get("goal")
    return goals.parse(text) if text else None
