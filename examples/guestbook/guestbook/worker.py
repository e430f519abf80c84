"""The worker process: takes jobs from the queue, one after another, until it is told to stop.

Run as many as you like, side by side. SIGTERM lets the job in hand end; SIGKILL loses nothing,
because the lease of the job in hand runs out and another worker takes it.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable

from guestbook import digests, entries, identicon, jobs, log, moderation, process
from guestbook.config import Config
from guestbook.store import Store, Unavailable

IDLE_SECONDS = 0.25  # between two looks at an empty queue; PostgreSQL would wake us with NOTIFY
TROUBLE_SECONDS = 2.0  # between two tries while the database is away

# A job has two halves. The first may be slow and holds no lock; it returns the second, which
# writes the result, in the very transaction that removes the job from the queue.
Save = Callable[[sqlite3.Connection], None]


def check(job: jobs.Job, store: Store, config: Config) -> Save:
    """Judges an entry and draws its author's face."""
    entry_id = int(job.payload["entry"])
    with store.reading() as db:
        entry = entries.find(db, entry_id)
    if entry is None:
        return lambda db: None  # it was removed in the meantime
    verdict = moderation.check(entry.message)
    picture = identicon.draw(entry.author)
    time.sleep(config.work_ms / 1000)  # stands for a model, a mail server, a slow API
    return lambda db: entries.set_verdict(db, entry_id, *verdict, picture, config.dyno)


def digest(job: jobs.Job, store: Store, config: Config) -> Save:
    """Counts the book."""
    with store.reading() as db:
        total, held = entries.count(db)
    found = digests.Digest(total, held, config.dyno, time.time())
    return lambda db: digests.keep(db, int(job.payload["slot"]), found)


KINDS: dict[str, Callable[[jobs.Job, Store, Config], Save]] = {"check": check, "digest": digest}


def take(store: Store, config: Config) -> jobs.Job | None:
    """Claims the next job, if there is one."""
    now = time.time()
    with store.reading() as db:
        if not jobs.is_due(db, now):
            return None
    with store.writing() as db:
        return jobs.claim(db, uuid.uuid4().hex, now, config.job_lease_seconds)


def perform(job: jobs.Job, store: Store, config: Config) -> None:
    """Does one job, and writes one line about how it went."""
    about = {"job": job.id, "kind": job.kind, "request_id": job.request_id}
    began = time.perf_counter()
    log.info("job_start", **about, attempt=job.attempt)
    try:
        save = KINDS[job.kind](job, store, config)
        with store.writing() as db:
            if done := jobs.finish(db, job):
                save(db)
    except Unavailable:
        raise  # not the job's fault: its lease runs out, and it is tried again
    except Exception as problem:
        with store.writing() as db:
            set_aside = jobs.fail(db, job, f"{type(problem).__name__}: {problem}", time.time())
        log.error("job_failed", problem, **about, attempt=job.attempt, set_aside=set_aside)
        return
    measures = {
        "measure#worker.job": log.milliseconds(time.perf_counter() - began),
        "measure#worker.age": log.milliseconds(max(0.0, time.time() - job.created_at)),
        "measure#db.query": log.milliseconds(store.take_seconds()),
    }
    if done:
        log.info("job_done", **about, **measures)
    else:
        log.warning("job_lost", **about, **measures, why="its lease ran out: another worker has it")


def run(store: Store, config: Config, stop: process.Stop) -> None:
    """Works until `stop`; looks for the next job only after the last one ended."""
    while not stop.asked:
        try:
            job = take(store, config)
            if job is not None:
                perform(job, store, config)
                continue
        except Unavailable as problem:
            log.error("database_unavailable", problem)
            stop.wait(TROUBLE_SECONDS)
        stop.wait(IDLE_SECONDS)


def main() -> None:
    """`python3 -m guestbook.worker`"""
    with process.running() as (config, store, stop):
        log.info("worker_started", work_ms=config.work_ms, lease_seconds=config.job_lease_seconds)
        run(store, config, stop)
        log.info("worker_stopped", signal=stop.signal)


if __name__ == "__main__":
    main()
