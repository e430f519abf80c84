"""Lesson 9: killed at any moment, the app boots again by itself and knows what it has confirmed."""

from __future__ import annotations

import asyncio
import random

from localku.lessons.watched import StillWrong, Watched

SEED = 9
KILLS = 4
ARTICLE = "A00042"
BACK = 6.0  # seconds from SIGKILL until it answers again
LEAST, MOST = 0.02, 0.5  # seconds: what a sale is taken to last, whatever the first one took


async def check(app: Watched) -> None:
    """Kill the dyno while it sells, at some moments, and ask it each time what it knows."""
    await app.scale(web=1)
    rng = random.Random(SEED)
    lasts = await _sell_one(app)
    for number in range(1, KILLS + 1):
        left = await _left(app)
        moment = rng.uniform(0.3, 2.3) * lasts
        confirmed = await _killed_while_it_sells(app, moment)
        sold = left - await _back(app, number)
        if not confirmed <= sold <= confirmed + 1:
            said = f"after SIGKILL number {number} the book lacks {sold} of the article, and"
            said = f"{said} {confirmed} sales of it were confirmed, with one under way"
            raise StillWrong(said, "what was answered with 200 has to be there, whatever happens")
        sales = f"{confirmed} sale{'s' * (confirmed != 1)}"
        app.saw(f"killed {moment * 1000:.0f} ms into selling: it is back, and knows of {sales}")


async def _killed_while_it_sells(app: Watched, moment: float) -> int:
    """SIGKILL so many seconds after the first of many sales began. Gives those confirmed."""
    confirmed = 0

    async def sell() -> None:
        nonlocal confirmed
        while (await app.request(f"/sell/{ARTICLE}", "POST")).status == 200:
            confirmed += 1

    selling = asyncio.create_task(sell())
    try:
        await asyncio.sleep(moment)
        async with app.fault("kill", dyno="web.1"):
            await selling
    finally:
        selling.cancel()
    return confirmed


async def _back(app: Watched, number: int) -> int:
    """Wait until the app answers again: what is left of the article. Raises StillWrong."""
    since, latest = app.now(), app.now() + BACK
    while True:
        answer = await app.request(f"/stock/{ARTICLE}")
        if answer.status == 200:
            return _number(answer.text)
        crashes = [
            line
            for line in app.lines(since, "web", "heroku")
            if "Process exited with status" in line.text and "137" not in line.text
        ]
        if len(crashes) > 1 or app.now() > latest:
            break
        await asyncio.sleep(0.05)
    words = [line.text.strip() for line in app.lines(since, "web", "app") if line.text.strip()]
    said = f"after SIGKILL number {number} the app does not boot again: /stock got {answer.status}"
    raise StillWrong(said, f"its last words: “{words[-1][:120]}”" if words else "`localku logs`")


async def _sell_one(app: Watched) -> float:
    """Sell one. Gives the seconds that it took."""
    answer = await app.request(f"/sell/{ARTICLE}", "POST")
    if answer.status != 200:
        raise StillWrong(f"POST /sell/{ARTICLE} got {answer.status}", "`localku logs`")
    return min(max(answer.ms / 1000, LEAST), MOST)


async def _left(app: Watched) -> int:
    answer = await app.request(f"/stock/{ARTICLE}")
    if answer.status != 200:
        raise StillWrong(f"GET /stock/{ARTICLE} got {answer.status}", "`localku logs`")
    return _number(answer.text)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        said = f"/stock/{ARTICLE} answered “{text.strip()[:40]}”, which is no number"
        raise StillWrong(said) from None
