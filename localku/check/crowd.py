"""The scene of many web dynos: two, then four, killed at some moment, then ended one by one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
import time
from typing import TYPE_CHECKING

from localku.check import changing
from localku.check.record import Answer, Ask, Run
from localku.check.trial import Trial, running
from localku.check.trialfiles import touch

if TYPE_CHECKING:
    from localku.check.stage import Stage

SLOW = 0.3  # seconds; SIGTERM is sent in the middle of a request that takes so long
HELD = 0.9  # seconds for which the hooks hold answers back
LOAD = 1.2  # seconds of requests around the kill
AT_ONCE = 4


async def play(stage: Stage, first: Run) -> Run:
    """Play it. first: the run of one dyno, which says what is asked."""
    from localku.check.stage import CROWD, WEB

    ready = stage.ready
    script = [ask for ask in stage.script(first) if ask.method == "GET"] or [Ask("/")]
    changed = changing.changed(first, ready.config)
    stage.progress("two web dynos, then four")
    order = ready.order("crowd", {WEB: 2}, ready.data("crowd-data"), changed)
    async with running(order) as trial:
        run = trial.run
        run.changed, run.wanted = changed, CROWD
        dynos = [f"{WEB}.{number}" for number in range(1, CROWD + 1)]
        run.failed = await _up(stage, trial, dynos[:2])
        if not run.failed:
            jar: dict[str, str] = {}
            for wanted in script:
                await trial.ask(wanted, jar)
            await trial.scale({WEB: CROWD})
            run.failed = await _up(stage, trial, dynos)
        if run.failed:
            return run
        trial.look()
        for _ in range(2 * CROWD):
            await trial.ask(script[0], {})
        await trial.settle()
        stage.progress("SIGKILL under load")
        await _killed(stage, trial, dynos[0], script)
        run.ended_at = time.time()
        stage.progress(f"SIGTERM to {CROWD} dynos with a request in hand")
        trial.look()
        wanted, took = _slowest(first, script)
        for dyno in dynos:
            await trial.ask_dyno(dyno, wanted)  # a port can be bound before anybody serves it
        if first.languages:
            touch(os.path.join(order.work, "hold"))  # the hooks now hold answers back
            took = max(took, HELD)
        if took >= SLOW:
            stops = [trial.term(dyno, wanted, took * 0.4) for dyno in dynos]
        else:
            stops = [trial.term(dyno, None, 0) for dyno in dynos]
        run.stops += await asyncio.gather(*stops)
        await trial.settle()
        trial.note_boots(dynos)
    return run


async def _up(stage: Stage, trial: Trial, dynos: list[str]) -> str:
    missing = await trial.until_up(dynos, stage.wishes.boot + 5)
    trial.look()
    return f"{', '.join(missing)} did not come up beside the others" if missing else ""


async def _killed(stage: Stage, trial: Trial, dyno: str, script: list[Ask]) -> None:
    """SIGKILL to a dyno at a random moment of some load; wait until it is up again."""
    ups = trial.ups(dyno)
    end = time.monotonic() + LOAD

    async def client() -> None:
        number = 0
        while time.monotonic() < end:
            await trial.ask(script[number % len(script)], {})
            number += 1

    clients = [asyncio.ensure_future(client()) for _ in range(AT_ONCE)]
    try:
        await asyncio.sleep(stage.rng.uniform(0.2, 0.7) * LOAD)
        pids = trial.pids(dyno)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.gather(*clients)
    finally:
        for each in clients:
            each.cancel()
    if not pids:
        return  # they can be found on Linux only
    back = await trial.until_up([dyno], min(stage.wishes.boot, 20) + 3, ups + 1)
    trial.run.came_back = not back


def _slowest(first: Run, script: list[Ask]) -> tuple[Ask, float]:
    """The slowest GET that one dyno answers well, and its seconds."""
    times: dict[Ask, list[float]] = {}
    for answer in first.answers:
        if answer.ask.method == "GET" and _is_good(answer):
            times.setdefault(answer.ask, []).append(answer.took)
    found = [(statistics.median(took), ask) for ask, took in times.items()]
    if not found:
        return script[0], 0.0
    took, ask = max(found, key=lambda pair: pair[0])
    return ask, took


def _is_good(answer: Answer) -> bool:
    return 0 < answer.status < 400 and not answer.cut
