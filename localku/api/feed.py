"""The feed's objects of the present: the app, its dynos, its lines.

The feed is what the dashboard and `localku top` read; README, "The feed", has all its shapes.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from localku.logs.entry import Entry
from localku.logs.events import STRIDE
from localku.logs.losses import count_lines

if TYPE_CHECKING:
    from localku.api.host import Host
    from localku.platform.app import App
    from localku.platform.telemetry import DynoNow

Json = dict[str, object]

LINES_MAX = 500  # lines in one event; older ones are dropped


def event(name: str, value: Json) -> bytes:
    """A server-sent event (HTML Standard, "Server-sent events")."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode(value))


def encode(value: object) -> bytes:
    """JSON without blanks or line ends."""
    return json.dumps(value, separators=(",", ":")).encode()


def hello(host: Host, app: App) -> Json:
    """What an app is, and where. `now` stands apart, as it always changes."""
    https = host.https.port if host.https is not None else 0
    place = f"{app.name}.localhost"
    kinds = app.commands.items()
    return {
        "app": app.name,
        "web_url": f"http://{place}:{host.port}/",
        "https_url": f"https://{place}:{https}/" if https else None,
        "api_url": f"http://127.0.0.1:{host.api_port}/" if host.api_port else None,
        "maintenance": app.state.maintenance,
        "routing": app.routing,
        "formation": [
            {
                "type": kind,
                "command": command,
                "quantity": app.quantity(kind),
                "size": app.size(kind),
            }
            for kind, command in kinds
        ],
        "release": app.version,
    }


def dyno(now: DynoNow) -> Json:
    """A dyno as it is now. memory and load are not there until somebody has measured them."""
    shown: Json = {
        "name": now.name,
        "type": now.type,
        "state": now.state,
        "since": round(now.since, 3),
        "restarts": now.restarts,
        "quota": now.quota or None,
        "pid": now.pid,
        "in_flight": now.in_flight,
    }
    if now.memory is not None:
        shown |= {"memory": now.memory, "load": now.load}
    return shown


class Lines:
    """A reader of the stream that keeps the newest lines for one client until it takes them."""

    def __init__(
        self, accepts: Callable[[Entry], bool] | None, on_ready: Callable[[], None]
    ) -> None:
        self._accepts = accepts
        self._on_ready = on_ready
        self._entries: deque[Entry] = deque()
        self._held = 0
        self._dropped = 0
        self._open: dict[tuple[str, str], bytes] = {}

    def offer(self, entry: Entry) -> None:
        """One entry of the stream, at the cost of the oldest ones if need be. Never waits."""
        if self._accepts is not None and not self._accepts(entry):
            return
        entries = self._entries
        if not entries:
            self._on_ready()
        entries.append(entry)
        self._held += count_lines(entry)
        while self._held > LINES_MAX and len(entries) > 1:
            oldest = count_lines(entries[0])
            if self._held - oldest < LINES_MAX:
                break  # only a part of it is too much: take() cuts it
            entries.popleft()
            self._held -= oldest
            self._dropped += oldest

    def take(self, most: int = LINES_MAX) -> Json | None:
        """The newest whole lines, oldest first, and how many were dropped; None without any."""
        lines: list[Json] = []
        for entry in self._entries:
            lines += self._split(entry)
        self._entries.clear()
        self._held = 0
        if not lines:
            return None
        kept = lines[-most:] if most else []
        dropped, self._dropped = self._dropped + len(lines) - len(kept), 0
        return {"lines": kept, "dropped": dropped}

    def _split(self, entry: Entry) -> list[Json]:
        """Its lines. An open one waits for its end, which may come with a later entry."""
        name = (entry.source, entry.dyno)
        *whole, rest = entry.data.split(b"\n")
        before = self._open.pop(name, b"")
        if whole:
            whole[0] = before + whole[0]
        else:
            rest = before + rest
        if rest:
            self._open[name] = rest
        start = entry.number * STRIDE
        moment = round(entry.time, 6)
        return [
            {
                "n": n,
                "time": moment,
                "source": entry.source,
                "dyno": entry.dyno,
                "text": line.decode("utf-8", "replace").rstrip("\r"),
            }
            for n, line in enumerate(whole, start)
        ]


def stamped(value: Json) -> Json:
    """It with the time of this machine."""
    return {**value, "now": round(time.time(), 3)}
