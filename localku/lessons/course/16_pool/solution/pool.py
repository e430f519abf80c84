"""DB_POOL connections to the database, and no more; who finds none free waits for one."""

import os
import queue
from contextlib import contextmanager

import toydb

SIZE = int(os.environ.get("DB_POOL", "2"))  # 4 web dynos x 2 = 8 of the 10 that there are
PATIENCE = 10  # seconds to wait for a free one, raises queue.Empty

free = queue.LifoQueue()
for _ in range(SIZE):
    free.put(None)  # a place for a connection that is opened when it is needed


@contextmanager
def connection():
    """A connection, for as long as the block runs."""
    found = free.get(timeout=PATIENCE)
    try:
        if found is None:
            found = toydb.connect()
        yield found
    finally:
        free.put(found)
