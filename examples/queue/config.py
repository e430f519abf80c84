"""Everything that may differ between deploys, from the environment (factor III)."""

from __future__ import annotations

import os


def _required(name: str) -> str:
    """Its value. Without one the process ends with a line that says so."""
    if not os.environ.get(name):
        raise SystemExit(f"{name} is not set: see README.md, ./postgres.sh makes a database")
    return os.environ[name]


def _number(name: str, default: float, low: float = 0) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1
    if not low <= value <= 86_400_000:
        raise SystemExit(f"{name} is {text!r}: use a number, {low:g} or more")
    return value


DATABASE_URL = _required("DATABASE_URL")
DATABASE_WAIT = _number("DATABASE_WAIT_SECONDS", 45)  # at the start of a process
DYNO = os.environ.get("DYNO", "local.1")
WORK = _number("WORK_MS", 500) / 1000  # seconds
CONCURRENCY = int(_number("WORKER_CONCURRENCY", 1, low=1))

# A worker says every fifth of this time that it lives. Who was silent for all of it is dead, and
# its job goes back to the queue. Shorter is quicker, and takes a busy worker for a dead one.
STALLED = _number("STALLED_SECONDS", 10, low=0.5)

# After SIGTERM: so long for the job in hand. Heroku kills after 30 s (R12), so be done before.
GRACE = _number("GRACE_SECONDS", 25)
