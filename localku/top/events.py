"""Server-sent events out of bytes as they come (WHATWG HTML, 9.2.6). Pure."""

from __future__ import annotations

import json
from typing import Any

Event = tuple[str, dict[str, Any]]  # its name, and the JSON object that is its data


class Events:
    """Takes the bytes of a stream in any pieces; gives whole events."""

    __slots__ = ("_data", "_name", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[Event]:
        """The events that this piece completes; those whose data is no JSON object are left out,
        as are fields and comments that mean nothing here."""
        if b"\n" not in piece:
            self._rest += piece
            return []
        *lines, self._rest = (self._rest + piece).split(b"\n")
        found = (self._line(line.removesuffix(b"\r")) for line in lines)
        return [event for event in found if event is not None]

    def _line(self, line: bytes) -> Event | None:
        if not line:
            return self._whole()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None

    def _whole(self) -> Event | None:
        name, data = self._name or "message", b"\n".join(self._data)
        self._name, self._data = "", []
        try:
            value = json.loads(data) if data else None
        except ValueError:
            return None
        return (name, value) if isinstance(value, dict) else None
