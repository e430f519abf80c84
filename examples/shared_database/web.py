"""Every request has work of its own and one query; the database is one for all dynos."""

from __future__ import annotations

import os
import socket
import time

from server import serve, setting

OWN_MS = setting("OWN_MS", 40)
DATABASE = os.environ.get("DATABASE_SOCKET", "database.sock")
DYNO = os.environ.get("DYNO", "web.1")
PATIENCE = 20.0  # seconds for a connection and its answer


def query(text: str) -> str:
    """Ask the database; as long as all its connections are taken, this waits. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(DATABASE)
        connection.sendall(f"{text}\n".encode())
        return connection.makefile().readline().strip()


def answer() -> str:
    """Work, then ask. `query` is what grows when the database is the bottleneck."""
    time.sleep(OWN_MS / 1000)
    began = time.perf_counter()
    row = query("select 1")
    return f"dyno={DYNO} row={row} query={1000 * (time.perf_counter() - began):.1f}ms"


serve(answer)
