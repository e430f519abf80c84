"""Somebody who looks on: reads the events of the feed as any HTTP client can."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api_kit import socket_of
from conftest import PATIENCE
from gate_kit import bearer

from localku.cli.client import UnixConnection

# a web process that answers at once; /hang waits until the file `go` is there, /fail is a 500;
# web.1 repeats what is written into the fifo `say`
APP = """
import os, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        while self.path == "/hang" and not os.path.exists("go"):
            time.sleep(0.01)
        self.send_response(500 if self.path == "/fail" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass

def speak():
    fifo = os.open("say", os.O_RDWR)
    while data := os.read(fifo, 65536):
        while data:
            data = data[os.write(1, data):]

if os.environ["DYNO"] == "web.1":
    threading.Thread(target=speak, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
PROCFILE = "web: exec python3 app.py\nworker: exec sleep 600\n"

Event = tuple[str, dict[str, Any]]


class Onlooker:
    """Reads /localku/apps/{app}/live over the control socket, or over TCP with a key."""

    def __init__(
        self, root: Path, query: str = "", *, app: str = "shop", port: int = 0, key: str = ""
    ) -> None:
        if port:
            self.connection: http.client.HTTPConnection = http.client.HTTPConnection(
                "127.0.0.1", port, timeout=PATIENCE
            )
        else:
            self.connection = UnixConnection(socket_of(root))
        headers = bearer(key) if key else {}
        self.connection.request("GET", f"/localku/apps/{app}/live{query}", headers=headers)
        self.response = self.connection.getresponse()
        self.events: list[Event] = []
        self._rest = b""

    def read(self) -> bool:
        """Wait for more; False at the end."""
        piece = self.response.read1(1 << 20)
        *whole, self._rest = (self._rest + piece).split(b"\n\n")
        for block in whole:
            head, data = block.split(b"\n")
            name = head.removeprefix(b"event: ").decode()
            self.events.append((name, json.loads(data.removeprefix(b"data: "))))
        return bool(piece)

    def see(self, name: str, fits: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """Read until an event of that name fits; returns it."""
        deadline = time.monotonic() + PATIENCE
        seen = 0
        while True:
            for kind, value in self.events[seen:]:
                if kind == name and fits(value):
                    return value
            seen = len(self.events)
            assert time.monotonic() < deadline, f"no such {name}: {self.events[-5:]}"
            assert self.read(), f"it ended without such a {name}: {self.events[-5:]}"

    @property
    def texts(self) -> list[str]:
        """All lines so far."""
        told = [value["lines"] for name, value in self.events if name == "lines"]
        return [line["text"] for lines in told for line in lines]

    @property
    def dropped(self) -> int:
        return sum(value["dropped"] for name, value in self.events if name == "lines")

    def close(self) -> None:
        self.response.close()
        self.connection.close()
