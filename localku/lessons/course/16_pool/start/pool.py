"""Keeps connections to the database, so that not every request opens a new one."""

import threading
from contextlib import contextmanager

import toydb

SIZE = 5  # connections that are kept

lock = threading.Lock()
idle = []


@contextmanager
def connection():
    """A connection, for as long as the block runs."""
    with lock:
        found = idle.pop() if idle else None
    if found is None:
        found = toydb.connect()
    try:
        yield found
    finally:
        with lock:
            is_kept = len(idle) < SIZE
            if is_kept:
                idle.append(found)
        if not is_kept:
            found.close()
