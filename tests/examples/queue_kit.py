"""A PostgreSQL of the tests' own, by examples/queue/postgres.sh, and the example's processes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE, Running, wait_until

QUEUE = Path(__file__).parents[2] / "examples" / "queue"
# python3 and gunicorn of the Procfile are those of these tests
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


class Postgres:
    """A server with fsync off; each test may have databases of its own."""

    def __init__(self) -> None:
        """Raises pytest.skip with the reason, where there is none to be had."""
        for module in ("procrastinate", "psycopg", "gunicorn"):
            if importlib.util.find_spec(module) is None:
                pytest.skip(f"{module} is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="localku-queue-"))
        try:
            made = self.script("start")
        except subprocess.TimeoutExpired:
            self.remove()
            raise
        if made.returncode:
            self.remove()
            pytest.skip(made.stderr.strip())
        lines = dict(line.split("=", 1) for line in made.stdout.splitlines())
        self.url = lines["DATABASE_URL"]
        assert lines["HOST"] == "127.0.0.1"

    def script(self, word: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "QUEUE_POSTGRES": str(self.folder), "POSTGRES_OPTIONS": "-c fsync=off"}
        return subprocess.run(
            [QUEUE / "postgres.sh", word], env=env, capture_output=True, text=True, timeout=50
        )

    def remove(self) -> None:
        self.script("remove")
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """The address of a new and empty database."""
        name = f"db_{uuid.uuid4().hex}"
        self.ask(self.url, f"CREATE DATABASE {name}")
        return self.url.rpartition("/")[0] + f"/{name}"

    def ask(self, url: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, each in a transaction of its own."""
        import psycopg

        with psycopg.connect(url, autocommit=True) as db:
            cursor = db.execute(query)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def transaction(self, url: str) -> Any:
        """A connection; its transaction ends with the `with` block."""
        import psycopg

        return psycopg.connect(url)


class Web:
    """The app's web dynos, through localku's router."""

    def __init__(self, app: Running) -> None:
        self.app = app

    def request(self, way: str, **form: str) -> tuple[int, Any]:
        """`GET /orders/1`, or a POST with a form: the status, and what the JSON says."""
        method, _, path = way.partition(" ")
        data = urllib.parse.urlencode(form).encode() if method == "POST" else None
        url = f"http://127.0.0.1:{self.app.port}{path}"
        try:
            with urllib.request.urlopen(url, data, timeout=PATIENCE) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def order(self, item: str = "tea") -> str:
        """Place one; its status URL."""
        status, found = self.request("POST /orders", item=item)
        assert status == 202, found
        return str(found["status"])

    def state(self, where: str) -> dict[str, Any]:
        status, found = self.request(f"GET {where}")
        assert status == 200
        assert isinstance(found, dict)
        return found

    def wait_for(self, where: str, state: str) -> dict[str, Any]:
        """Wait until that order is `state`."""
        wait_until(lambda: self.state(where)["state"] == state, f"{where} is {state}")
        return self.state(where)


class Worker:
    """One worker process without a platform: what it wrote, and signals for it."""

    def __init__(self, name: str, url: str, folder: Path, **env: str) -> None:
        self._log = folder / f"{name}-{uuid.uuid4().hex}.log"
        base = {"PATH": PATH, "DATABASE_URL": url, "DYNO": name, "STALLED_SECONDS": "1"}
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "worker.py"],
                cwd=QUEUE,
                env={**base, "PYTHONDONTWRITEBYTECODE": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        """Wait until it wrote them."""
        wait_until(lambda: words in self.text, f"{words!r} in:\n{self.text}")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ends(self) -> int:
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def destroy(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
