"""HTTP on $PORT with the standard library: CONCURRENCY requests at a time, the others wait in line.

One at a time is what a synchronous worker does, and makes a dyno a queue with one server: the
simplest thing that can be scaled. The same file serves all four examples about scaling.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DRAIN = 25.0  # seconds for requests in hand after SIGTERM; the platform kills after 30


def setting(name: str, default: float) -> float:
    """A number from the environment. A wrong one ends the process with a line that says so."""
    text = os.environ.get(name, "")
    try:
        return float(text) if text else default
    except ValueError:
        raise SystemExit(f"{name} has to be a number, not {text!r}") from None


class Server(ThreadingHTTPServer):
    """Idle connections of the router wait in threads of their own; they do no work."""

    daemon_threads = True
    request_queue_size = 256


def serve(answer: Callable[[], str]) -> None:
    """Answer every GET with a line of text until SIGTERM. OSError from `answer` is a 503."""
    workers = int(setting("CONCURRENCY", 1))
    turns = threading.BoundedSemaphore(workers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """One request: its turn, its work, its answer."""
            with turns:
                try:
                    status, text = 200, answer()
                except OSError as error:
                    status, text = 503, f"not now: {error}"
                body = f"{text}\n".encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        def log_message(self, format: str, *arguments: object) -> None:
            """The router logs every request already."""

    address = os.environ.get("HOST", "0.0.0.0"), int(setting("PORT", 5000))
    server = Server(address, Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"event=ready port={server.server_port} concurrency={workers}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    in_hand = [turns.acquire(timeout=DRAIN) for _ in range(workers)]
    print(f"event=stopped drained={'yes' if all(in_hand) else 'no'}", flush=True)
    sys.exit(0)
