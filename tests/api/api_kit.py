"""What the tests of the API share: one exchange over the control socket."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
