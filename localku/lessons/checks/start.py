"""Lesson 1: when the till breaks, the process ends, and the platform starts it anew."""

from __future__ import annotations

from localku.lessons.watched import StillWrong, Watched

ENDED = "Process exited with status"
WITHIN = 2.5  # seconds


async def check(app: Watched) -> None:
    """Break the till, see the end of the process, sell again."""
    was_broken = (await app.request("/sell")).status == 503
    if was_broken:
        await app.restart("web")
    await _sells(app, "before anything breaks")
    if was_broken:
        app.saw("the till was broken already, so the dyno was restarted by hand")
    app.saw("the till sells")
    since = app.now()
    answer = await app.request("/break")
    if answer.status == 404:
        look = "it stands for the bug that nobody has found yet: leave /break as it was"
        raise StillWrong("/break is gone", look)
    try:
        end = await app.line(ENDED, since=since, dyno="web", within=WITHIN)
    except TimeoutError:
        after = await app.request("/sell")
        raise StillWrong(
            f"the till is broken, but its process did not end: it is `up`, and /sell says "
            f"{after.status}",
            "web.py: what happens to the process when till() fails?",
        ) from None
    app.saw(f"when the till breaks, {end.dyno} ends")
    if end.text.endswith("status 0"):
        raise StillWrong("it ended with status 0, as if all were well", "os._exit(1)")
    try:
        await app.line("State changed from starting to up", since=end.at, dyno="web", within=6)
    except TimeoutError:
        raise StillWrong("it did not come up again", "`localku logs`: what does it say?") from None
    if not _last_words(app, since, end.dyno):
        said = f"it ended ({end.text}), and said nothing: nobody will ever know why"
        raise StillWrong(said, "print(..., flush=True), or traceback.print_exc(), before the end")
    app.saw(f"it said why before the end, and the platform: {end.text}")
    await _sells(app, "after the restart")
    app.saw("the platform started it anew, and the till sells again")


def _last_words(app: Watched, since: float, dyno: str) -> list[str]:
    """What the app said from then until it was started anew."""
    said = []
    for line in app.lines(since, dyno):
        if line.text.startswith("Starting process"):
            break
        if line.source == "app" and line.text.strip():
            said.append(line.text)
    return said


async def _sells(app: Watched, when: str) -> None:
    answer = await app.request("/sell")
    if answer.status != 200:
        what = f"/sell answers {answer.status or answer.text} {when}"
        raise StillWrong(what, "`localku logs`; `localku ps:restart` starts it anew")
