"""A shelf for files: PUT /files/NAME puts one there, GET /files/NAME gives it back."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATABASE = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
NAME = re.compile(r"/files/([\w-][\w.-]{0,99})")
MOST = 5_000_000  # bytes of a file


def database() -> sqlite3.Connection:
    """The store that DATABASE_URL names; it is the same for every dyno."""
    return sqlite3.connect(DATABASE, timeout=10)


def store(name: str, content: bytes) -> None:
    """Keep a file."""
    with closing(database()) as base, base:
        base.execute("replace into files values (?, ?)", (name, content))


def load(name: str) -> bytes | None:
    """The file of that name, or None."""
    with closing(database()) as base:
        row = base.execute("select content from files where name = ?", (name,)).fetchone()
    return row[0] if row else None


with closing(database()) as base, base:
    base.execute("create table if not exists files (name text primary key, content blob)")


class Shelf(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        match = NAME.fullmatch(self.path)
        size = int(self.headers.get("Content-Length", -1))
        if match is None or not 0 <= size <= MOST:
            text = f"PUT /files/NAME takes a Content-Length, of at most {MOST} bytes.\n"
            return self.answer(400, text.encode())
        store(match[1], self.rfile.read(size))
        return self.answer(201, f"Stored by {os.environ['DYNO']}.\n".encode())

    def do_GET(self) -> None:
        match = NAME.fullmatch(self.path)
        content = load(match[1]) if match else None
        if content is None:
            return self.answer(404, f"{os.environ['DYNO']} has no such file.\n".encode())
        return self.answer(200, content)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """The router logs every request already."""


ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Shelf).serve_forever()
