"""A sweep on the terminal: one row for each count, small plots, and the honest text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from localku.cli.tables import table
from localku.load.canvas import Canvas
from localku.load.result import Result
from localku.load.summary import Summary

WIDTH, HEIGHT = 56, 9


def lines(result: Result, found: Sequence[Summary], width: int = 100) -> list[str]:
    """The whole answer, for somebody who reads."""
    remarks = [f" !  {each}" for each in result.notes]
    if not found:
        return ["nothing was measured", *remarks]
    kind = result.more["sweep"]["type"]
    text = [*rows(found, kind), ""]
    if len(found) > 1:
        text += [*throughput_plot(result, found, kind, min(WIDTH, width - 16)), ""]
        text += [*latency_plot(found, kind, min(WIDTH, width - 16)), ""]
    return [*text, *(f"  {each}" for each in result.more["sayings"]), *remarks]


def rows(found: Sequence[Summary], kind: str) -> list[str]:
    """The table. A star: the step shows the machine and not the app."""
    has_prediction = any(each.predicted is not None for each in found)
    columns = ["dynos", "offered", "achieved", "p50", "p95", "p99", "max", "service", "err %"]
    columns += ["in flight", "cpu", "can do"]
    columns += ["p95 predicted"] if has_prediction else []
    columns += ["limit"]
    body = []
    for each in found:
        half = (each.high - each.low) / 2
        row: list[object] = [
            f"{kind}={each.count}{'*' if each.saturated else ''}",
            _rate(each.offered),
            f"{_rate(each.achieved)}{f' ±{_rate(half)}' if half else ''}",
            *(_ms(each.latency[name]) for name in ("p50", "p95", "p99", "max")),
            _ms(each.service),
            f"{100 * each.errors:.1f}",
            f"{each.in_flight:.1f}",
            f"{each.cpu:.0%}",
            _rate(each.capacity),
        ]
        row += [_ms(each.predicted)] if has_prediction else []
        body.append([*row, each.limit])
    return table(columns, body)


def throughput_plot(
    result: Result, found: Sequence[Summary], kind: str, width: int = WIDTH
) -> list[str]:
    """Throughput over dynos: the law as a line, what was measured as `o` (`*`: the machine)."""
    law = result.more.get("usl")
    points = [(float(each.count), each.capacity or each.achieved) for each in found]
    right = max(x for x, _ in points)
    curve = [(n, x) for n, x, _, _ in law["curve"] if n <= right] if law else points
    top = max(y for _, y in [*points, *curve]) * 1.1
    canvas = Canvas(width, HEIGHT, (0.0, 0.0), (right, top))
    canvas.line(curve)
    for each, (x, y) in zip(found, points, strict=True):
        canvas.mark(x, y, "*" if each.saturated else "o")
    below = [(x, f"{x:.0f}") for x, _ in points]
    return ["  throughput, req/s", *canvas.with_axes(kind, below)]


def latency_plot(found: Sequence[Summary], kind: str, width: int = WIDTH) -> list[str]:
    """p50 and p95 over dynos."""
    right = float(max(each.count for each in found))
    top = max(each.latency["p95"] for each in found) * 1.1
    canvas = Canvas(width, HEIGHT, (0.0, 0.0), (right, top))
    for name, letter in (("p50", "5"), ("p95", "9")):
        curve = [(float(each.count), each.latency[name]) for each in found]
        canvas.line(curve)
        for x, y in curve:
            canvas.mark(x, y, letter)
    below = [(float(each.count), str(each.count)) for each in found]
    return ["  latency, ms: 5 is p50, 9 is p95", *canvas.with_axes(kind, below)]


def _rate(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 10_000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
