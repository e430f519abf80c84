"""What was simulated, as tables, plots and JSON: the parts of a report. Pure.

The parts have the form that reports of load tests have (localku.load.document), so that one page
draws both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from localku.simulate.closed import Closed
from localku.simulate.outcome import Outcome
from localku.simulate.scenario import Scenario
from localku.simulate.tally import Estimate

Json = dict[str, Any]
COLUMNS = ("dynos", "policy", "load", "p50", "p95", "p99", "mean", "wait", "predicted", "waits")


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, and what came of it."""

    scenario: Scenario
    outcome: Outcome

    @property
    def closed(self) -> Closed | None:
        """What the textbooks say."""
        return self.scenario.closed_form()


def rows(cases: Sequence[Case]) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table. Times are ms; a wait has its error at 95 %."""
    codes = any(case.outcome.refused or case.outcome.timed_out for case in cases)
    heads = [*COLUMNS, "predicted", *(["H11", "H12"] if codes else [])]
    lines = []
    for case in cases:
        it, found, rule = case.scenario, case.outcome, case.closed
        line = [str(it.dynos), it.policy, f"{found.utilisation:.2f}"]
        line += [time(each.value) for each in (found.p50, found.p95, found.p99, found.mean)]
        line += [plus_minus(found.wait), "–" if rule is None else time(rule.wait)]
        line += [f"{100 * found.waits.value:.1f} %"]
        line += ["–" if rule is None or rule.waits is None else f"{100 * rule.waits:.1f} %"]
        if codes:
            line += [f"{100 * found.refused:.1f} %", f"{100 * found.timed_out:.1f} %"]
        lines.append(line)
    return heads, lines


def time(value: float) -> str:
    """ms, with as many places as mean something: `0.42`, `9.1`, `182`, `30,000`."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 or not value else f"{value:.2f}"


def plus_minus(estimate: Estimate) -> str:
    """`40.3 ±0.5`."""
    return f"{time(estimate.value)} ±{time(estimate.error)}"


def sayings(cases: Sequence[Case]) -> list[str]:
    """What the table does not say by itself."""
    said = []
    rules = dict.fromkeys(
        (case.closed.rule, case.closed.is_exact) for case in cases if case.closed is not None
    )
    if rules:
        names = "; ".join(
            f"{rule}{'' if exact else ' (an approximation)'}" for rule, exact in rules
        )
        said.append(f"predicted: {names}")
    over = [case for case in cases if case.outcome.is_overloaded]
    if over:
        counts = ", ".join(str(n) for n in dict.fromkeys(case.scenario.dynos for case in over))
        dynos = "dyno" if counts == "1" else "dynos"
        said.append(
            f"with {counts} {dynos} there is more work than they can do: queues grow as long as the"
            " run lasts, and the figures with them"
        )
    if any(case.scenario.routers > 1 and case.scenario.policy == "one-queue" for case in cases):
        said.append("one-queue is the ideal: one queue, however many routers there are")
    return said


def to_json(cases: Sequence[Case], seed: int) -> Json:
    """All of it as plain values."""
    return {"format": "localku-simulate/1", "seed": seed, "cases": [_case(case) for case in cases]}


def _case(case: Case) -> Json:
    it, found, rule = case.scenario, case.outcome, case.closed
    latency = {
        name: {"value": round(each.value, 4), "error": round(each.error, 4)}
        for name, each in (
            ("mean", found.mean),
            ("p50", found.p50),
            ("p90", found.p90),
            ("p95", found.p95),
            ("p99", found.p99),
            ("p999", found.p999),
        )
    }
    return {
        "dynos": it.dynos,
        "concurrency": it.concurrency,
        "policy": it.policy,
        "routers": it.routers,
        "rate": it.rate,
        "arrivals": it.arrivals,
        "service": {"law": it.law.name, "mean": it.law.mean},
        "requests": found.count,
        "backlog": None if it.backlog == inf else it.backlog,
        "utilisation": round(found.utilisation, 6),
        "overloaded": found.is_overloaded,
        "latency": latency,
        "wait": {"value": round(found.wait.value, 4), "error": round(found.wait.error, 4)},
        "waits": {"value": round(found.waits.value, 6), "error": round(found.waits.error, 6)},
        "H11": round(found.refused, 6),
        "H12": round(found.timed_out, 6),
        "predicted": None
        if rule is None
        else {"wait": rule.wait, "waits": rule.waits, "rule": rule.rule, "exact": rule.is_exact},
    }


def page(title: str, facts: list[list[str]], cases: Sequence[Case]) -> Json:
    """The parts of the report."""
    heads, lines = rows(cases)
    table = {"title": "Side by side", "note": "Times in ms.", "columns": heads, "rows": lines}
    return {
        "title": title,
        "facts": facts,
        "sayings": sayings(cases),
        "tables": [table],
        "plots": plots(cases),
        "bars": [],
        "strips": [],
    }


def plots(cases: Sequence[Case]) -> list[Json]:
    """p95 and the mean wait by dynos, a line for each policy; what is overloaded is left out."""
    fit = [case for case in cases if not case.outcome.is_overloaded]
    if len({case.scenario.dynos for case in fit}) < 2:
        return []
    return [
        _plot("p95 by dynos", "latency, ms", fit, lambda found: found.p95),
        _plot("Mean wait by dynos", "wait, ms", fit, lambda found: found.wait),
    ]


def _plot(title: str, label: str, cases: Sequence[Case], value: Any) -> Json:
    series = []
    for color, policy in enumerate(dict.fromkeys(case.scenario.policy for case in cases), 1):
        own = [(c.scenario.dynos, value(c.outcome)) for c in cases if c.scenario.policy == policy]
        points = [[dynos, each.value] for dynos, each in own]
        bars = [[dynos, each.value - each.error, each.value + each.error] for dynos, each in own]
        series.append(
            {"label": policy, "points": points, "style": "both", "color": color, "bars": bars}
        )
    return {
        "title": title,
        "note": "Bars: 95 % confidence.",
        "x": {"label": "dynos", "log": False, "ticks": None, "max": None},
        "y": {"label": label, "log": False, "ticks": None, "max": None},
        "series": series,
        "marks": [],
    }
