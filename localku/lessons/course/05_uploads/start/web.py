"""A shelf for files: PUT /files/NAME puts one there, GET /files/NAME gives it back."""

from __future__ import annotations

import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

UPLOADS = Path("uploads")
NAME = re.compile(r"/files/([\w-][\w.-]{0,99})")
MOST = 5_000_000  # bytes of a file

UPLOADS.mkdir(exist_ok=True)


def store(name: str, content: bytes) -> None:
    """Keep a file."""
    (UPLOADS / name).write_bytes(content)


def load(name: str) -> bytes | None:
    """The file of that name, or None."""
    path = UPLOADS / name
    return path.read_bytes() if path.exists() else None


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
