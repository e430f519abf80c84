"""A result as the parts of a report: facts, sentences, tables, plots, bars, strips. Pure.

What a report can show is plain values, the same for a load test and for a simulation:
plot = {"title", "note", "x": AXIS, "y": AXIS, "series": [SERIES], "marks": [{"x", "text"}]};
AXIS = {"label", "log", "ticks": [[value, text]] or null, "max"};
SERIES = {"label", "points": [[x, y]], "style": "line" | "dash" | "dots" | "both", "color": 1 to 8,
"band": [[x, low, high]], "bars": [[x, low, high]]}, the last two only if there are any.
"""

from __future__ import annotations

from typing import Any

from localku.load import plots
from localku.load.plots import grouped, name
from localku.load.result import Result
from localku.load.summary import weighted

Json = dict[str, Any]
TROUBLES = 10  # sentences about single steps


def document(result: Result) -> Json:
    """The whole report of a result; `plots` and `tables` in its `more` are shown as they are."""
    sweep = result.more.get("sweep")
    tables = [*([summary_table(sweep)] if sweep else []), steps_table(result)]
    return {
        "title": f"Load test of {result.app or result.target}",
        "facts": facts(result),
        "sayings": [*result.more.get("sayings", ()), *result.notes, *_troubles(result)],
        "tables": [*tables, *result.more.get("tables", ())],
        "plots": [*plots.plots(result), *result.more.get("plots", ())],
        "bars": _parts(result),
        "strips": _strips(result),
    }


def facts(result: Result) -> list[list[str]]:
    """What was done where."""
    machine = result.machine
    arrivals = f", {result.arrivals} arrivals" if result.mode == "open" else ""
    found = [["Target", result.target], ["Mode", f"{result.mode} loop{arrivals}"]]
    found += [["Seed", str(result.seed)], ["Started", result.started]]
    memory = f", {machine.memory / (1 << 30):.0f} GiB" if machine.memory else ""
    cores = f"{machine.cores} core{'s' * (machine.cores != 1)}"
    found.append(["Machine", f"{cores}{memory}{', ' + machine.model if machine.model else ''}"])
    return [each for each in found if each[1]]


def _troubles(result: Result) -> list[str]:
    """What went wrong in the steps. In a search it is meant that some rates are too high."""
    is_search = bool((result.more.get("sweep") or {}).get("goal"))
    lines = []
    for step in result.steps:
        sentences = [] if is_search else [*step.troubles, *step.failed_thresholds]
        lines += [f"{name(step)}: {each}" for each in (*sentences, *step.notes) if each]
        if step.generator.bottleneck:
            lines.append(f"{name(step)}: {step.generator.bottleneck}")
    told = list(dict.fromkeys(lines))
    more = [f"and {len(told) - TROUBLES} more of the kind"] if len(told) > TROUBLES else []
    return [*told[:TROUBLES], *more]


# -- tables --------------------------------------------------------------------------------------


def summary_table(sweep: Json) -> Json:
    """One row for each count."""
    has_prediction = any(each["predicted"] is not None for each in sweep["summaries"])
    columns = ["dynos", "offered", "achieved", "p50", "p95", "p99", "p99.9", "service", "errors"]
    columns += ["in flight", "cores busy", "can do"]
    columns += ["p95 predicted"] if has_prediction else []
    rows = []
    for each in sweep["summaries"]:
        latency = each["latency"]
        row = [f"{sweep['type']}={each['count']}{'*' if each['saturated'] else ''}"]
        row += [number(each["offered"]), number(each["achieved"])]
        row += [number(latency[q]) for q in ("p50", "p95", "p99", "p999")]
        row += [number(each["service"]), f"{100 * each['errors']:.1f} %"]
        row += [number(each["in_flight"]), f"{each['cpu']:.0%}", number(each["capacity"])]
        row += [number(each["predicted"])] if has_prediction else []
        rows.append([*row, each["limit"]])
    note = "Rates in requests a second, times in ms, from the intended send time."
    if any(each["saturated"] for each in sweep["summaries"]):
        note += " * shows this machine and not the app."
    return {"title": "Side by side", "note": note, "columns": [*columns, "limit"], "rows": rows}


def steps_table(result: Result) -> Json:
    """One row for each step, as measured."""
    columns = ["step", "repeat", "offered", "achieved", "requests", "p50", "p90", "p95", "p99"]
    columns += ["p99.9", "max", "sent p99", "failed", "late", "generator"]
    rows = []
    for step in result.steps:
        row = [name(step), str(step.repeat), number(step.offered), number(step.achieved)]
        row.append(str(step.requests))
        parts = ("p50", "p90", "p95", "p99", "p999", "max")
        row += [number(getattr(step.latency, part)) for part in parts]
        row += [number(step.sent_latency.p99), str(step.failed), str(step.late)]
        rows.append([*row, f"{step.generator.cpu:.0%}"])
    note = "In the order in which they were measured. Sent p99: from the real send time."
    return {"title": "Steps", "note": note, "columns": columns, "rows": rows}


def number(value: float | None) -> str:
    """Short, for a table."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


# -- bars and strips -----------------------------------------------------------------------------


def _parts(result: Result) -> list[Json]:
    """Of the mean latency: waiting for the generator's turn and the way, connecting, the dyno."""
    rows = []
    base = min((each.service.mean for each in result.steps if each.service.count), default=0.0)
    for label, steps in grouped(each for each in result.steps if each.service.count):
        mean = weighted((each.latency.mean, each.latency.count) for each in steps)
        connect = weighted((each.connect.mean, each.connect.count) for each in steps)
        service = weighted((each.service.mean, each.service.count) for each in steps)
        work = min(base, service)
        before = max(0.0, mean - connect - service)
        rows.append({"label": label, "values": [work, service - work, connect, before]})
    if not rows:
        return []
    parts = ["work: the least of all steps", "longer in the dyno: it queues", "connect"]
    parts.append("before the router")
    note = "Means in ms, all steps of a count together; service and connect as the router has them."
    return [{"title": "Where the time goes", "note": note, "parts": parts, "rows": rows}]


def _strips(result: Result) -> list[Json]:
    """One row for each step, one cell for each second: p99 as a colour, errors in red."""
    rows = []
    for step in result.steps:
        cells = [[each.t, each.requests, each.errors, each.p50, each.p99] for each in step.timeline]
        offered = f", {number(step.offered)} req/s" if step.offered else ""
        if cells:
            rows.append({"label": f"{name(step)} #{step.repeat}{offered}", "cells": cells})
    note = "A cell is a second: the stronger, the higher its p99 (logarithmic). Red: with errors."
    return [{"title": "Second by second", "note": note, "rows": rows}] if rows else []
