"""The app's log stream as a list of lines that grows, read over the platform's API."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from datetime import datetime

from localku.cli import top_link
from localku.cli.client import Client, as_object, no_platform
from localku.errors import UserError
from localku.lessons.watched import Line

HISTORY = 1500  # lines from before, which is all that is kept
MOST = 20_000  # lines; of more, the oldest are let go
PATIENCE = 5.0  # seconds until the stream has begun


class Listener:
    """lines: whole ones, oldest first. What is said in pieces is put together again."""

    def __init__(self, client: Client) -> None:
        self.lines: list[Line] = []
        self._client = client
        self._news = asyncio.Event()
        self._pieces: dict[tuple[str, str], str] = {}
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def begin(self) -> None:
        """Read on from here, with what was said before. Raises UserError."""
        wish = {"lines": HISTORY, "tail": True}
        target = self._client.at("log-sessions")
        made = as_object(await top_link.request(self._client.path, "POST", target, wish))
        path = urllib.parse.urlsplit(str(made.get("logplex_url"))).path
        try:
            reader, self._writer = await asyncio.open_unix_connection(
                self._client.path, limit=1 << 20
            )
            request = f"GET {path}?format=json HTTP/1.0\r\nHost: localhost\r\n\r\n"
            self._writer.write(request.encode())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        except (OSError, EOFError):
            raise no_platform() from None
        except asyncio.TimeoutError:
            raise UserError("the platform does not answer", hint="is it stopped?") from None
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise UserError("the platform does not show its log")
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    async def end(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        if self._writer is not None:
            self._writer.close()

    async def news(self, within: float) -> None:
        """Return when something was said, or after so many seconds."""
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), max(within, 0.0))
        except asyncio.TimeoutError:
            pass

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while text := await reader.readline():
                self.take(json.loads(text))
                self._news.set()
        except (OSError, ValueError):
            pass  # the platform was killed

    def take(self, value: dict[str, object]) -> None:
        """One object of the stream (logs/jsonlines.py says what is in it)."""
        source, dyno, message = (str(value.get(key, "")) for key in ("source", "dyno", "message"))
        if value.get("continues"):
            message = self._pieces.pop((source, dyno), "") + message
        if value.get("partial"):
            self._pieces[source, dyno] = message
            return
        at = datetime.fromisoformat(str(value["time"])).timestamp()
        self.lines.append(Line(at, source, dyno, message))
        if len(self.lines) > MOST:
            del self.lines[: MOST // 2]
