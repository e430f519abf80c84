"""The job: an invoice for an order. Safe to be run twice, and that is the whole point.

The queue promises to run each job at least once. A worker may be killed after the work and before
it could say so; then the job is run again. So its effect must be the same the second time.
"""

from __future__ import annotations

import asyncio
import time

import procrastinate
from config import DYNO, WORK
from log import event, ms

TRIES = 5

app = procrastinate.App(connector=procrastinate.PsycopgConnector())


class Again(procrastinate.BaseRetryStrategy):
    """After an error in 1, 2, 4, 8 s. At once when its worker was stopped: not the job's fault."""

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        """When to try again; None: never, the job has failed."""
        if isinstance(exception, asyncio.CancelledError):
            event("job_given_back", job=job.id, order=job.task_kwargs["order_id"])
            return procrastinate.RetryDecision(retry_in={"seconds": 0})
        if job.attempts + 1 >= TRIES:
            event("job_failed", job=job.id, **{"count#jobs.failed": 1}, why=repr(exception))
            return None
        event("job_error", job=job.id, why=repr(exception))
        return procrastinate.RetryDecision(retry_in={"seconds": 2**job.attempts})


@app.task(name="invoice", retry=Again())
async def invoice(order_id: int) -> None:
    """Make the invoice of that order, if nobody has."""
    began = time.monotonic()
    async with app.connector.pool.connection() as db:
        found = await db.execute(
            "UPDATE orders SET tries = tries + 1, worker = %s WHERE id = %s RETURNING item, tries",
            [DYNO, order_id],
        )
        item, tries = await found.fetchone()
    event("job_start", order=order_id, tries=tries)
    if item == "broken":
        raise ValueError("nobody can make an invoice for that")
    # Stands for the slow work. What blocks (a PDF, an SMTP server) goes to asyncio.to_thread():
    # here it would stop the heartbeat, and this worker would be taken for dead.
    await asyncio.sleep(WORK)
    async with app.connector.pool.connection() as db:
        made = await db.execute(
            "INSERT INTO invoices (order_id, made_by) VALUES (%s, %s) ON CONFLICT DO NOTHING "
            "RETURNING extract(epoch FROM made_at - "
            "(SELECT created_at FROM orders WHERE id = order_id))",
            [order_id, DYNO],
        )
        latency = await made.fetchone()
    if latency is None:
        event("job_was_done_already", order=order_id, tries=tries, **{"count#jobs.twice": 1})
        return
    numbers = {
        "count#jobs.done": 1,
        "measure#job.latency": ms(float(latency[0])),
        "measure#job.work": ms(time.monotonic() - began),
    }
    event("job_done", order=order_id, tries=tries, **numbers)
