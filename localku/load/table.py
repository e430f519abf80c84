"""What a load test found, as text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from localku.load.plan import Progress
from localku.load.result import OPEN, Percentiles, Result, Step

COLUMNS = ("mean", "p50", "p90", "p95", "p99", "p99.9", "max")
FIELDS = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
CODES_MAX = 8
SHARES_MAX = 16


def heading(result: Result) -> str:
    """One line: what was asked of whom."""
    who = f"⬢ {result.app}, " if result.app else ""
    if result.mode == OPEN:
        how = f"open loop, {result.arrivals} arrivals, seed {result.seed}"
    else:
        how = "closed loop"
    return f"=== {who}{result.target}: {how}"


def lines(result: Result, step: Step) -> list[str]:
    """One step in full."""
    found = [heading(result), ""]
    if step.interrupted and not step.requests:
        return [*found, "ended before anything was measured"]
    found += _rates(result, step)
    found += ["", *_latencies(result, step), ""]
    found += _counts(step)
    found += _machine(result, step)
    found += [f"note: {note}" for note in [*step.notes, *result.notes]]
    if step.generator.bottleneck:
        found.append(f" !  {step.generator.bottleneck}")
    found += [f" !  {trouble}" for trouble in step.troubles]
    found += [f" !  failed: {failed}" for failed in step.failed_thresholds]
    return found


def _rates(result: Result, step: Step) -> Iterator[str]:
    dynos = " ".join(f"{kind}={count}" for kind, count in step.dynos.items())
    where = f"{dynos}, " if dynos else ""
    cut = ", ended early" if step.interrupted else ""
    errors = f"{step.failed:,} errors ({step.error_share * 100:.3g} %)"
    counts = f"{step.requests:,} requests in {step.duration:g} s{cut}, {errors}"
    yield f"{where}{counts}, {step.in_flight_max:,} in flight at most"
    if result.mode == OPEN:
        yield f"offered {step.offered or 0:,.1f} requests/s, achieved {step.achieved:,.1f}"
    else:
        yield f"achieved {step.achieved:,.1f} requests/s"
        yield (
            "closed loop: each connection waits for its answer, so that it asks less while the"
            " app stalls"
        )
    if step.late:
        yield f"{step.late:,} waited for a free connection"


def _latencies(result: Result, step: Step) -> Iterator[str]:
    rows: list[tuple[str, Percentiles]] = [("latency", step.latency)]
    if result.mode == OPEN:
        rows = [("from when it was due", step.latency)]
        rows.append(("from when it was sent", step.sent_latency))
    if step.service.count:
        rows += [("router: connect", step.connect), ("router: service", step.service)]
    yield f"{'ms':<21}" + "".join(f"{name:>8}" for name in COLUMNS)
    for name, spread in rows:
        shown = whole if name.startswith("router") else ms
        cells = (shown(getattr(spread, field)) for field in FIELDS)
        yield f"{name:<21}" + "".join(f"{cell:>8}" for cell in cells)


def ms(value: float) -> str:
    """Milliseconds with three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def whole(value: float) -> str:
    """Milliseconds as the router's lines have them: without a fraction."""
    return f"{value:,.0f}"


def _counts(step: Step) -> Iterator[str]:
    if step.status:
        yield f"status      {_pairs(step.status)}"
    if step.errors:
        yield f"no answer   {_pairs(step.errors)}"
    if step.codes:
        yield f"codes       {_pairs(step.codes)}"
    if step.share:
        total = sum(step.share.values())
        shown = list(step.share.items())[:SHARES_MAX]
        words = [f"{dyno} {count:,} ({count / total:.1%})" for dyno, count in shown]
        rest = len(step.share) - len(shown)
        yield "share       " + "  ".join(words) + (f"  and {rest} more" if rest else "")


def _pairs(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])[:CODES_MAX]
    return "  ".join(f"{name}: {count:,}" for name, count in ranked)


def _machine(result: Result, step: Step) -> Iterator[str]:
    own, machine = step.generator, step.machine
    cores = result.machine.cores
    busy = f"{machine.cpu:.0%} of {cores} core{'s' * (cores != 1)}"
    late = f", late by {own.late_p99:.2f} ms (p99)" if result.mode == OPEN else ""
    yield f"generator   {own.cpu * 100:.2g} % of a core{late}"
    yield f"machine     {busy} in use" + (": saturated" if machine.saturated else "")


def progress(it: Progress, width: int) -> str:
    """How it goes, in one line of at most that many columns."""
    if it.phase == "ending":
        text = f"waiting for the last {it.in_flight:,} answers, {it.t:.0f} s"
        return text[:width]
    parts = [f"{it.phase} {it.t:.0f}/{it.duration:g} s"]
    if it.offered is not None:
        parts.append(f"{it.offered:,.0f} req/s offered")
    if it.phase != "warm-up":
        parts += [
            f"{it.done:,} answered",
            f"p50 {ms(it.p50)} p99 {ms(it.p99)} ms",
            f"{it.failed:,} errors",
        ]
    parts.append(f"{it.in_flight:,} in flight" + (f", {it.waiting:,} wait" * bool(it.waiting)))
    parts.append(f"generator {it.cpu:.0%}")
    text = parts[0]
    for part in parts[1:]:
        if len(text) + 3 + len(part) > width:
            break
        text += " · " + part
    return text[:width]
