"""One-off tasks: the same code and the same config as the dynos, for one moment (factor XII).

python3 -m guestbook.admin stats      how large the book and the queue are
python3 -m guestbook.admin seed 12    write sample entries
python3 -m guestbook.admin retry      another chance for jobs that were set aside
"""

from __future__ import annotations

import argparse
import time
import uuid

from guestbook import entries, jobs, log, process
from guestbook.store import Store

SAMPLES = (
    ("Ada", "Hello from the engine room. The cards are in order."),
    ("Grace", "Found the bug. It was a moth."),
    ("Alan", "Can this process decide whether it will stop?"),
    ("Katherine", "I checked the numbers by hand. They hold."),
    ("Edsger", "Thank you for the short functions."),
    ("Spammer", "FREE MONEY at the casino: http://a.test http://b.test http://c.test"),
)


def stats(store: Store) -> None:
    """Says how large the book and the queue are."""
    with store.reading() as db:
        total, held = entries.count(db)
        due, set_aside = jobs.depth(db)
    log.info("stats", entries=total, held=held, jobs=due, set_aside=set_aside)


def seed(store: Store, number: int) -> None:
    """Writes sample entries, each with the job that checks it."""
    for index in range(number):
        author, message = SAMPLES[index % len(SAMPLES)]
        with store.writing() as db:
            entries.add(db, author, message, time.time(), f"seed-{uuid.uuid4()}")
    log.info("seeded", entries=number)


def retry(store: Store) -> None:
    """Gives jobs that were set aside another chance."""
    with store.writing() as db:
        log.info("retried", jobs=jobs.retry_set_aside(db, time.time()))


def main() -> None:
    """`python3 -m guestbook.admin stats|seed|retry`"""
    parser = argparse.ArgumentParser(prog="guestbook.admin")
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("stats", help="how large the book and the queue are")
    tasks.add_parser("seed", help="write sample entries").add_argument(
        "number", type=int, nargs="?", default=len(SAMPLES)
    )
    tasks.add_parser("retry", help="give jobs that were set aside another chance")
    wanted = parser.parse_args()
    with process.running() as (_, store, _):
        if wanted.task == "seed":
            seed(store, wanted.number)
        else:
            {"stats": stats, "retry": retry}[wanted.task](store)


if __name__ == "__main__":
    main()
