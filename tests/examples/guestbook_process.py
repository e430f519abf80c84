"""Runs the processes of examples/guestbook as a platform would: by environment and signals."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "guestbook"
DEADLINE = 15.0  # seconds
T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, seconds: float = DEADLINE) -> T:
    """The first true value of `look`; fails when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := look():
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s for {what}")


class Dyno:
    """One process of the app, its output kept in a file."""

    def __init__(self, name: str, module: str, env: dict[str, str], log: Path) -> None:
        self.name, self._log, self.port = name, log, 0
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"guestbook.{module}"],
                cwd=FOLDER,
                env={**env, "DYNO": name},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def lines(self, *parts: str) -> list[str]:
        """The lines so far that contain every one of `parts`."""
        return [line for line in self.output().splitlines() if all(p in line for p in parts)]

    def wait_for(self, *parts: str) -> str:
        """The first line that contains `parts`."""

        def look() -> str:
            assert self.process.poll() is None or self.lines(*parts), self.output()
            return next(iter(self.lines(*parts)), "")

        return until(look, f"{parts} of {self.name}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE)

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; returns the exit status and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE), time.monotonic() - began

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """One request on a connection of its own: status, headers (lower-case names), text."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read().decode()
        finally:
            connection.close()

    def sign(self, author: str, message: str, **headers: str) -> dict[str, Any]:
        """Posts an entry as a program would; returns it."""
        body = json.dumps({"author": author, "message": message}).encode()
        headers = {"Content_Type": "application/json", **headers}
        status, _, text = self.request("POST", "/api/entries", body, **headers)
        assert status == 201, text
        entry = json.loads(text)
        assert isinstance(entry, dict)
        return entry

    def entries(self) -> list[dict[str, Any]]:
        """The newest entries, as /api/entries has them."""
        status, _, text = self.request("GET", "/api/entries?limit=100")
        assert status == 200, text
        found = json.loads(text)
        assert isinstance(found, list)
        return found


class Formation:
    """The processes of one test, on a database of their own. Nothing survives `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._dynos = folder, list[Dyno]()
        self.database = folder / "book.db"
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "error",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SECRET_KEY": "a key for tests",
            "HOST": "127.0.0.1",
            "WORK_MS": "1",
        }

    def start(self, name: str, module: str, **env: str) -> Dyno:
        dyno = Dyno(name, module, {**self.env, **env}, self._folder / f"{name}.log")
        self._dynos.append(dyno)
        return dyno

    def web(self, name: str = "web.1", **env: str) -> Dyno:
        """A web dyno that has bound a free port."""
        dyno = self.start(name, "web", **{"PORT": "0", **env})
        found = re.search(r" port=(\d+)", dyno.wait_for("event=web_started"))
        assert found is not None
        dyno.port = int(found[1])
        return dyno

    def worker(self, name: str = "worker.1", **env: str) -> Dyno:
        return self.start(name, "worker", **env)

    def close(self) -> None:
        for dyno in self._dynos:
            dyno.kill()
