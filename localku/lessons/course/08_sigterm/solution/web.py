"""A bookkeeper: GET /report takes a second to add up a year; everything else is quick."""

from __future__ import annotations

import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MONTHS = 12
MONTH = 0.1  # seconds that one takes to add up

served = 0


class Books(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        global served
        served += 1
        if self.path == "/report":
            return self.answer(f"The year's total is {add_up()}.")
        return self.answer("GET /report adds up the year.")

    def answer(self, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """The router logs every request already."""


def add_up() -> int:
    """The sum of twelve months."""
    total = 0
    for month in range(1, MONTHS + 1):
        time.sleep(MONTH)
        total += month * 100
    return total


def tell() -> None:
    """Say how much there was to do, every half minute, until the end."""
    while not ending.wait(30):
        print(f"served {served} requests so far", flush=True)


class Server(ThreadingHTTPServer):
    """A thread for each request: none waits in line, where a closing socket would drop it."""

    daemon_threads = False


def stop(signum: int, frame: object) -> None:
    """Take no more requests; those in hand are finished first."""
    print("stopping", flush=True)
    ending.set()
    threading.Thread(target=server.shutdown).start()  # it waits, and a handler must not


ending = threading.Event()
server = Server((os.environ.get("HOST", ""), int(os.environ["PORT"])), Books)
signal.signal(signal.SIGTERM, stop)
threading.Thread(target=tell).start()
server.serve_forever(poll_interval=0.05)
server.server_close()  # waits for the threads
print("stopped", flush=True)
