"""Every request is the same piece of work for the processor: ROUNDS of a password hash."""

from __future__ import annotations

import hashlib
import os
import time

from server import serve, setting

ROUNDS = int(setting("ROUNDS", 30_000))  # some 10 to 30 ms of a core
DYNO = os.environ.get("DYNO", "web.1")


def answer() -> str:
    """Do the work; say what it cost. `cpu` stays the same under load, `took` does not."""
    began, cpu = time.perf_counter(), time.thread_time()
    hashlib.pbkdf2_hmac("sha256", b"correct horse", b"battery staple", ROUNDS)
    took, cpu = time.perf_counter() - began, time.thread_time() - cpu
    return f"dyno={DYNO} cpu={1000 * cpu:.1f}ms took={1000 * took:.1f}ms"


serve(answer)
