"""Every request changes something that all dynos share, and has to tell each of the others.

A counter in a file, kept right by one lock. Whoever holds the lock writes the new value into every
dyno's copy, and each copy costs a round trip. So the time under the lock grows with the number of
dynos: beyond a few of them each one more makes all of them slower.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from server import serve, setting

OWN_MS = setting("OWN_MS", 40)  # work outside of the lock
LOCK_MS = setting("LOCK_MS", 5)  # work under it
PEER_MS = setting("PEER_MS", 5)  # under it, for each other dyno
SHARED = Path(os.environ.get("SHARED_FOLDER", "shared"))
DYNO = os.environ.get("DYNO", "web.1")


def join() -> int:
    """Be a peer for as long as this process lives: whose copy is locked is alive."""
    SHARED.mkdir(exist_ok=True)
    fd = os.open(SHARED / f"{DYNO}.copy", os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def peers() -> list[Path]:
    """The copies of the other dynos that live."""
    return [path for path in SHARED.glob("*.copy") if path.stem != DYNO and is_alive(path)]


def is_alive(path: Path) -> bool:
    """Whether somebody holds that copy."""
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def answer() -> str:
    """Work; then, alone among all dynos, count one more and tell the others."""
    time.sleep(OWN_MS / 1000)
    with (SHARED / "counter").open("a+") as counter:
        asked = time.perf_counter()
        fcntl.flock(counter, fcntl.LOCK_EX)
        waited = time.perf_counter() - asked
        counter.seek(0)
        value = int(counter.read() or 0) + 1
        time.sleep(LOCK_MS / 1000)
        others = peers()
        for copy in others:
            time.sleep(PEER_MS / 1000)
            copy.write_text(f"{value}\n")
        counter.truncate(0)
        counter.write(f"{value}\n")
    return f"dyno={DYNO} value={value} told={len(others)} waited={1000 * waited:.1f}ms"


own = join()
serve(answer)
