"""`localku top --once` and `--json`: what the screen shows, as text and as an object. Pure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import tzinfo
from typing import Any

from localku.top import panels, table
from localku.top.custom import Custom
from localku.top.header import name_line, traffic_line, trouble_line
from localku.top.spans import Line, plain
from localku.top.state import Dyno, State
from localku.top.window import MINUTE, RECENT

EVENTS = 5
WIDTH = 120  # of the lines that would go on


def text(state: State, zone: tzinfo | None = None) -> list[str]:
    """The lines of `--once`: header, table, the app's own numbers, last events."""
    shape = table.Plan(
        table.plan(WIDTH, [dyno.name for dyno in state.dynos]).name, table.COLUMNS, spark=0
    )
    lines: list[Line] = [
        name_line(state, WIDTH, paused=False),
        traffic_line(state, 0),
        trouble_line(state, WIDTH),
        (),
        table.titles(shape),
        *(line for _, line in table.rows(state, shape)),
    ]
    if numbers := panels.numbers(state, 0):
        lines += [(), panels.CUSTOM_TITLE, *numbers]
    if events := panels.events(state, zone)[:EVENTS]:
        lines += [(), panels.EVENTS_TITLE, *events]
    return [plain(line).rstrip() for line in lines]


def as_object(state: State) -> dict[str, Any]:
    """The object of `--json`. Times are epoch seconds, service times milliseconds, sizes bytes;
    rates and service times are those of the last `window` seconds, codes and errors of the last
    minute. What was not measured is null."""
    hello = state.hello
    kept = ("app", "release", "web_url", "maintenance", "routing", "formation")
    classes = state.window.classes()
    return {
        **{name: hello.get(name) for name in kept},
        "now": state.now,
        "window": RECENT,
        "requests_per_second": round(sum(classes.values()), 3),
        "status_per_second": {name: round(rate, 3) for name, rate in classes.items()},
        "service": state.service() or None,
        "codes": state.window.codes(MINUTE),
        "dynos": [_dyno(state, dyno) for dyno in state.dynos],
        "custom": {each.name: _number(state, each) for each in state.customs.sorted()},
        "marks": [asdict(mark) for mark in state.marks],
    }


def _dyno(state: State, dyno: Dyno) -> dict[str, Any]:
    return {
        **asdict(dyno),
        "requests_per_second": round(state.window.dyno_rate(dyno.name), 3),
        "errors": state.window.dyno_errors(dyno.name),
        "service": state.service(dyno.name) or None,
    }


def _number(state: State, custom: Custom) -> dict[str, Any]:
    found: dict[str, Any] = {"type": custom.kind, "unit": custom.unit, "heard": custom.heard}
    if custom.kind == "sample":
        return {**found, "last": custom.last}
    total = custom.total(state.window.now)
    if custom.kind == "count":
        return {**found, "sum": total}
    merged = (state.minute or {}).get("custom", {}).get(custom.name, {})
    times = {name: merged.get(name) for name in ("min", "max", "p50", "p95", "p99")}
    return {**found, "count": total, **times}
