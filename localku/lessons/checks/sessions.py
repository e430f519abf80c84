"""Lesson 4: whoever logged in is known to every dyno, and after a restart; nobody else is."""

from __future__ import annotations

import random
import string

from localku.lessons.disk import grown
from localku.lessons.routed import every_dyno
from localku.lessons.watched import StillWrong, Watched

STICKY = "heroku-session-affinity="


async def check(app: Watched) -> None:
    """Log in once, be greeted by two dynos, twice; be nobody with a cookie that was changed."""
    await app.scale(web=2)
    name = "ada" + "".join(random.choices(string.ascii_lowercase, k=8))
    stranger = await app.request("/")
    if stranger.status != 401:
        said = f"somebody who never logged in got {stranger.status} from /, not 401"
        raise StillWrong(said, "do_GET in web.py, and `localku logs`")
    cookies = await _log_in(app, name)
    await _greeted(app, name, cookies, "after the log-in")
    app.saw("one log-in is known to web.1 and web.2")
    await app.restart()
    await _greeted(app, name, cookies, "after a restart of all dynos")
    for path in sorted(grown(app.folder, {}, [name])):
        said = f"the session is in {path}, a file of the app’s folder"
        raise StillWrong(
            said, "a disk is each dyno’s own and ends with it; .env names a store for all"
        )
    app.saw("and outlives a restart of all dynos")
    forged = await app.request("/", headers={"Cookie": changed(cookies)})
    if forged.status == 200:
        said = f"a cookie that nobody was given got 200: “{forged.text.strip()}”"
        raise StillWrong(said, "whoever writes cookies by hand is now any member")
    app.saw(f"a cookie that was changed by hand gets {forged.status}")


async def _log_in(app: Watched, name: str) -> str:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await app.request("/login", "POST", headers=form, body=f"name={name}".encode())
    if answer.status >= 400 or answer.status == 0 or not answer.cookies:
        said = f"POST /login with name={name} got {answer.status} and no cookie"
        raise StillWrong(said, f"the answer was “{answer.said}”")
    # of a sticky router: it names a dyno, and would hide the others
    kept = [each for each in answer.cookies.split("; ") if not each.startswith(STICKY)]
    return "; ".join(kept)


async def _greeted(app: Watched, name: str, cookies: str, when: str) -> None:
    answers = await every_dyno(app, "/", lambda: app.request("/", headers={"Cookie": cookies}))
    for dyno, answer in answers:
        if answer.status != 200 or name not in answer.text:
            said = f"{when}, {dyno or 'the router'} answered {answer.status} to the log-in’s cookie"
            said = f"{said}: “{answer.said}”"
            raise StillWrong(said, "where does the app keep who is logged in?")
    if len(set(dict(answers))) < 2:
        said = f"only {answers[0][0]} answered {len(answers)} requests: there are no two dynos"
        raise StillWrong(said, "`localku ps`")


def changed(cookies: str) -> str:
    """The same cookies, with another first character in each value: what a forger might try."""
    found = []
    for cookie in cookies.split("; "):
        name, _, value = cookie.partition("=")
        at = 1 if value.startswith('"') else 0
        other = "B" if value[at : at + 1] == "A" else "A"
        found.append(f"{name}={value[:at]}{other}{value[at + 1 :]}")
    return "; ".join(found)
