"""A bookkeeper: GET /report takes a second to add up a year; everything else is quick."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

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
    """Say how much there was to do, every half minute."""
    while True:
        time.sleep(30)
        print(f"served {served} requests so far", flush=True)


def stop(signum: int, frame: object) -> None:
    """The platform wants this dyno to end."""
    print("stopping", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
threading.Thread(target=tell).start()
HTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Books).serve_forever()
