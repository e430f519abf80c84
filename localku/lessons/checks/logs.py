"""Lesson 6: every event is one line of the log stream, at once, from every dyno; no file has it."""

from __future__ import annotations

import uuid
from urllib.parse import quote_plus

from localku.lessons.disk import grown, sizes
from localku.lessons.routed import dyno_of, every_dyno
from localku.lessons.watched import Answer, StillWrong, Watched

SOON = 1.0  # seconds from the answer to the line
LOOK = "`localku logs -t -s app -p web` in another terminal, while you order"


async def check(app: Watched) -> None:
    """Order at every dyno and look for the line; then look for files that have it, too."""
    await app.scale(web=2)
    before = sizes(app.folder)
    marks: list[str] = []
    await _orders(app, marks)
    app.saw(f"{len(marks)} orders, each a line of its dyno within {SOON:g} s")
    await _look(app)
    await _torn(app)
    await app.restart()  # what was held back in memory is written now
    for path in sorted(grown(app.folder, before, marks)):
        raise StillWrong(f"{path} has the orders, too", "who reads a file on a dyno’s own disk?")
    app.saw("no file of the app has them")


async def _orders(app: Watched, marks: list[str]) -> None:
    async def order() -> Answer:
        marks.append(f"tea-{uuid.uuid4().hex[:8]}")
        since = app.now()
        answer = await _post(app, marks[-1])
        if answer.status != 201:
            raise StillWrong(f"POST /orders with item={marks[-1]} got {answer.status}, not 201")
        router = await app.line('path="/orders"', since=since, dyno="router")
        await _said(app, dyno_of(router), (marks[-1],), since, f"an order for {marks[-1]}")
        return answer

    for _ in range(2):
        answers = await every_dyno(app, "/orders", order)
        if len(set(dict(answers))) < 2:
            said = f"only {answers[0][0]} answered {len(answers)} requests: there are no two dynos"
            raise StillWrong(said, "`localku ps`")


async def _said(app: Watched, dyno: str, words: tuple[str, ...], since: float, what: str) -> None:
    """The dyno said the words, in one line and in time."""
    try:
        await app.line(*words, since=since, dyno=dyno, within=SOON)
    except TimeoutError:
        said = f"{dyno} took {what}, and no line of its log said so within {SOON:g} s"
        raise StillWrong(said, LOOK) from None


async def _look(app: Watched) -> None:
    since, path = app.now(), f"/cup-{uuid.uuid4().hex[:8]}"
    await app.request(path)
    router = await app.line(f'path="{path}"', since=since, dyno="router")
    await _said(app, dyno_of(router), (path,), since, f"a request for {path}")
    app.saw("who only looked is in the log, too")


async def _torn(app: Watched) -> None:
    """An item with a line end in it: two lines would be one event too many, and a forgery."""
    since, one, two = app.now(), f"green-{uuid.uuid4().hex[:8]}", f"tea-{uuid.uuid4().hex[:8]}"
    answer = await _post(app, f"{one}\n{two}")
    if answer.status == 400:
        app.saw("an item with a line end in it is refused")
        return
    router = await app.line('path="/orders"', since=since, dyno="router")
    dyno = dyno_of(router)
    await _said(app, dyno, (one,), since, f"an order for {one}\\n{two}")
    try:
        await app.line(one, two, since=since, dyno=dyno, within=SOON)
    except TimeoutError:
        said = f"one order (item={one}%0A{two}) became two lines of {dyno}"
        raise StillWrong(said, "what a customer sends may have a line end in it") from None
    app.saw("an order with a line end in it is one line")


async def _post(app: Watched, item: str) -> Answer:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await app.request(
        "/orders", "POST", headers=form, body=f"item={quote_plus(item)}".encode()
    )
