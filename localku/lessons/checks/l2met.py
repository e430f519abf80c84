"""Lesson 7: the app's own numbers, in l2met's words, hold against what the check itself counted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from localku.lessons.watched import Answer, StillWrong, Watched
from localku.metrics import l2met
from localku.metrics.l2met import Reading

TIME, ORDERS, BUSY = "pack.time", "orders", "orders.busy"
PACKET = 20.0  # ms that a packet takes, at least
CROWD = 6  # orders at once: of two dynos one has three or more
SOON = 2.0  # seconds for the lines
SILENT = 0.7  # seconds after a line in which the rest of them has to come
SLACK = 2.0  # ms, for rounding


@dataclass(frozen=True)
class Seen:
    """A reading, and the dyno that said it."""

    dyno: str
    reading: Reading


async def check(app: Watched) -> None:
    """Small and large orders, one by one, then many at once, and some that are refused."""
    await app.scale(web=2)
    start = app.now()
    for packets in (1, 9, 4):
        await _one(app, packets)
    since = app.now()
    # of different sizes, so that they do not end at the same moment
    answers = await asyncio.gather(*(_order(app, 8 + number) for number in range(CROWD)))
    _all_packed(answers)
    crowd = await _readings(app, since, CROWD)
    _busy(crowd)
    if (await _order(app, 0)).status != 400:
        raise StillWrong("an order of 0 packets was not refused with 400")
    await _one(app, 2)  # whatever was said of the refused one is here, too
    _counted(await _readings(app, start, 4 + CROWD), 4 + CROWD)
    app.saw(f"count#{ORDERS} adds up to {4 + CROWD}, the orders that were packed")


async def _one(app: Watched, packets: int) -> None:
    """An order alone: its time is between that of the packing and that of the request."""
    since = app.now()
    answer = await _order(app, packets)
    _all_packed([answer])
    seen = await _readings(app, since, 1)
    measures = _named(seen, l2met.MEASURE, TIME)
    if len(measures) != 1:
        said = f"an order of {packets} packets gave {len(measures)} measure#{TIME}, not one"
        raise StillWrong(said, "what stands in `localku logs -s app`?")
    value, unit = measures[0].reading.value, measures[0].reading.unit
    if unit != "ms":
        raise StillWrong(f"measure#{TIME}={value:g}{unit} is not in ms", "as measure#x=12.5ms")
    if not packets * PACKET * 0.95 - SLACK <= value <= answer.ms + SLACK:
        said = f"measure#{TIME}={value:g}ms, for {packets} packets, which take"
        said = f"{said} {packets * PACKET:g} ms, and an answer after {answer.ms:.0f} ms"
        raise StillWrong(said, "measure each order, and give it in ms")
    lazy = [each for each in _named(seen, l2met.SAMPLE, BUSY) if each.reading.value > 1]
    if lazy:
        raise StillWrong(f"sample#{BUSY}={lazy[0].reading.value:g}, with one order under way")
    app.saw(f"{packets} packets: measure#{TIME}={value:g}ms, answered after {answer.ms:.0f} ms")


def _busy(crowd: list[Seen]) -> None:
    samples = _named(crowd, l2met.SAMPLE, BUSY)
    if not samples:
        raise StillWrong(f"no line has sample#{BUSY}=N, the orders that a dyno has in hand")
    if max(each.reading.value for each in samples) < 2:
        said = f"{CROWD} orders came at once to two dynos, and sample#{BUSY} was never above 1"
        raise StillWrong(said, "it is the number of orders that this dyno has in hand")
    for each in samples:
        if each.reading.source != each.dyno:
            said = f"sample#{BUSY} of {each.dyno} has source={each.reading.source or '(none)'}"
            look = "a sample is the last value of a source: without one, dynos overwrite each other"
            raise StillWrong(said, look)


def _counted(seen: list[Seen], orders: int) -> None:
    total = sum(each.reading.value for each in _named(seen, l2met.COUNT, ORDERS))
    if total != orders:
        said = f"{orders} orders were packed and one was refused; count#{ORDERS} adds up to"
        raise StillWrong(f"{said} {total:g}", f"one count#{ORDERS}=1 for each that was packed")


def _all_packed(answers: list[Answer]) -> None:
    for answer in answers:
        if answer.status != 201:
            raise StillWrong(f"POST /orders got {answer.status}, not 201: {answer.said}")


async def _order(app: Watched, packets: int) -> Answer:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await app.request("/orders", "POST", headers=form, body=f"packets={packets}".encode())


async def _readings(app: Watched, since: float, orders: int) -> list[Seen]:
    """What the app's lines measure, once that many orders are counted. Raises StillWrong."""
    wait = app.now() + SOON
    while True:
        lines = app.lines(since, "web", "app")
        seen = [Seen(line.dyno, each) for line in lines for each in l2met.read(line.text)]
        silent = bool(lines) and app.now() > lines[-1].at + SILENT
        if len(_named(seen, l2met.COUNT, ORDERS)) >= orders or silent or app.now() > wait:
            break
        await asyncio.sleep(0.02)
    if not _named(seen, l2met.COUNT, ORDERS):
        last = f"the last line was “{lines[-1].text.strip()[:80]}”" if lines else "no line came"
        raise StillWrong(f"no line has count#{ORDERS}=1 after an order", last)
    return seen


def _named(seen: list[Seen], kind: str, name: str) -> list[Seen]:
    return [each for each in seen if (each.reading.kind, each.reading.name) == (kind, name)]
