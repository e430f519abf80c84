"""Every request has work of its own and one query; the database is one for all dynos."""

from __future__ import annotations

import os
import socket
import time

from server import serve, setting

OWN_MS = setting("OWN_MS", 40)
DATABASE = os.environ.get("DATABASE_SOCKET", "database.sock")
DYNO = os.environ.get("DYNO", "web.1")
PATIENCE = 20.0  # seconds for a query


def answer() -> str:
    """Work, then ask. `query` is what grows when the database is the bottleneck. Raises OSError.

    The session begins first: a database that is told to stop waits for those that there are.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as session:
        session.settimeout(PATIENCE)
        session.connect(DATABASE)
        time.sleep(OWN_MS / 1000)
        began = time.perf_counter()
        session.sendall(b"select 1\n")
        row = session.makefile().readline().strip()
    return f"dyno={DYNO} row={row} query={1000 * (time.perf_counter() - began):.1f}ms"


serve(answer)
