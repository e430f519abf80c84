"""Lesson 9: killed at any moment, the app boots again by itself and knows what it has confirmed."""

from __future__ import annotations

import asyncio
import random

from localku.lessons.watched import StillWrong, Watched

SEED = 9
KILLS = 3
SELLERS = 3  # at once, so that one of them is always being written down
ARTICLES = 20_000
CLEAN = 'a torn book stays torn: `. ./.env; rm "${DATA:?}"/*; localku ps:restart` begins anew'
GONE = "web.py: is it answered before it is kept? Or is it a new book, for one that it cannot read?"
BACK = 6.0  # seconds from SIGKILL until it answers again
LEAST, MOST = 0.02, 0.5  # seconds: what a sale is taken to last, whatever the first one took


async def check(app: Watched) -> None:
    """Kill the dyno while it sells, at some moments, and ask it each time what it knows."""
    await app.scale(web=1)
    rng = random.Random(SEED)
    article = f"A{int(app.now()) % ARTICLES:05}"  # each time another: a thousand are soon sold
    lasts = await _sell_one(app, article)
    for number in range(1, KILLS + 1):
        left = await _left(app, article)
        moment = rng.uniform(0.3, 2.3) * lasts
        confirmed = await _killed_while_it_sells(app, article, moment)
        sold = left - await _back(app, article, number)
        if sold < 0:
            said = f"after SIGKILL number {number} the book has {-sold} of the article more than"
            raise StillWrong(f"{said} before: sales that were answered are gone", GONE)
        if not confirmed <= sold <= confirmed + SELLERS:
            said = f"after SIGKILL number {number} the book lacks {sold} of the article, and"
            said = (
                f"{said} {confirmed} sales of it were confirmed, with at most {SELLERS} under way"
            )
            raise StillWrong(said, "what was answered with 200 has to be there, whatever happens")
        sales = f"{confirmed} sale{'s' * (confirmed != 1)}"
        app.saw(f"killed {moment * 1000:.0f} ms into selling: it is back, and knows of {sales}")


async def _killed_while_it_sells(app: Watched, article: str, moment: float) -> int:
    """SIGKILL so many seconds after the first of many sales began. Gives those confirmed."""
    confirmed = 0

    async def sell() -> None:
        nonlocal confirmed
        while (await app.request(f"/sell/{article}", "POST")).status == 200:
            confirmed += 1

    selling = [asyncio.create_task(sell()) for _ in range(SELLERS)]
    try:
        await asyncio.sleep(moment)
        async with app.fault("kill", dyno="web.1"):
            await asyncio.gather(*selling)
    finally:
        for task in selling:
            task.cancel()
    return confirmed


async def _back(app: Watched, article: str, number: int) -> int:
    """Wait until the app answers again: what is left of the article. Raises StillWrong."""
    since, latest = app.now(), app.now() + BACK
    while True:
        answer = await app.request(f"/stock/{article}")
        if answer.status == 200:
            return _number(answer.text.strip())
        crashes = [
            line
            for line in app.lines(since, "web", "heroku")
            if "Process exited with status" in line.text and "137" not in line.text
        ]
        if len(crashes) > 1 or app.now() > latest:
            break
        await asyncio.sleep(0.1)
    words = _last_words(app, since)
    said = f"after SIGKILL number {number} the app does not boot again: /stock got {answer.status}"
    raise StillWrong(said, f"its last words: “{words[-1][:120]}”" if words else "`localku logs`")


async def _sell_one(app: Watched, article: str) -> float:
    """Sell one. Gives the seconds that it took."""
    answer = await app.request(f"/sell/{article}", "POST")
    if answer.status != 200:
        said = f"before any kill, POST /sell/{article} got {answer.status}"
        words = _last_words(app)
        if words and not any(each["state"] == "up" for each in await app.dynos("web")):
            said += f"; the app does not boot, its last words: “{words[-1][:120]}”"
        raise StillWrong(said, CLEAN)
    return min(max(answer.ms / 1000, LEAST), MOST)


def _last_words(app: Watched, since: float = 0.0) -> list[str]:
    """What the app said, without the frames of tracebacks: the next boot may be about to print."""
    said = (line.text.rstrip() for line in app.lines(since, "web", "app"))
    return [text for text in said if text and not text.startswith((" ", "Traceback"))]


async def _left(app: Watched, article: str) -> int:
    answer = await app.request(f"/stock/{article}")
    if answer.status != 200:
        raise StillWrong(f"GET /stock/{article} got {answer.status}", CLEAN)
    return _number(answer.text.strip())


def _number(text: str) -> int:
    if not text.isdecimal():
        raise StillWrong(f"/stock answered “{text[:40]}”, which is no number")
    return int(text)
