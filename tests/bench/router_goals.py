"""What the router promises beside its peers, and whether a run kept it. Pure: values in, text out.

A promise has two numbers: `must` decides about the exit status, `goal` is where it should get to.
Ratios of CPU are taken within each round, in which all peers had the same minutes of the machine;
the median of the rounds decides. The ratio of the best runs stands beside it: on a machine that
others use as well it is the calmer figure.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Runs = Mapping[str, Sequence[Mapping[str, float]]]  # of one case: peer -> one mapping per round

BASE, NAIVE, OURS, PLAIN = "nginx", "aiohttp", "localku", "asyncio"
# CPU per request as a part of nginx's: case -> (must, goal)
CPU = {
    "tiny": (1.30, 1.15),
    "browser": (1.40, 1.20),
    "10k": (1.15, 1.00),
    "post": (1.20, 1.05),
    "chunked": (1.15, 1.05),
    "1m": (0.75, 0.60),
    "close": (1.35, 1.15),
    "c128": (1.30, 1.10),
    "ws": (1.30, 1.15),
}
PLAIN_MORE = 1.15  # the router on asyncio's own selector: so much above those, with keep-alive
NAIVE_CPU = (0.22, 0.17)  # as a part of the naive proxy's
NOT_PLAIN = ("close",)
NOT_NAIVE = ("1m", "close", "ws")  # the kernel's copies, its handshakes; it knows no upgrades
P99 = (1.75, 1.3)  # as a part of nginx's
DRIPS_P99 = (1.0, 1.0)
DRIPS_MEMORY = (25.0, 15.0)  # MB that 1000 dripping clients and the load beside them bring


@dataclass(frozen=True)
class Verdict:
    """One promise and what was measured; a missing figure keeps none. best: of the best runs."""

    what: str
    value: float
    must: float
    goal: float
    best: float = math.nan

    @property
    def is_kept(self) -> bool:
        return self.value <= self.must

    def __str__(self) -> str:
        shown = "no figure" if math.isnan(self.value) else f"{self.value:.2f}"
        if not math.isnan(self.best):
            shown += f" (best {self.best:.2f})"
        word = (
            ("ok, goal reached" if self.value <= self.goal else "ok") if self.is_kept else "MISSED"
        )
        return f"{self.what}: {shown}, must {self.must:.2f}, goal {self.goal:.2f}: {word}"


def ratios(runs: Runs, peer: str, base: str, figure: str) -> list[float]:
    """Round by round: a figure of peer as a part of base's."""
    pairs = zip(runs.get(peer, ()), runs.get(base, ()), strict=False)
    return [own[figure] / other[figure] for own, other in pairs if other[figure]]


def ratio(runs: Runs, peer: str, base: str, figure: str) -> float:
    """The median of the rounds; not a number without figures of both."""
    found = ratios(runs, peer, base, figure)
    return statistics.median(found) if found else math.nan


def best_ratio(runs: Runs, peer: str, base: str, figure: str) -> float:
    """The best run of each beside each other."""
    own = min((run[figure] for run in runs.get(peer, ())), default=math.nan)
    other = min((run[figure] for run in runs.get(base, ())), default=math.nan)
    return own / other if other else math.nan


def verdicts(case: str, runs: Runs) -> list[Verdict]:
    """The promises that this case decides about, as far as their peers took part."""
    found = []
    for peer in (OURS, PLAIN):
        if peer not in runs:
            continue
        errors = sum(run["errors"] for run in runs[peer])
        found.append(Verdict(f"{peer} errors", errors, 0, 0))
        if BASE in runs:
            found += _beside_nginx(case, runs, peer)
    if OURS in runs and NAIVE in runs and case in CPU and case not in NOT_NAIVE:
        found.append(_compared("cpu", runs, OURS, NAIVE, "us", NAIVE_CPU))
    return found


def _beside_nginx(case: str, runs: Runs, peer: str) -> list[Verdict]:
    if case == "drips":
        if peer != OURS:
            return []
        grown = statistics.median(run["grown"] for run in runs[peer])
        return [
            _compared("p99", runs, peer, BASE, "p99", DRIPS_P99),
            Verdict("localku MB more than when idle", grown, *DRIPS_MEMORY),
        ]
    if case not in CPU:
        return []
    must, goal = CPU[case]
    if peer == PLAIN:
        limits = (must * PLAIN_MORE, goal * PLAIN_MORE)
        return [] if case in NOT_PLAIN else [_compared("cpu", runs, peer, BASE, "us", limits)]
    return [
        _compared("cpu", runs, peer, BASE, "us", (must, goal)),
        _compared("p99", runs, peer, BASE, "p99", P99),
    ]


def _compared(
    what: str, runs: Runs, peer: str, base: str, figure: str, limits: tuple[float, float]
) -> Verdict:
    value = ratio(runs, peer, base, figure)
    best = best_ratio(runs, peer, base, figure)
    return Verdict(f"{what} {peer} / {base}", value, *limits, best=best)
