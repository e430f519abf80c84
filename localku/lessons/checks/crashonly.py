"""Lesson 9: killed at any moment, the app boots again by itself and knows what it has confirmed."""

from __future__ import annotations

import asyncio
import random

from localku.lessons.watched import StillWrong, Watched

SEED = 9
KILLS = 5
ARTICLE = "A00042"
BACK = 6.0  # seconds from SIGKILL until it answers again
LEAST, MOST = 0.001, 1.5  # seconds that a sale is taken to last


async def check(app: Watched) -> None:
    """Kill the dyno while it sells, at five moments, and ask it each time what it knows."""
    await app.scale(web=1)
    rng = random.Random(SEED)
    left, lasts = await _left(app), await _sell(app)
    confirmed = tried = 1
    for number in range(1, KILLS + 1):
        moment = rng.uniform(0.1, 0.95) * lasts
        tried += 1
        confirmed += await _killed_in_a_sale(app, moment)
        now = await _back(app, number)
        sold = left - now
        if not confirmed <= sold <= tried:
            said = f"after SIGKILL number {number} the book says that {sold} were sold;"
            said = f"{said} {confirmed} sales were confirmed, of {tried}"
            raise StillWrong(said, "what was answered with 200 has to be there whatever happens")
        confirmed, left, tried = 0, now, 0
        app.saw(f"killed {moment * 1000:.0f} ms into a sale: back, and nothing confirmed is lost")


async def _killed_in_a_sale(app: Watched, moment: float) -> bool:
    """SIGKILL so many seconds after a sale began. Gives whether the sale was confirmed."""
    sale = asyncio.create_task(app.request(f"/sell/{ARTICLE}", "POST"))
    await asyncio.sleep(moment)
    async with app.fault("kill", dyno="web.1"):
        answer = await sale
    return answer.status == 200


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


async def _sell(app: Watched) -> float:
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
