"""Lesson 3: each web dyno binds the port that it is given."""

from __future__ import annotations

import asyncio

from localku.lessons.watched import StillWrong, Watched

R10 = "Error R10 (Boot timeout)"
WITHIN = 4.0  # seconds: the lesson's boot_timeout, and some
TRIES = 6  # requests, in turn to two dynos
LOOK = "the line of web.py in which `port` comes about"


async def check(app: Watched) -> None:
    """One dyno comes up and answers; so do two."""
    await _is_up(app)
    answer = await app.request("/", within=4.0)
    if answer.status != 200:
        what = f"it is up, but / answers {answer.status or answer.text}"
        raise StillWrong(what, "the log: `localku logs`")
    app.saw("web.1 has bound its port, and the router reaches it")
    since = app.now()
    await app.scale(web=2)
    states = {str(each["name"]): str(each["state"]) for each in await app.dynos("web")}
    for name, state in states.items():
        if state != "up":
            raise StillWrong(f"with web=2, {name} is {state}", LOOK)
    app.saw("with web=2 both dynos are up, each on a port of its own")
    for _ in range(TRIES):
        answer = await app.request("/", within=4.0)
        if answer.status != 200:
            raise StillWrong(f"with web=2, / answers {answer.status or answer.text}", LOOK)
    for name in states:
        try:
            await app.line(f"dyno={name} ", since=since, dyno="router")
        except TimeoutError:
            raise StillWrong(f"{name} got no request", "`localku logs -p router`") from None
    app.saw("and both answer")


async def _is_up(app: Watched) -> None:
    """Wait until web.1 is up. It may be between two of its tries."""
    since, deadline = app.now(), app.now() + WITHIN
    while app.now() < deadline:
        states = [str(each["state"]) for each in await app.dynos("web")]
        if "up" in states:
            return
        if not states:
            raise StillWrong("there is no web dyno", "`localku ps:scale web=1`")
        if any(R10 in line.text for line in app.lines(since, dyno="web")):
            raise StillWrong(
                "web.1 did not bind the port that it was given: the platform ended it (R10)", LOOK
            )
        await asyncio.sleep(0.1)
    raise StillWrong("web.1 crashed, or starts again and again", "the log: `localku logs`")
