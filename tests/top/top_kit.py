"""A state of `localku top` as the events of the feed make it."""

from __future__ import annotations

from typing import Any

from localku.top.spans import Line, plain
from localku.top.state import State

NOW = 1_000_060
MIB = 1 << 20
HELLO = {
    "app": "shop",
    "now": NOW,
    "web_url": "http://shop.localhost:5006/",
    "maintenance": False,
    "routing": "round-robin",
    "release": 7,
    "formation": [
        {"type": "web", "command": "serve", "quantity": 2, "size": "Standard-1X"},
        {"type": "worker", "command": "work", "quantity": 1, "size": "Standard-1X"},
        {"type": "clock", "command": "tick", "quantity": 0, "size": "Standard-1X"},
    ],
}
DYNOS = [
    {"name": "worker.1", "type": "worker", "state": "starting", "since": NOW - 3, "restarts": 0,
     "quota": None, "pid": 13, "in_flight": 0},
    {"name": "web.10", "type": "web", "state": "crashed", "since": NOW - 30, "restarts": 3,
     "quota": 512 * MIB, "pid": 0, "in_flight": 0},
    {"name": "web.2", "type": "web", "state": "up", "since": NOW - 4000, "restarts": 1,
     "memory": 256 * MIB, "quota": 512 * MIB, "load": 1.254, "pid": 12, "in_flight": 4},
]  # fmt: skip


def point(t: int, **more: Any) -> dict[str, Any]:
    return {"t": t, "requests": {}, "codes": {}, "dynos": {}, "custom": {}, **more}


def busy(t: int, requests: int = 20, errors: int = 2) -> dict[str, Any]:
    """A second in which web.2 answered so many requests."""
    return point(
        t,
        requests={"2xx": requests - errors, "5xx": errors},
        codes={"H12": errors} if errors else {},
        dynos={"web.2": {"requests": requests, "errors": errors}},
    )


def shop(*points: dict[str, Any], **hello: Any) -> State:
    """The state after these events."""
    state = State()
    state.take("hello", {**HELLO, **hello})
    state.take("dynos", {"dynos": DYNOS})
    for each in points:
        state.take("point", each)
    return state


def texts(lines: list[Line]) -> list[str]:
    return [plain(line).rstrip() for line in lines]
