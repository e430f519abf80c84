"""Lesson 8: a restart drops no request, and the dyno leaves by itself, in time."""

from __future__ import annotations

import asyncio
from typing import Any

from localku.lessons.watched import StillWrong, Watched

GRACE = 3.0  # seconds: what stands for Heroku's 30 in this lesson
AT_ONCE = 2.0  # seconds for a dyno that has nothing to do
UNDER_WAY = 0.5  # seconds after which the slow request is surely in hand, and not yet done
SLOW = 1000.0  # ms that the report takes, at least
TOTAL = "7800"
STOPPING, EXITED = "Stopping all processes with SIGTERM", "Process exited with status"


async def check(app: Watched) -> None:
    """Restart a dyno that has two requests while others come, and then an idle one."""
    await app.scale(web=1)
    for _ in range(3):  # whoever keeps connections has idle ones now
        await _quick(app, "before the restart")
    left = await _busy(app)
    app.saw(f"the dyno left by itself, {left:.1f} s after SIGTERM")
    left = await _restart(app)
    if left > AT_ONCE:
        said = f"a dyno with nothing to do needed {left:.1f} s from SIGTERM to its end"
        raise StillWrong(said, "what the process waits for")
    app.saw(f"and one that had nothing to do after {left:.1f} s")


async def _busy(app: Watched) -> float:
    """Restart while two reports are under way. Gives the seconds from SIGTERM to the end."""
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(_report(app, "under way"))]
    try:
        await asyncio.sleep(UNDER_WAY / 2)
        tasks.append(asyncio.create_task(_report(app, "in line behind another one")))
        await asyncio.sleep(UNDER_WAY / 2)
        since = app.now()
        tasks.append(asyncio.create_task(_restart(app)))
        await app.line(STOPPING, since=since, dyno="web.1")
        tasks.append(asyncio.create_task(_quick(app, "sent after SIGTERM")))
        await tasks[0]
        app.saw("the request in hand was answered, whole")
        await tasks[1]
        app.saw("and so was the one behind it")
        await tasks[2]
        await tasks[3]
        app.saw("one that came after SIGTERM was answered, too")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _seconds(app, since)


async def _report(app: Watched, where: str) -> None:
    answer = await app.request("/report")
    if answer.dyno_failed:
        said = f"a restart came while /report was {where}, and its client got {answer.status}"
        look = "`localku logs -p router`: H13 means that the dyno hung up"
        raise StillWrong(said if answer.status else f"{said}: {answer.text}", look)
    if answer.status != 200 or TOTAL not in answer.text:
        said = f"/report answered {answer.status} without the year’s total, {TOTAL}"
        raise StillWrong(said, f"it was “{answer.said}”")
    if answer.ms < SLOW:
        said = f"/report took {answer.ms:.0f} ms: too quick for a restart to meet it"
        raise StillWrong(said, "it has to go on taking its second")


async def _quick(app: Watched, when: str) -> None:
    answer = await app.request("/")
    if answer.status != 200:
        said = f"a request {when} got {answer.status}, not 200"
        raise StillWrong(said, "`localku logs -p router`")


async def _restart(app: Watched) -> float:
    """Restart web.1. Gives the seconds from its SIGTERM to its end; it has to end by itself."""
    since = app.now()
    restarting = asyncio.create_task(app.restart("web.1"))
    try:
        await app.line(STOPPING, since=since, dyno="web.1")
        await app.line(EXITED, since=since, dyno="web.1", within=GRACE + 0.5)
        await restarting
    except TimeoutError:
        said = f"the dyno did not end within {GRACE:g} s of SIGTERM"
        raise StillWrong(said, "what the process waits for (Heroku’s 30 s are 3 here)") from None
    finally:
        restarting.cancel()
    lines = app.lines(since, "web.1", "heroku")
    forced = [line.text for line in lines if "R12" in line.text or "with SIGKILL" in line.text]
    if forced:
        look = f"after SIGTERM a process has {GRACE:g} s here, 30 on Heroku; then comes SIGKILL"
        raise StillWrong(f"the dyno did not end by itself: {forced[0]}", look)
    return _seconds(app, since)


def _seconds(app: Watched, since: float) -> float:
    """From SIGTERM to the end, by the lines of the platform."""
    lines = app.lines(since, "web.1", "heroku")
    ended = [line.at for line in lines if EXITED in line.text]
    asked = [line.at for line in lines if STOPPING in line.text]
    return ended[0] - asked[0]
