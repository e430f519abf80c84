"""What limits an app at each count of dynos, in plain words. Pure.

Order matters: where the generator or the machine was the limit, nothing is said of the app.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from localku.load.result import Machine, Step
from localku.load.summary import Summary
from localku.load.usl import LEAST, Fit

GENERATOR, MACHINE, ERRORS = "the generator", "this machine", "errors"
OVERLOAD, QUEUEING, WORK = "overload", "queueing", "its own work"
WAITING = 0.25  # of the mean latency: from there on queueing is what is seen
SERIOUS = 0.02  # contention: 2 % that only one can do at a time caps it at 50
ERRORS_MOST = 0.01
NO_BETTER = 1.1  # times the best p95: as good as it


def base_of(steps: Sequence[Step]) -> float:
    """The time of the work itself, as far as it was seen: the least mean of a step, ms. Of the
    router's service times, or without them of the latencies."""
    services = [each.service.mean for each in steps if each.service.count]
    return min(services or [each.sent_latency.mean for each in steps if each.requests], default=0.0)


def judge(found: Sequence[Summary], base: float) -> None:
    """Set limit and why of each summary. base: of base_of."""
    for each in found:
        each.limit, each.why = _verdict(each, base)


def _verdict(each: Summary, base: float) -> tuple[str, str]:
    mean = each.latency["mean"]
    waiting = 1 - base / mean if mean else 0.0
    if each.generator_bound:
        return GENERATOR, "the generator was the limit: it says nothing of the app"
    if each.saturated:
        return MACHINE, f"the cores were {each.cpu:.0%} busy: it shows this machine, not the app"
    if not each.held:
        done = each.achieved / each.offered if each.offered else 0.0
        return OVERLOAD, f"only {done:.0%} of the rate came through: more is asked than it can do"
    if each.errors >= ERRORS_MOST:
        codes = ", ".join(f"{code} x{times}" for code, times in sorted(each.codes.items()))
        return ERRORS, f"{each.errors:.1%} errors{f' ({codes})' if codes else ''}"
    if waiting >= WAITING:
        return QUEUEING, f"{waiting:.0%} of the mean latency is waiting, not work"
    return WORK, "hardly anything waits: the time is that of the work itself"


def cores(found: Sequence[Summary], machine: Machine, kind: str) -> str:
    """How many cores there are, and from which count on they are what is seen."""
    have = f"this machine has {machine.cores} core{'s' * (machine.cores != 1)}"
    shared = f"{have}, which all dynos, the router and the generator share"
    full = [each.count for each in found if each.saturated]
    calm = [each.count for each in found if not each.saturated]
    if full and (not calm or max(calm) < full[0]):
        return (
            f"{shared}: from {kind}={full[0]} on the curve shows this machine and not the app"
            " (marked with *)"
        )
    if full:
        names = ", ".join(f"{kind}={count}" for count in full)
        return (
            f"{shared}: they were full at {names} (marked with *), but not with more dynos, so"
            " something else was busy here: measure again when it is quiet"
        )
    most = max((each.cpu for each in found), default=0.0)
    return f"{shared}: they were {most:.0%} busy at the most, so the curve is that of the app"


def points(found: Sequence[Summary], *, saturated: bool = False) -> list[tuple[float, float]]:
    """The counts and capacities that a scaling law may be fitted to. saturated: also those that
    show the machine."""
    return [
        (each.count, each.capacity)
        for each in found
        if each.capacity and not each.generator_bound and (saturated or not each.saturated)
    ]


def law(fit: Fit | None, found: Sequence[Summary], kind: str) -> list[str]:
    """What the Universal Scalability Law says, or why it says nothing."""
    excluded = [f"{kind}={each.count}" for each in found if each.capacity and each.saturated]
    left_out = f"; left out, for they show the machine: {', '.join(excluded)}" if excluded else ""
    if fit is None:
        return [_too_few(found, kind) + left_out]
    a, b, g = fit.contention, fit.crosstalk, fit.single
    lines = [
        f"X(N) = {g.value:.4g} N / (1 + {a.value:.4g} (N-1) + {b.value:.3g} N (N-1)){left_out}",
        f"contention {a.value:.2%} ± {a.error:.2%}, crosstalk {b.value:.3%} ± {b.error:.3%},"
        f" one alone {g.value:.4g} ± {g.error:.2g} req/s (standard errors)",
    ]
    if fit.is_retrograde:
        high = "any number" if fit.peak_high == inf else f"{fit.peak_high:.0f}"
        lines.append(
            f"peak at N* = {fit.peak:.1f} (95 %: {fit.peak_low:.0f} to {high}) with"
            f" {fit.most:.4g} req/s: more dynos do less"
        )
    else:
        lines.append("no retrograde evidence: crosstalk is within its standard error")
    return [*lines, *_advice(fit)]


def _advice(fit: Fit) -> list[str]:
    lines = []
    a, b = fit.contention, fit.crosstalk
    if a.value > SERIOUS and a.value > a.error:
        lines.append(
            f"contention: {a.value:.0%} of the work is done by one at a time, so no count does more"
            f" than {1 / a.value:.0f} alone; look for a lock, a shared connection, one database"
        )
    if fit.is_retrograde:
        lines.append(
            f"crosstalk: each dyno pays {b.value:.2%} for each other one; look for what they tell"
            " or take from each other: locks that are passed around, caches that are emptied"
        )
    return lines


def _too_few(found: Sequence[Summary], kind: str) -> str:
    have = points(found)
    below = [f"{kind}={each.count}" for each in found if each.held and each.capacity is None]
    text = (
        f"no scaling law: it takes the capacity at {LEAST} counts, and {len(have)}"
        f" {'is' if len(have) == 1 else 'are'} known"
    )
    if below:
        text += f" ({', '.join(below)} held the whole rate; --find-max finds what they can do)"
    return text


def said(found: Sequence[Summary], kind: str) -> list[str]:
    """What limits each count; those with the same sentence together."""
    groups: dict[str, list[str]] = {}
    for each in found:
        groups.setdefault(f"{each.limit}: {each.why}", []).append(f"{kind}={each.count}")
    return [f"{', '.join(names)}: {text}" for text, names in groups.items()]


def enough(found: Sequence[Summary], kind: str) -> list[str]:
    """From which count on more dynos are of no use at this rate; nothing when none held it."""
    held = [each for each in found if each.held and each.offered]
    if not held:
        return [f"no count that was tried holds this rate: try more than {kind}={found[-1].count}"]
    best = min(each.latency["p95"] for each in held)
    first = next(each for each in held if each.latency["p95"] <= best * NO_BETTER)
    p95 = f"p95 is {first.latency['p95']:.0f} ms"
    if first is found[-1]:
        return [f"{kind}={held[0].count} holds this rate; the latency still falls at {kind}="
                f"{first.count}, where {p95}"]  # fmt: skip
    return [f"{kind}={held[0].count} holds this rate, {kind}={first.count} is enough: {p95}, and"
            " more dynos hardly better it"]  # fmt: skip
