"""Lesson 14: an open load under random routing; quick searches must not wait for slow ones."""

from __future__ import annotations

import asyncio
import random

from localku.lessons.watched import Answer, StillWrong, Watched

SEED = 2013
DYNOS = 2
QUICK, SLOW = 32, 8  # searches
SECONDS = 2.0  # that they come in: 0.4 s each of 8 slow ones keep two dynos busy for 80 % of it
LATE = 200  # ms; a quick search takes 10, and what a busy machine adds
ALLOWED = QUICK // 8


async def check(app: Watched) -> None:
    """Send independent arrivals, some of them slow; count the quick ones that had to wait."""
    await app.scale(web=DYNOS)
    await app.restart("web")
    rng = random.Random(SEED)
    words = [f"rare-{n}" for n in range(SLOW)] + [f"tea-{n}" for n in range(QUICK)]
    rng.shuffle(words)
    times = sorted(rng.uniform(0, SECONDS) for _ in words)
    answers = await asyncio.gather(*map(_search, [app] * len(words), words, times))
    for word, answer in zip(words, answers, strict=True):
        _is_found(word, answer)
    app.saw(f"{len(words)} searches in {SECONDS:g} s, {SLOW} of them slow: all answered")
    late = [
        a.ms for w, a in zip(words, answers, strict=True) if w.startswith("tea") and a.ms > LATE
    ]
    if len(late) > ALLOWED:
        what = (
            f"{len(late)} of {QUICK} quick searches took longer than {LATE} ms, up to "
            f"{max(late):.0f} ms: they queued behind slow ones"
        )
        raise StillWrong(what, "how many searches can one dyno have under way?")
    app.saw(f"{QUICK - len(late)} of {QUICK} quick searches did not wait")


async def _search(app: Watched, word: str, at: float) -> Answer:
    await asyncio.sleep(at)
    return await app.request(f"/search/{word}")


def _is_found(word: str, answer: Answer) -> None:
    if answer.status != 200 or f"books about {word}" not in answer.text:
        what = f"/search/{word} answers {answer.status}: {answer.said}"
        raise StillWrong(what, "`localku logs`; rare words are to be found, too")
