"""Lesson 16: one, two, four dynos under load, and one limit of connections for all of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from localku.lessons.watched import StillWrong, Watched

LIMIT = 10  # connections of the database
BURST = 24  # requests at the same moment


async def check(app: Watched) -> None:
    """A burst at each count of dynos; then with a pool of one, by config."""
    for dynos in (1, 2, 4):
        await app.scale(web=dynos)
        most = await _burst(app, f"web={dynos}")
        if most > LIMIT:
            raise StillWrong(f"web={dynos}: {most} connections, and the limit is {LIMIT}")
        app.saw(f"web={dynos}: no errors, {most} connections at most")
    await app.scale(web=2)
    await app.set_config(DB_POOL="1")
    most = await _burst(app, "web=2 with DB_POOL=1")
    if most > 2:
        what = f"with DB_POOL=1, two web dynos have {most} connections"
        raise StillWrong(what, "pool.py: where does the size come from?")
    app.saw(f"web=2 with DB_POOL=1: no errors, {most} connections at most")


async def _burst(app: Watched, when: str) -> int:
    """Connections that were open at most."""
    await _state(app)  # the count begins again
    answers = await asyncio.gather(*(app.request(f"/tea/{n}") for n in range(BURST)))
    failed = [each for each in answers if each.status != 200]
    if failed:
        first = failed[0]
        said = f"{first.status} {first.said}"
        what = f"{when}: {len(failed)} of {BURST} requests at the same moment failed: {said}"
        raise StillWrong(what, "how many connections does each dyno keep, and who waits for one?")
    return int((await _state(app))["most"])


async def _state(app: Watched) -> dict[str, Any]:
    answer = await app.request("/state")
    try:
        found = json.loads(answer.text)
        return {**found, "most": int(found["most"])}
    except (ValueError, TypeError, KeyError):
        what = f"/state answers {answer.status}: {answer.said}"
        raise StillWrong(what, "leave /state as it is") from None
