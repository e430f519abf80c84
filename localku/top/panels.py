"""The panes under the table: the last events and errors, and the app's own numbers. Pure."""

from __future__ import annotations

from datetime import tzinfo

from localku.top import figures
from localku.top.custom import Custom
from localku.top.spans import Line, columns, fit, harmless
from localku.top.state import Mark, State
from localku.top.table import SPARKS

NAME_MOST = 32
EVENTS_TITLE: Line = (("last events and errors", "title"),)
CUSTOM_TITLE: Line = (("the app's own numbers", "title"), ("  in the last minute", "dim"))


def events(state: State, zone: tzinfo | None = None) -> list[Line]:
    """The marks, the latest first."""
    return [event(mark, zone) for mark in reversed(state.marks)]


def event(mark: Mark, zone: tzinfo | None = None) -> Line:
    """`17:35:03 web.1    H12 ×3  Request timeout`."""
    style = "bad" if mark.is_bad else "mark"
    what = mark.code or mark.kind
    times = f" ×{figures.count(mark.times)}" if mark.times > 1 else ""
    return (
        (figures.clock(mark.t, zone), "dim"),
        (f" {fit(harmless(mark.dyno), 9)} ", "bold"),
        (fit(harmless(what) + times, 11), style),
        (" " + harmless(mark.text.removeprefix(f"{mark.code} ")), ""),
    )


def numbers(state: State, width: int) -> list[Line]:
    """A line for each of the app's own numbers, by name."""
    customs = state.customs.sorted()
    if not customs:
        return []
    name = min(NAME_MOST, max(columns(harmless(each.name)) for each in customs))
    room = width - name - VALUE_WIDTH - 3
    spark = next((size for size in SPARKS if size <= room), 0)
    return [number_line(state, each, name, spark) for each in customs]


VALUE_WIDTH = 44


def number_line(state: State, custom: Custom, name: int, spark: int) -> Line:
    """One of them. name, spark: columns of the name and of the spark line."""
    series = custom.series(state.window.now)
    return (
        (fit(harmless(custom.name), name), "bold"),
        (" ", ""),
        (fit(harmless(value(state, custom)), VALUE_WIDTH), ""),
        (" ", ""),
        (figures.spark(series, spark, max(series)), "mark"),
    )


def value(state: State, custom: Custom) -> str:
    """A sample's last value, a count's sum, or how many values a measure had and how long the
    latest took."""
    now = state.window.now
    if custom.kind == "sample":
        return f"{figures.number(custom.last or 0)}{custom.unit}"
    total = custom.total(now)
    if custom.kind == "count":
        return f"+{figures.number(total)}"
    merged = (state.minute or {}).get("custom", {}).get(custom.name, {})
    parts = [f"×{figures.count(total):<4}"]
    for what in ("p50", "p95", "p99"):
        parts.append(f"{what} {measured(merged.get(what), custom.unit):<7}")
    return " ".join(parts).rstrip()


def measured(value: float | None, unit: str) -> str:
    """A measure with its unit; milliseconds, which most are, are short."""
    if value is None:
        return figures.NOTHING
    if unit == "ms":
        return figures.milliseconds(value)
    return f"{value:.4g}{unit}"
