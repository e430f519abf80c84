"""The worker process: takes jobs from the queue until it is told to stop. Run as many as you like.

SIGTERM: no new job, the one in hand ends, or goes back to the queue after GRACE_SECONDS. SIGKILL:
its heartbeat stops, and another worker puts the job back.
"""

from __future__ import annotations

import asyncio
import time

import config
import procrastinate
import psycopg
import psycopg_pool
import schema
from jobs import TRIES, app
from log import event
from procrastinate.jobs import Status

TROUBLE = (procrastinate.exceptions.ProcrastinateException, psycopg.Error)


async def put_back_jobs_of_the_dead() -> None:
    """Every fifth of STALLED_SECONDS: jobs of workers that are silent for all of it are queued."""
    pause = config.STALLED / 5
    while True:
        began = time.time()
        await asyncio.sleep(pause)
        if time.time() - began > pause + config.STALLED / 2:
            # We slept ourselves (a closed lid, a machine with too much to do), and so did all who
            # share it: let them say first that they live.
            continue
        try:
            async with app.connector.pool.connection() as db:
                # One worker at a time: a second one could put back what a third has begun again.
                lock = await db.execute("SELECT pg_try_advisory_xact_lock(13)")
                if (await lock.fetchone())[0]:
                    await _put_back()
        except TROUBLE as error:
            event("put_back_trouble", why=repr(error))


async def _put_back() -> None:
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=config.STALLED):
        if job.attempts + 1 >= TRIES:  # it may be the job that kills its workers
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            event("job_failed", job=job.id, **{"count#jobs.failed": 1}, why="its workers died")
        else:
            await manager.retry_job(job)
            event("job_put_back", job=job.id, order=job.task_kwargs["order_id"], why="worker died")


async def _configure(db: psycopg.AsyncConnection) -> None:
    """Who stands still in mid-transaction must not keep its locks from the others for ever."""
    limit = f"{config.STALLED * 1000:.0f}"
    await db.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [limit])
    await db.commit()


async def work() -> None:
    """Until SIGTERM or SIGINT. Raises one of TROUBLE when the database is lost."""
    pool = psycopg_pool.AsyncConnectionPool(
        config.DATABASE_URL,
        min_size=1,
        max_size=3,  # and one that listens: connections are what a small database has fewest of
        timeout=5,
        configure=_configure,
        open=False,
        check=psycopg_pool.AsyncConnectionPool.check_connection,
    )
    async with pool, app.open_async(pool):
        event("worker_started", work_ms=f"{config.WORK * 1000:g}", stalled=f"{config.STALLED:g}s")
        rescue = asyncio.create_task(put_back_jobs_of_the_dead())
        try:
            await app.run_worker_async(
                concurrency=config.CONCURRENCY,
                shutdown_graceful_timeout=config.GRACE,
                fetch_job_polling_interval=config.STALLED / 5,  # new jobs are told, old ones not
                update_heartbeat_interval=config.STALLED / 5,
                stalled_worker_timeout=config.STALLED,
                delete_jobs="successful",
            )
        finally:
            rescue.cancel()


def main() -> None:
    """`python3 worker.py`"""
    schema.prepare_patiently()
    try:
        asyncio.run(work())
    except TROUBLE as error:
        # Nothing to save here: the platform starts a new process, which waits for its database.
        raise SystemExit(
            f"no database: {' '.join(str(error.__cause__ or error).split())}"
        ) from None
    event("worker_stopped")


if __name__ == "__main__":
    main()
