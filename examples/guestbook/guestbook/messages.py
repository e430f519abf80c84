"""A request and a response, as values: what the server hands to the app, and gets back."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

# Heroku's rule for an id that a client may choose ("HTTP Request IDs"); else a fresh one is made.
_REQUEST_ID = re.compile(r"[A-Za-z0-9+/=-]{20,200}")


class HttpError(Exception):
    """The request cannot be served: `status` and a sentence for the one who sent it."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()):
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


@dataclass(frozen=True)
class Request:
    """One request. `path` is without the query; `headers` has lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    request_id: str

    @property
    def wants_json(self) -> bool:
        """Whether the client is a program, for which an error is best said in JSON."""
        accept = self.headers.get("accept", "")
        return self.path.startswith("/api/") or "application/json" in accept

    def whole_number(self, name: str, *, default: int, low: int, high: int) -> int:
        """The query parameter `name`. Raises HttpError 422 unless it is low ≤ n ≤ high."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and low <= int(text[:20]) <= high):
            raise HttpError(422, f"{name} must be a whole number from {low} to {high}.")
        return int(text)


@dataclass(frozen=True)
class Response:
    """One response: either a whole `body`, or `chunks` that are sent as they come."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    chunks: Iterator[bytes] | None = field(default=None, compare=False)


def json_response(value: object, status: int = 200) -> Response:
    """`value` as JSON, never cached."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return Response(status, body, "application/json", (("Cache-Control", "no-store"),))


def parse_query(text: str) -> dict[str, str]:
    """The first value of each parameter. Raises HttpError 400 for what is not UTF-8."""
    try:
        fields = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise HttpError(400, "The query cannot be read.") from None
    return {name: values[0] for name, values in fields.items()}


def request_id(offered: str | None) -> str:
    """The router's id when it is well formed, else a new one, so that every line has one."""
    if offered and _REQUEST_ID.fullmatch(offered):
        return offered
    return str(uuid.uuid4())
