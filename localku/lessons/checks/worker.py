"""Lesson 11: the web dyno writes a job down; workers do it, and more of them are faster."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from localku.lessons.watched import Answer, StillWrong, Watched

AT_ONCE = 250  # ms; making an invoice takes 300
JOBS = 6
FASTER = 0.75  # of the time of one worker; three need about a third
PATIENCE = 6.0  # seconds for all jobs
MADE = "event=invoice_made"


async def check(app: Watched) -> None:
    """Fill the queue, work it off without web dynos, then with three workers."""
    await app.scale(web=1)
    first, ms = await _ask(app)
    if ms > AT_ONCE:
        ms = min(ms, (await _ask(app))[1])  # the first one may have had bad luck
    if ms > AT_ONCE:
        what = f"POST /invoices answers 202, but only after {ms:.0f} ms"
        raise StillWrong(what, "202 means: not done yet")
    app.saw(f"POST /invoices answers 202 after {ms:.0f} ms")
    if not await app.dynos("worker"):
        await app.scale(worker=1)  # says so when there is no such type
    await _made_by_worker(app, [first])
    app.saw("a worker made the invoice")
    await app.scale(worker=0)
    asked = [(await _ask(app))[0] for _ in range(JOBS)]
    since = app.now()
    await app.scale(web=0)
    await app.scale(worker=1)
    alone = await _until_made(app, asked, since)
    app.saw(f"web=0 worker=1: {JOBS} invoices, {alone:.1f} s from the first to the last")
    await app.scale(web=1, worker=0)
    await _made_by_worker(app, asked)
    await app.scale(worker=3)
    since = app.now()
    asked = [number for number, _ in await asyncio.gather(*(_ask(app) for _ in range(JOBS)))]
    together = await _until_made(app, asked, since)
    _each_once(app, asked, since)
    if together > FASTER * alone:
        what = f"three workers need {together:.1f} s for {JOBS} invoices, one needs {alone:.1f} s"
        raise StillWrong(what, "does each worker take a job of its own?")
    await _made_by_worker(app, asked)
    app.saw(f"worker=3: {JOBS} invoices, {together:.1f} s from the first to the last, none twice")


async def _ask(app: Watched) -> tuple[int, float]:
    """The id of a new invoice, and the milliseconds of the answer."""
    answer = await app.request("/invoices", "POST", body=b"ada")
    if answer.status != 202:
        what = f"POST /invoices answers {answer.status} after {answer.ms:.0f} ms, not 202 at once"
        raise StillWrong(what, "web.py: who makes the invoice?")
    found = _json(answer)
    if not isinstance(found.get("id"), int):
        raise StillWrong(f'POST /invoices has no "id" in its answer: {answer.said}')
    return int(found["id"]), answer.ms


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StillWrong(f"no JSON in the answer ({answer.status}): {answer.said}")
    return found


async def _made_by_worker(app: Watched, invoices: list[int]) -> None:
    """Every one is done, and its state says by which dyno."""
    deadline = time.monotonic() + PATIENCE
    for invoice in invoices:
        while True:
            found = _json(await app.request(f"/invoices/{invoice}"))
            if found.get("state") == "done":
                break
            if time.monotonic() > deadline:
                what = f"invoice {invoice} is still {found.get('state')!r} after {PATIENCE:g} s"
                raise StillWrong(what, "`localku logs -p worker`: what does the worker say?")
            await asyncio.sleep(0.05)
        maker = str(found.get("made_by"))
        if not maker.startswith("worker."):
            raise StillWrong(f"invoice {invoice} was made by {maker}, not by a worker")


async def _until_made(app: Watched, invoices: list[int], since: float) -> float:
    """Seconds from the first line that says so to the last."""
    moments = []
    for invoice in invoices:
        word = f"invoice={invoice} "
        try:
            made = await app.line(MADE, word, since=since, dyno="worker", within=PATIENCE)
        except TimeoutError:
            what = f"no worker made invoice {invoice} within {PATIENCE:g} s"
            raise StillWrong(what, f"the log has no `{MADE} {word.strip()}` of a worker") from None
        moments.append(made.at)
    return max(moments) - min(moments)


def _each_once(app: Watched, invoices: list[int], since: float) -> None:
    lines = [line for line in app.lines(since, "worker") if MADE in line.text]
    for invoice in invoices:
        makers = [line.dyno for line in lines if f"invoice={invoice} " in line.text]
        if len(makers) > 1:
            what = f"invoice {invoice} was made {len(makers)} times, by {', '.join(makers)}"
            raise StillWrong(what, "jobs.take() gives a job to one worker only")
