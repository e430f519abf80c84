"""What the tests of chaos share: an app with web dynos and a worker, and its API."""

from __future__ import annotations

import http.client
import http.server
import json
import re
import socketserver
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import Folder, Running, wait_until

from localku.cli.client import UnixConnection

WEB = """\
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = os.environ["DYNO"].encode() * 50
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
    def handle(self):
        try:
            super().handle()
        except OSError:
            pass
print("pid", os.getpid())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
WORKER = """\
import os, socket, time, urllib.parse
url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
print("database", url.username, url.hostname, url.port, url.path, flush=True)
line = said = None
while True:
    try:
        line = line or socket.create_connection((url.hostname, url.port), 1)
        line.sendall(b"x")
        state = "answers" if line.recv(1) else "hangs up"
    except OSError as error:
        state = type(error).__name__
    if state != "answers":
        line = None
    if state != said:
        said = state
        print("database:", said, flush=True)
    time.sleep(0.02)
"""
TIMES = "request_timeout: 1s\nboot_timeout: 2s\nbackoff_first: 50ms\nbackoff_max: 50ms\n"


class Echo(socketserver.BaseRequestHandler):
    """Stands for a database: every byte comes back."""

    def handle(self) -> None:
        try:
            while data := self.request.recv(100):
                self.request.sendall(data)
        except OSError:
            pass


class Shop:
    """The app under test."""

    def __init__(self, folder: Folder, running: Running) -> None:
        self.folder = folder
        self.running = running

    def chaos(self, fault: str, **wishes: object) -> dict[str, Any]:
        answer = self.ask("POST", "", {"fault": fault, **wishes})
        assert answer.status == 201, answer.value
        return dict(answer.value)

    def ask(self, method: str, path: str = "", body: object = None) -> Answer:
        return ask(self.folder, method, f"/localku/apps/shop/chaos{path}", body)

    def undo(self, fault: dict[str, Any]) -> dict[str, Any]:
        answer = self.ask("DELETE", f"/{fault['id']}")
        assert answer.status == 200
        assert answer.value["state"] == "over"
        return dict(answer.value)

    @contextmanager
    def fault(self, fault: str, **wishes: object) -> Iterator[dict[str, Any]]:
        begun = self.chaos(fault, **wishes)
        try:
            yield begun
        finally:
            self.undo(begun)

    def state(self, fault: dict[str, Any]) -> str:
        return str(self.ask("GET", f"/{fault['id']}").value["state"])

    def get(self) -> tuple[int, float]:
        """Status of a request, and how many seconds it took."""
        begun = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://localhost:{self.running.port}/") as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, ValueError):
            status = 0  # torn
        except Exception as error:  # http.client's own
            assert type(error).__name__ in ("IncompleteRead", "BadStatusLine")
            status = 0
        return status, time.monotonic() - begun

    def all_up(self) -> None:
        def up() -> bool:
            dynos = ask(self.folder, "GET", "/apps/shop/dynos").value
            return [each["state"] for each in dynos] == ["up"] * 3

        wait_until(up, "all dynos are up")

    def since(self) -> int:
        return len(self.running.text)

    def says(self, pattern: str, since: int) -> re.Match[str]:
        found: list[re.Match[str]] = []

        def look() -> bool:
            match = re.search(pattern, self.running.text[since:], re.MULTILINE)
            found.extend([match] if match else [])
            return match is not None

        wait_until(look, f"{pattern} in {self.running.text[since:]}", 5)
        return found[-1]


class Answer:
    """status and value (JSON) of what came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.value: Any = json.loads(response.read())


def ask(folder: Folder, method: str, path: str, body: object = None) -> Answer:
    """One request to the platform of that folder."""
    connection = UnixConnection(str(folder.path / ".localku" / "api.sock"))
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        return Answer(connection.getresponse())
    finally:
        connection.close()


@contextmanager
def server(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """Serves on a free port, which it gives."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield int(serving.server_address[1])
        finally:
            serving.shutdown()
            thread.join()


@contextmanager
def sink(bodies: list[bytes]) -> Iterator[str]:
    """A drain's receiver, which keeps what it gets; its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with server(Handler) as port:
        yield f"http://127.0.0.1:{port}/in"
