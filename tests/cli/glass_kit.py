"""People who look at `localku top` at a terminal: what stands on their screen."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pyte
from conftest import PATIENCE
from desk_kit import Desk

APP = """\
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path == "/crash":
            os._exit(3)
        status = 500 if self.path == "/error" else 200
        print("at=info measure#db.query=3ms count#signup=2 sample#queue=17 path=" + self.path,
              flush=True)
        if self.path == "/evil":
            print("evil \\x1b]0;pwned\\x07\\x1b[2J\\x1b[31mred\\x1b[0m", flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\\n")

port = int(os.environ["PORT"])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
PROCFILE = "web: exec python3 app.py\nworker: while :; do sleep 60; done\nclock: sleep 600\n"
BYTES = re.compile(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]*\$p")  # what pyte does not know


class Glass(Desk):
    """A terminal with `localku top` in it."""

    def __init__(
        self,
        cwd: Path,
        *,
        rows: int = 24,
        columns: int = 80,
        stderr: Path | None = None,
        **env: str,
    ) -> None:
        self.picture = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.picture)
        self._drawn = 0
        full = {"TERM": "xterm-256color", **env}
        super().__init__(cwd, "top", rows=rows, columns=columns, env=full, stderr=stderr)

    @property
    def text(self) -> str:
        """The screen as it is now, without blanks at the ends of lines."""
        self._stream.feed(BYTES.sub(b"", self.screen[self._drawn :]))
        self._drawn = len(self.screen)
        return "\n".join(line.rstrip() for line in self.picture.display)

    def shows(self, pattern: str, *, gone: bool = False) -> str:
        """Wait until the screen shows it (or does not show it any more); the screen then."""
        deadline = time.monotonic() + PATIENCE
        while bool(re.search(pattern, text := self.text, re.MULTILINE)) == gone:
            assert time.monotonic() < deadline, f"{pattern!r}, gone: {gone}:\n{text}"
            self.read(0.05)
        return text

    def resize(self, rows: int, columns: int) -> None:
        if hasattr(self, "proc"):
            self.text  # noqa: B018  what was drawn before belongs to the old size
            self.picture.resize(rows, columns)
        super().resize(rows, columns)

    def row(self, start: str) -> str:
        """The line that begins like this."""
        return next((line for line in self.text.splitlines() if line.startswith(start)), "")
