"""What the tests of the API share: one exchange over the control socket."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conftest import Folder, Running, wait_until

from localku.cli.client import UnixConnection

TWO_TYPES = "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\nworker: exec sleep 600\n"


class Answer:
    """What came back. value: the JSON of the body, None for an empty one."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        text = response.read()
        self.status = response.status
        self.headers = response.headers
        self.value: Any = json.loads(text) if text.strip() else None

    @property
    def error(self) -> tuple[int, str]:
        """Status and id of an error."""
        return self.status, str(self.value["id"])


def socket_of(root: Path) -> str:
    return str(root / ".localku" / "api.sock")


def ask(
    root: Path,
    method: str,
    path: str,
    body: object = None,
    *,
    raw: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request to the platform that runs in `root`. raw: a body as it is."""
    connection = UnixConnection(socket_of(root))
    data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
    try:
        connection.request(method, path, data, dict(headers or {}))
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Shop:
    """A platform that runs the app `shop`: web and worker."""

    def __init__(self, folder: Folder, running: Running) -> None:
        self.root: Path = folder.path
        self.running = running

    def ask(self, method: str, path: str, body: object = None, **more: object) -> Answer:
        return ask(self.root, method, "/apps/shop" + path, body, **more)  # type: ignore[arg-type]

    def quantities(self) -> dict[str, int]:
        return {each["type"]: each["quantity"] for each in self.ask("GET", "/formation").value}

    def dynos(self) -> dict[str, dict[str, str]]:
        return {each["name"]: each for each in self.ask("GET", "/dynos").value}

    def wait_for_states(self, **states: str) -> None:
        """Wait until the dynos are these: `web_1="up"`."""
        wanted = {name.replace("_", "."): state for name, state in states.items()}

        def reached() -> bool:
            return {name: each["state"] for name, each in self.dynos().items()} == wanted

        wait_until(reached, f"{wanted}; it is {self.dynos()}")
