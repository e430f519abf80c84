"""Lesson 15: more words than the quota has room for; memory stays below it, and the cache helps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from localku.lessons.watched import StillWrong, Watched

QUOTA = 64 << 20  # bytes
WORDS = 120  # a megabyte each: with what Python needs it is twice the quota (R15)
AT_ONCE = 6
SAID = 0.3  # seconds for a line that is on its way
HIT = 60.0  # ms, at most, of three tries: a search never takes less than 80 (catalogue.py)


async def check(app: Watched) -> None:
    """Ask for one word twice, then for many."""
    await app.scale(web=1)
    await app.restart("web")
    await _cache_helps(app)
    since = app.now()
    words = iter(range(WORDS))
    await asyncio.gather(*(_ask_on(app, words, since) for _ in range(AT_ONCE)))
    now = app.now()
    async with app.fault("memory", dyno="web", quota=QUOTA):  # whatever localku.yml says
        used = await app.line("the quota of web.1", since=now, dyno="chaos")
        await _within_quota(app, since, SAID)
    app.saw(f"{WORDS} words later: no R14, no R15; {used.text.rpartition('; ')[2]}")
    await _cache_helps(app)


async def _ask_on(app: Watched, words: Iterator[int], since: float) -> None:
    for number in words:
        try:
            await _best(app, f"word-{number}")
        except StillWrong:
            await _within_quota(app, since, SAID)  # is that why? R15 kills the dyno
            raise
        await _within_quota(app, since)


async def _within_quota(app: Watched, since: float, wait: float = 0.0) -> None:
    """Raise StillWrong for an R14 or R15. wait: seconds for a line that is on its way."""
    if wait:
        try:
            await app.line("Error R1", since=since, dyno="web", within=wait)
        except TimeoutError:
            return
    for line in app.lines(since, "web", "heroku"):
        if "Error R14" in line.text or "Error R15" in line.text:
            before = [each.text for each in app.lines(since, line.dyno) if "mem=" in each.text]
            what = f"{line.text}: {before[-1] if before else 'too much memory'}"
            raise StillWrong(what, "what does the dyno keep, and until when?")


async def _best(app: Watched, word: str) -> float:
    """Milliseconds of a right answer."""
    answer = await app.request(f"/best/{word}")
    if answer.status != 200 or not answer.text.startswith(f"{word}-"):
        what = f"/best/{word} answers {answer.status}: {answer.said}"
        raise StillWrong(what, "`localku logs`: was the dyno killed?")
    return answer.ms


async def _cache_helps(app: Watched) -> None:
    word = f"tea{app.now():.0f}"
    first = await _best(app, word)
    again = min([await _best(app, word) for _ in range(3)])
    if again > HIT:
        what = f"the same word again takes {again:.0f} ms, the first time it took {first:.0f}"
        raise StillWrong(what, "the cache has to stay: what was just found comes at once")
    app.saw(f"a word takes {first:.0f} ms, the same word again {again:.0f}")
