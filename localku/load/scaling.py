"""`localku load --scale web=1,2,4,8`: the sweep, what it says, and its exit status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from localku.cli.client import Client, as_object
from localku.errors import UserError
from localku.load import analysis
from localku.load.plan import Plan, Progress
from localku.load.prediction import predictions
from localku.load.result import CLOSED, OPEN, Result
from localku.load.step import run_step
from localku.load.summary import Summary, summaries
from localku.load.sweep import Outcome, Say, Scaling, Sweep


async def scaled(
    client: Client,
    plan: Plan,
    scaling: Scaling,
    result: Result,
    say: Say,
    watch: Callable[[Progress], None],
    stop: asyncio.Event,
) -> tuple[list[Summary], Outcome]:
    """Measure all counts, the formation back as it was; result gets the steps and what they say.

    stop: to be set by SIGINT, SIGTERM and SIGHUP. Raises UserError when nothing can be measured, or
    when the formation could not be put back.
    """
    outcome = await Sweep(client, plan, scaling, run_step, say, watch, stop).run()
    result.steps = outcome.steps
    if outcome.trouble:
        result.notes.append(outcome.trouble)
    if outcome.interrupted:
        result.notes.append("interrupted: not all was measured")
    can = outcome.steps and is_predictable(plan, scaling)
    predicted = await _predicted(client, plan, scaling, result) if can else {}
    found = analysis.analyse(
        result,
        scaling.kind,
        scaling.repeats,
        scaling.goal,
        predicted,
        plan.connections if plan.mode == CLOSED else None,
    )
    return found, outcome


def is_predictable(plan: Plan, scaling: Scaling) -> bool:
    """Whether there is a rate, and a step whose service times are work and not waiting: a search
    loads every count as far as it bears, and the closed mode has no rate."""
    return plan.mode == OPEN and scaling.goal is None


async def _predicted(
    client: Client, plan: Plan, scaling: Scaling, result: Result
) -> dict[int, float]:
    """p95 by count, by the simulation."""
    path = "/localku" + client.at("routing")
    try:
        policy = str(as_object(await asyncio.to_thread(client.get, path)).get("policy"))
    except UserError:
        return {}  # it died, which was said
    found = summaries(result, scaling.kind, scaling.goal)
    return predictions(result.steps, found, policy, scaling.concurrency, Random(plan.seed))
