"""Lesson 5: a file that one dyno took is there for all, outlives them, and is where DATABASE_URL
says: with another URL it is another store."""

from __future__ import annotations

import tempfile
import uuid

from localku.lessons.routed import every_dyno, routed
from localku.lessons.watched import StillWrong, Watched

LOOK = "where does `store` in web.py put the file, and who else can read there?"


async def check(app: Watched) -> None:
    """Put files, ask both dynos for them, restart, and swap the store."""
    await app.scale(web=2)
    first = await _put(app)
    await _everywhere(app, first, "")
    app.saw("a file that one dyno took comes from web.1 and web.2")
    with tempfile.TemporaryDirectory(prefix="localku-lesson-") as folder:
        await app.set_config(DATABASE_URL=f"sqlite:///{folder}/other.db")
        answer = await app.request(first)
        if answer.status != 404:
            said = f"with another DATABASE_URL, the file of before is still there ({answer.status})"
            raise StillWrong(said, "it is kept somewhere else than in the backing store")
        app.saw("with another DATABASE_URL it is another store")
        second = await _put(app)
        await app.restart()
        await _everywhere(app, second, "after a restart of all dynos, ")
        app.saw("a file outlives a restart of all dynos")


async def _put(app: Watched) -> str:
    path = f"/files/{uuid.uuid4().hex[:12]}.txt"
    dyno, answer = await routed(app, path, app.request(path, "PUT", body=_content(path)))
    if not 200 <= answer.status < 300:
        said = f"PUT {path} got {answer.status} from {dyno or 'the router'}"
        raise StillWrong(said, f"the answer was “{answer.said}”; `localku logs`")
    return path


async def _everywhere(app: Watched, path: str, when: str) -> None:
    since = app.now()
    answers = await every_dyno(app, path, lambda: app.request(path))
    for dyno, answer in answers:
        if answer.status != 200:
            said = f"{when}{dyno or 'the router'} answered {answer.status} to GET {path}"
            said = f"{said}, which was stored: “{answer.said}”"
            raise StillWrong(said, LOOK)
        if answer.text.encode() != _content(path):
            raise StillWrong(f"{when}{dyno} gave back another content of {path}", LOOK)
    if len(set(dict(answers))) < 2:
        waited = app.now() - since
        said = f"only {answers[0][0]} answered in {waited:.0f} s: there are no two dynos"
        raise StillWrong(said, "`localku ps`")


def _content(path: str) -> bytes:
    return f"this is {path}\n".encode() * 500
