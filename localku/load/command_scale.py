"""`localku load --scale web=1,2,4,8`: the sweep behind the command, and its exit status."""

from __future__ import annotations

import asyncio

from localku.cli.client import USAGE, Client
from localku.errors import UserError
from localku.load import goal, sidebyside, table, thresholds
from localku.load.command import FAILED, FAILED_THRESHOLD, INTERRUPTED, Found, status_of
from localku.load.meter import Meter
from localku.load.options import Wanted
from localku.load.plan import Plan
from localku.load.result import CLOSED, Result
from localku.load.scaling import scaled
from localku.load.sweep import Scaling, parse_scale

MOST = 100


async def scale(
    wanted: Wanted,
    client: Client,
    plan: Plan,
    result: Result,
    meter: Meter,
    stop: asyncio.Event,
) -> Found:
    """Measure each count, the formation back as it was. Raises UserError."""
    chosen = wanted.options
    kind, counts = parse_scale(chosen.scale)
    aim = goal.parse(chosen.find_max) if chosen.find_max else None
    if aim is not None and plan.mode == CLOSED:
        what = "a rate can be searched in the open loop only"
        raise UserError(what, where="--find-max", hint="leave out --connections", status=USAGE)
    repeats = _count("--repeat", chosen.repeat)
    concurrency = _count("--dyno-concurrency", chosen.dyno_concurrency)
    scaling = Scaling(kind, counts, repeats, aim, concurrency=concurrency)
    found, outcome = await scaled(client, plan, scaling, result, meter.say, meter.show, stop)
    for step in result.steps if aim is None else ():  # a search means to go too far
        step.failed_thresholds = thresholds.failures(wanted.thresholds, step)
    lines = [table.heading(result), "", *sidebyside.lines(result, found)]
    for step in result.steps:
        names = " ".join(f"{each}={count}" for each, count in step.dynos.items())
        lines += [f" !  {names}: failed: {said}" for said in step.failed_thresholds]
    # that few dynos do not meet the rate is what a sweep finds; that none does is a failure
    well = [step for step in result.steps if not step.troubles]
    status = 0 if aim is not None else status_of(well or result.steps)
    if any(step.failed_thresholds for step in result.steps):
        status = FAILED_THRESHOLD
    if outcome.interrupted:
        status = INTERRUPTED
    elif outcome.trouble:
        status = status or FAILED
    return Found(result, lines, status)


def _count(flag: str, text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST:
        return int(text)
    what = f"{text!r} is not a whole number from 1 to {MOST}"
    raise UserError(what, where=flag, status=USAGE)
