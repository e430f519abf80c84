"""An HTTP receiver in a thread, for platforms that run as processes of their own."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def messages(body: bytes) -> list[str]:
    """A body of application/logplex-1 as `app[web.1]: text` for each message."""
    found = []
    while body:
        length, _, rest = body.partition(b" ")
        message, body = rest[: int(length)].decode(), rest[int(length) :]
        _, _, _, source, dyno, _, text = message.split(" ", 6)
        found.append(f"{source}[{dyno}]: {text.removesuffix(chr(10))}")
    return found


class Sink:
    """status: what it answers with. lines: the texts of what it took, `app[web.1]: text`."""

    def __init__(self) -> None:
        self.status = 204
        self.requests: list[dict[str, str]] = []
        self.lines: list[str] = []
        self.url = ""

    def says(self, text: str) -> bool:
        """Whether some line holds text."""
        return any(text in line for line in self.lines)

    @contextmanager
    def open(self, port: int = 0) -> Iterator[Sink]:
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.requests.append(dict(self.headers))
                if sink.status < 300:
                    sink.lines += messages(body)
                self.send_response(sink.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}/in"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
