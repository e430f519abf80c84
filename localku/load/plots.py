"""The plots of a report, as plain values; what they look like is said in localku.load.document.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log10
from typing import Any

from localku.load.result import Result, Step
from localku.load.summary import spectrum

Json = dict[str, Any]
Ticks = Sequence[tuple[float, str]]
COLORS = 8
NINES = ((0.0, "0"), (0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99"))
MOST_POINTS = 300


def plot(title: str, note: str, x: Json, y: Json, series: Sequence[Json]) -> Json:
    """A plot."""
    return {"title": title, "note": note, "x": x, "y": y, "series": list(series), "marks": []}


def axis(label: str, *, log: bool = False, ticks: Ticks | None = None) -> Json:
    """An axis."""
    return {"label": label, "log": log, "ticks": [list(each) for each in ticks] if ticks else None}


def series(label: str, points: Iterable[Sequence[float]], color: int, style: str = "line") -> Json:
    """A series of a plot."""
    return {"label": label, "points": [list(p) for p in points], "color": color, "style": style}


def plots(result: Result) -> list[Json]:
    """All plots that a result has something for."""
    sweep = result.more.get("sweep")
    found = []
    if sweep and sweep["summaries"]:
        found += [throughput(sweep, result.more.get("usl")), latency_over_count(sweep)]
    found += [latency_over_rate(result.steps, sweep or {}), percentiles(result.steps)]
    if len(result.steps) == 1:
        found += over_time(result.steps[0])
    return [each for each in found if each["series"]]


def name(step: Step) -> str:
    """`web=4`."""
    return " ".join(f"{kind}={count}" for kind, count in step.dynos.items()) or "this run"


def grouped(steps: Iterable[Step]) -> list[tuple[str, list[Step]]]:
    """The steps of each formation, by rising counts."""
    groups: dict[str, list[Step]] = {}
    for step in steps:
        groups.setdefault(name(step), []).append(step)
    return sorted(groups.items(), key=lambda each: (len(each[0]), each[0]))


def counts(sweep: Json) -> Ticks:
    """Ticks at what was measured."""
    return [(float(each["count"]), str(each["count"])) for each in sweep["summaries"]]


def throughput(sweep: Json, law: Json | None) -> Json:
    """Throughput over dynos: measured, the law with its band, the straight line that it falls
    from."""
    found = sweep["summaries"]
    is_capacity = any(each["capacity"] for each in found)
    note = "What each count can do." if is_capacity else "What came through at the offered rate."
    lines: list[Json] = []
    if law:
        note += " The band: 95 %."
        lines = _law(law, max(each["count"] for each in found))
    else:
        done = [(each["count"], each["capacity"] or each["achieved"]) for each in found]
        lines = [series("throughput", done, 8)]
    for is_full, label, color in ((False, "measured", 3), (True, "measured, machine full", 5)):
        own = [each for each in found if each["saturated"] == is_full]
        if not own:
            continue
        points = [(each["count"], each["capacity"] or each["achieved"]) for each in own]
        dots = series(label, points, color, "dots")
        dots["bars"] = [
            [each["count"], each["low"], each["high"]] for each in own if each["high"] > each["low"]
        ]
        lines.append(dots)
    y = axis("req/s")
    if law:  # a wide band must not press the points to the ground
        y["max"] = 1.15 * max(point[1] for each in lines for point in each["points"])
    x = axis(f"{sweep['type']} dynos", ticks=counts(sweep))
    return plot("Throughput over dynos", note, x, y, lines)


def _law(law: Json, right: float) -> list[Json]:
    curve = series("scaling law", [(n, x) for n, x, _, _ in law["curve"]], 1)
    curve["band"] = [[n, low, high] for n, _, low, high in law["curve"]]
    single = law["single"]["value"]
    return [curve, series("ideal", [(1, single), (right, single * right)], 8, "dash")]


def latency_over_count(sweep: Json) -> Json:
    """Percentiles over dynos, and what queueing theory had said."""
    found = sweep["summaries"]
    lines = [
        series(q, [(each["count"], each["latency"][q]) for each in found], color, "both")
        for q, color in (("p50", 4), ("p95", 1), ("p99", 5))
    ]
    told = [(each["count"], each["predicted"]) for each in found if each["predicted"] is not None]
    if told:
        lines.append(series("p95 predicted", told, 3, "dash"))
    x = axis(f"{sweep['type']} dynos", ticks=counts(sweep))
    note = "From the intended send time."
    if sweep["goal"]:
        note += " Each count at the highest rate that it sustains."
    return plot("Latency over dynos", note, x, axis("ms", log=True), lines)


def latency_over_rate(steps: Sequence[Step], sweep: Json) -> Json:
    """p95 over the rate, a line for each count; nothing unless some count had several rates."""
    groups = grouped(steps)
    is_curve = any(_many(own) for _, own in groups)
    lines = []
    for at, (label, own) in enumerate(groups if is_curve else []):
        points = sorted((step.achieved, step.latency.p95) for step in own)
        lines.append(series(label, points, at % COLORS + 1, "both"))
    note = "Each dot is a step. Dashed: where the line of that count bends up, its knee."
    x, y = axis("req/s achieved"), axis("ms", log=True)
    found = plot("p95 over the rate", note, x, y, lines)
    knees = sweep.get("knees", {}).items()
    kind = sweep.get("type", "")
    found["marks"] = [{"x": rate, "text": f"{kind}={count}"} for count, rate in knees]
    return found


def _many(steps: Sequence[Step]) -> bool:
    """Whether they had several rates; those of Poisson arrivals are never quite the same."""
    rates = [step.achieved for step in steps]
    return len(rates) > 2 and max(rates) > 1.25 * min(rates)


def percentiles(steps: Sequence[Step]) -> Json:
    """Latency over percentile, the last ones stretched, as HdrHistogram draws it."""
    lines = []
    for at, (label, own) in enumerate(grouped(step for step in steps if step.histogram)):
        summed: dict[float, int] = {}
        for step in own:
            for bound, times in step.histogram:
                summed[bound] = summed.get(bound, 0) + times
        points = [(stretched(p / 100), y) for p, y in spectrum(sorted(summed.items()))]
        lines.append(series(label, thin(points), at % COLORS + 1))
    right = max((each["points"][-1][0] for each in lines), default=0.0)
    ticks = [(stretched(share), text) for share, text in NINES if stretched(share) <= right]
    note = "All steps of a count together, from the intended send time."
    x = axis("percentile", ticks=ticks)
    return plot("Latency by percentile", note, x, axis("ms", log=True), lines)


def stretched(share: float) -> float:
    """0.9 is 1, 0.99 is 2, 0.999 is 3; the last of all is where 99.999 % is."""
    return -log10(max(1 - share, 1e-5))


def thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """MOST_POINTS of the points at most, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    every = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(at * every)] for at in range(MOST_POINTS)]


def over_time(step: Step) -> list[Json]:
    """Of a single step: latency and requests by second."""
    timeline = step.timeline
    if len(timeline) < 2:
        return []
    latency = [
        series("p50", [(each.t, each.p50) for each in timeline if each.requests], 4),
        series("p99", [(each.t, each.p99) for each in timeline if each.requests], 5),
    ]
    rate = [
        series("requests", [(each.t, each.requests) for each in timeline], 2),
        series("errors", [(each.t, each.errors) for each in timeline], 3),
    ]
    return [
        plot("Latency over time", "", axis("s"), axis("ms", log=True), latency),
        plot("Requests over time", "", axis("s"), axis("a second"), rate),
    ]
