"""Lesson 13: web dynos that boot leave the schema alone; `release` changes it, once."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from localku.lessons.watched import StillWrong, Watched

DYNOS = 4
MIGRATED = "event=migrated"
TEA = "300"  # cents
NOT_FOUND = 127  # exit status of a shell
RESET = "python3 migrate.py reset"
NOT_AS_EXPECTED = "ALTER TABLE prices RENAME TO prices_of_somebody"


async def check(app: Watched) -> None:
    """An old database, four dynos, the release twice, and one that has to fail."""
    await app.scale(web=0)
    await _reset(app)
    since = app.now()
    await app.scale(web=DYNOS)
    await _boots_did_nothing(app, since)
    app.saw(f"{DYNOS} web dynos booted, and none of them migrated")
    since = app.now()
    status, output = await app.run("release")
    if status == NOT_FOUND:
        look = "`release: COMMAND`; when terminal 1 did not notice it, start localku again"
        raise StillWrong("the Procfile has no line `release:`", look)
    if status != 0:
        what = f"`localku run release` ends with status {status}: {_last(output)}"
        raise StillWrong(what, "`localku run release` shows all of it")
    await app.restart("web")
    await _costs(app, "after `localku run release`")
    app.saw("`localku run release` migrated, and ended with status 0")
    await app.run("release")
    await _costs(app, "when `release` has run twice")
    app.saw("tea costs 300 cents, also when it runs twice")
    await _fails_loudly(app)


async def _reset(app: Watched) -> None:
    status, output = await app.run(RESET)
    if status != 0:
        raise StillWrong(
            f"`{RESET}` ends with status {status}: {_last(output)}", "leave it as it is"
        )


async def _boots_did_nothing(app: Watched, since: float) -> None:
    try:
        await app.line(MIGRATED, since=since, dyno="web", within=0.6)
    except TimeoutError:
        down = [each for each in await app.dynos("web") if each["state"] not in ("up", "idle")]
        if down:
            what = f"with web={DYNOS}, {down[0]['name']} is {down[0]['state']}"
            raise StillWrong(what, "`localku logs -p web`") from None
        return
    dynos = sorted({line.dyno for line in app.lines(since, "web") if MIGRATED in line.text})
    price = await app.request("/price/tea")
    what = f"{DYNOS} web dynos booted, {', '.join(dynos)} migrated: tea costs {price.said}"
    raise StillWrong(what, "what has to happen once per release does not belong into each boot")


async def _costs(app: Watched, when: str) -> None:
    answers = [await app.request("/price/tea") for _ in range(DYNOS)]
    for answer in answers:
        if answer.status != 200 or TEA not in answer.text.split():
            what = f"{when}, /price/tea says {answer.status}: {answer.said}, not {TEA}"
            raise StillWrong(what, "`localku run release` shows what it does")


async def _fails_loudly(app: Watched) -> None:
    """The table is not what the step thinks."""
    await _reset(app)
    _, output = await app.run("printenv DATABASE_URL")
    path = output.strip().removeprefix("sqlite:///")
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute(NOT_AS_EXPECTED)
        status, output = await app.run("release")
        if status == 0:
            what = f"a migration failed ({_last(output)}), and its exit status is 0"
            raise StillWrong(
                what, "Heroku would put that release in force; who swallows the error?"
            )
        page = await app.request("/")
        if page.status != 200:
            raise StillWrong(
                f"after a release that failed, / answers {page.status}", "`localku ps`"
            )
        app.saw(f"a migration that fails ends with status {status}, and the dynos run on")
    except sqlite3.Error as problem:
        raise StillWrong(f"the database at DATABASE_URL cannot be used: {problem}") from None
    finally:
        await app.run(RESET)
        await app.run("release")


def _last(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1].strip()[:100] if lines else "no output"
