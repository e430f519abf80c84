"""Lesson 10: who waits for a partner holds nobody up, and gives up before the router."""

from __future__ import annotations

import asyncio

from localku.lessons.watched import Answer, StillWrong, Watched

QUICK = 1000  # ms for a page that needs no partner, while others wait for one
WAITING = 3  # visitors that ask for gold at the same time
ARRIVED = 0.3  # seconds until their requests are in the dyno
H12 = "code=H12"


async def check(app: Watched) -> None:
    """Ask for what the partner does not know today, and meanwhile for other things."""
    await app.scale(web=1)
    await app.restart("web")  # what an earlier check asked for may still be waited for
    await _costs_three(app)
    since = app.now()
    gold = [asyncio.create_task(app.request("/price/gold")) for _ in range(WAITING)]
    try:
        await asyncio.sleep(ARRIVED)
        page = await app.request("/")
        _page_was_quick(app, page)
        answers = await asyncio.gather(*gold)
    finally:
        for task in gold:
            task.cancel()
    await _nobody_gave_up(app, answers, since)
    await _costs_three(app)


async def _costs_three(app: Watched) -> None:
    tea = await app.request("/price/tea")
    if tea.status != 200 or "3" not in tea.text:
        what = f"/price/tea should cost 3, and answers {tea.status}: {tea.said}"
        raise StillWrong(what, "the partner has that price in 20 ms")
    app.saw("the price of tea is there")


def _page_was_quick(app: Watched, page: Answer) -> None:
    behind = f"while {WAITING} visitors wait for /price/gold"
    if page.dyno_failed:
        got = page.status or "no answer"
        what = f"{behind}, / gets {got} from the router, though it needs no partner"
        raise StillWrong(what, "`localku logs -p router`: the line for / has code=H12, too")
    if page.status != 200 or page.ms > QUICK:
        what = f"{behind}, / takes {page.ms:.0f} ms (status {page.status})"
        raise StillWrong(what, "how many requests does the dyno serve at a time?")
    app.saw(f"{behind}, / is answered in {page.ms:.0f} ms")


async def _nobody_gave_up(app: Watched, answers: list[Answer], since: float) -> None:
    try:
        await app.line(H12, since=since, dyno="router", within=0.2)
    except TimeoutError:
        pass
    else:
        what = "/price/gold ends with H12: the router gives up before the app does"
        raise StillWrong(what, "web.py: how long does it wait for the partner?")
    slowest = max(answers, key=lambda answer: answer.ms)
    for answer in answers:
        if answer.status == 0 or not answer.text.strip():
            raise StillWrong(f"/price/gold gets no answer: {answer.text}", "`localku logs`")
        if answer.status in (404, 500):
            what = f"/price/gold answers {answer.status}: {answer.said}"
            raise StillWrong(what, "not known *now* is 503, or an older price")
    app.saw(f"/price/gold is answered by the app, {slowest.status} after {slowest.ms:.0f} ms")
