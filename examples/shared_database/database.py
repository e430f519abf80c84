"""A stand-in for PostgreSQL behind a pool: SLOTS connections, and each query keeps one QUERY_MS.

PostgreSQL refuses more connections than its plan has; a pool in front of it (PgBouncer) has the
rest wait in line, as this one does. It runs once, whatever the number of web dynos. SIGTERM is a
"smart shutdown": no new sessions, and those that there are come to their end.
"""

from __future__ import annotations

import os
import signal
import socketserver
import threading
import time

from server import setting

SLOTS = int(setting("SLOTS", 2))
QUERY_MS = setting("QUERY_MS", 40)
PATH = os.environ.get("DATABASE_SOCKET", "database.sock")
slots = threading.BoundedSemaphore(SLOTS)


class Session(socketserver.StreamRequestHandler):
    """One client and its queries."""

    def handle(self) -> None:
        """Answer each line when there is a slot for it."""
        for _ in self.rfile:
            with slots:
                time.sleep(QUERY_MS / 1000)
            self.wfile.write(b"1\n")


class Database(socketserver.ThreadingUnixStreamServer):
    """Any number of sessions; what is scarce is the slots."""

    request_queue_size = 256


if os.path.exists(PATH):
    os.unlink(PATH)  # of a run that was killed
with Database(PATH, Session) as database:
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=database.shutdown).start())
    print(f"event=ready slots={SLOTS} query={QUERY_MS:g}ms", flush=True)
    database.serve_forever(poll_interval=0.05)
os.unlink(PATH)
