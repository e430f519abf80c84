"""Lesson 12: a worker is killed before and after the bank has booked; each payment is made once."""

from __future__ import annotations

import asyncio
import json
import secrets
import time

from localku.lessons.watched import StillWrong, Watched

ASKED, BOOKED = "event=bank_asked", "event=bank_booked"
TRIES = 3  # a busy machine may kill too late
PATIENCE = 6.0  # seconds for a payment, with a restart and a lease
SEED = 12

LOST = (
    "was one noted as paid before the bank had booked it? Or do two payments of the same amount "
    "look like one to the bank?"
)


async def check(app: Watched) -> None:
    """Two payments with a killed worker, one without; two of the same amount."""
    await app.scale(web=1, worker=1)
    account = f"check-{secrets.token_hex(4)}"
    wanted = 0
    for amount, moment, told in (
        (10, ASKED, "before the bank booked"),
        (10, BOOKED, "after the bank booked"),
    ):
        wanted += amount * await _killed(app, account, amount, moment)
        app.saw(f"a worker was killed {told}")
    await _until_paid(app, await _pay(app, account, 5))
    wanted += 5
    charged = await _charged(app, account)
    if charged > wanted:
        what = f"the account was charged {charged} instead of {wanted}: a payment was made twice"
        raise StillWrong(what, "bank.py: how does the bank know that it has seen a payment before?")
    if charged < wanted:
        what = f"the account was charged {charged} instead of {wanted}: a payment was not made"
        raise StillWrong(what, LOST)
    app.saw(f"the account was charged {charged}, each payment once")


async def _killed(app: Watched, account: str, amount: int, moment: str) -> int:
    """Pay, and kill the worker at that moment; how many payments it took to hit it."""
    for count in range(1, TRIES + 1):  # noqa: B007
        since = app.now()
        payment = await _pay(app, account, amount)
        try:
            line = await app.line(moment, f"account={account}", since=since, within=PATIENCE)
        except TimeoutError:
            what = f"no worker asked the bank for payment {payment} within {PATIENCE:g} s"
            raise StillWrong(what, "`localku logs -p worker`") from None
        async with app.fault("kill", dyno=line.dyno, seed=SEED):
            pass
        was_hit = await _is_open(app, payment)
        await _until_paid(app, payment)
        if was_hit or moment == ASKED:
            break
    return count


async def _pay(app: Watched, account: str, amount: int) -> int:
    answer = await app.request(f"/payments?account={account}&amount={amount}", "POST")
    if answer.status != 202:
        raise StillWrong(f"POST /payments answers {answer.status}, not 202", "`localku logs`")
    return int(json.loads(answer.text)["id"])


async def _is_open(app: Watched, payment: int) -> bool:
    answer = await app.request(f"/payments/{payment}")
    if answer.status != 200:
        raise StillWrong(f"GET /payments/{payment} answers {answer.status}", "`localku logs`")
    return bool(json.loads(answer.text)["state"] != "paid")


async def _until_paid(app: Watched, payment: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while await _is_open(app, payment):
        if time.monotonic() > deadline:
            what = f"payment {payment} is not paid after {PATIENCE:g} s: a job was lost"
            raise StillWrong(what, "`localku logs -p worker`: does the worker run?")
        await asyncio.sleep(0.05)


async def _charged(app: Watched, account: str) -> int:
    answer = await app.request(f"/accounts/{account}")
    if answer.status != 200:
        raise StillWrong(f"GET /accounts/{account} answers {answer.status}", "`localku logs`")
    return int(json.loads(answer.text)["charged"])
