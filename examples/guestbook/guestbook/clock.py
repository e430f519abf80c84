"""The clock process: asks for a digest every DIGEST_SECONDS. It does no work itself.

A timer inside a web process would fire once in each web dyno. Scheduling is a process type of its
own, of which one runs; and the queue sees to it that a second one does no harm.
"""

from __future__ import annotations

import time
import uuid

from guestbook import jobs, log, process
from guestbook.store import Store, Unavailable


def tick(store: Store, now: float, every: int) -> bool:
    """Puts a digest job into the queue unless this slot of `every` seconds has had one."""
    slot = int(now // every)
    request_id = f"clock-{uuid.uuid4()}"
    with store.writing() as db:
        if first := jobs.take_slot(db, "digest", slot):
            jobs.add(db, "digest", {"slot": slot}, now, request_id)
    if first:
        log.info("digest_asked", slot=slot, request_id=request_id)
    return first


def main() -> None:
    """`python3 -m guestbook.clock`"""
    with process.running() as (config, store, stop):
        every = config.digest_seconds
        log.info("clock_started", every=f"{every}s")
        while not stop.asked:
            try:
                tick(store, time.time(), every)
            except Unavailable as problem:
                log.error("database_unavailable", problem)
            stop.wait(every - time.time() % every)
        log.info("clock_stopped", signal=stop.signal)


if __name__ == "__main__":
    main()
