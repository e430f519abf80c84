"""A client of the API over TCP, as one that is no browser of ours would be."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Mapping
from pathlib import Path

from api_kit import Answer
from conftest import PATIENCE, Running

FOREIGN = "0" * 64  # a key of the right shape that is nobody's


def api_port(running: Running) -> int:
    """The port that the banner names."""
    return int(running.wait_for(r"Running .*, dashboard and API on http://127\.0\.0\.1:(\d+)$")[1])


def key_of(root: Path) -> str:
    return (root / ".localku" / "api-key").read_text().strip()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def ask(
    port: int,
    method: str,
    path: str,
    body: object = None,
    *,
    raw: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    address: str = "127.0.0.1",
) -> Answer:
    """One request over TCP, without any header that is not given (but Host)."""
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE)
    data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
    try:
        connection.request(method, path, data, dict(headers or {}))
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Door:
    """The API of a running app, asked with its key."""

    def __init__(self, root: Path, running: Running) -> None:
        self.port = api_port(running)
        self.key = key_of(root)
        self.root = root
        self.running = running

    def ask(self, method: str, path: str, body: object = None, **more: object) -> Answer:
        headers = {**bearer(self.key), **(more.pop("headers", None) or {})}  # type: ignore[dict-item]
        return ask(self.port, method, path, body, headers=headers, **more)  # type: ignore[arg-type]


def is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None
