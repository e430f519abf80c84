"""The learner's running app for a lesson's check (watched.Watched), over the platform's own API.

What a check changes (the formation, config vars, faults) is put back when it ends, however it ends:
`kill -9` has the guard do it, and faults end by themselves.
"""

from __future__ import annotations

import asyncio
import time
import urllib.parse
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any

from localku.cli import top_link
from localku.cli.client import Client, as_list, as_object
from localku.errors import UserError
from localku.lessons import asking
from localku.lessons.guard import Guard
from localku.lessons.listening import Listener
from localku.lessons.oneoff import run_attached
from localku.lessons.watched import Answer, Line, StillWrong

LOOPBACK = "127.0.0.1"
POLL = 0.03  # seconds between looks at dynos
SETTLE = 2.0  # seconds that a check waits, before it begins, for dynos that start
PATIENCE = 10.0  # seconds for dynos to come up
SETTLED = ("up", "crashed", "idle")


class Live:
    """`async with Live(...) as app`. folder: of the app. say: takes each line of `saw`."""

    def __init__(self, client: Client, folder: str, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.url = ""
        self.name = client.app
        self._client = client
        self._say = say
        self._log = Listener(client)
        self._port = 0
        self._formation: dict[str, int] = {}  # as it was
        self._config: dict[str, str | None] = {}
        self._faults: list[str] = []
        self._guard = Guard(client.path)

    async def __aenter__(self) -> Live:
        found = as_object(await self._api("GET", self._client.at()))
        self.url = str(found["web_url"]).rstrip("/")
        self._port = urllib.parse.urlsplit(self.url).port or 80
        await self._log.begin()
        await self._settle("", SETTLE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        try:
            await asyncio.shield(self._put_back())
        except UserError:
            if kind is None:
                raise  # else the first trouble is the one to tell
        finally:
            await asyncio.to_thread(self._guard.dismiss)
            await self._log.end()

    async def _put_back(self) -> None:
        for fault in reversed(self._faults):
            await self._end_fault(fault)
        if self._config:
            await self._api("PATCH", self._client.at("config-vars"), self._config)
        if self._formation:
            await self._api("PATCH", self._client.at("formation"), _updates(self._formation))

    # -- what is seen ----------------------------------------------------------------------------

    def saw(self, text: str) -> None:
        """Tell the learner what is right so far."""
        self._say(text)

    def now(self) -> float:
        """Seconds since the epoch: the clock of the log."""
        return time.time()

    def lines(self, since: float = 0.0, dyno: str = "", source: str = "") -> list[Line]:
        """The log lines since then, of a dyno (`web.1`) or a process type (`web`)."""
        return [
            line
            for line in self._log.lines
            if line.at >= since
            and (not dyno or dyno in (line.dyno, line.dyno.partition(".")[0]))
            and (not source or source == line.source)
        ]

    async def line(self, *words: str, since: float, dyno: str = "", within: float = 5.0) -> Line:
        """The first line since then that has all the words; raises TimeoutError."""
        deadline = time.monotonic() + within
        while True:
            for line in self.lines(since, dyno):
                if all(word in line.text for word in words):
                    return line
            rest = deadline - time.monotonic()
            if rest <= 0:
                raise TimeoutError(f"no line with {' '.join(words)} within {within:g} s")
            await self._log.news(rest)

    async def dynos(self, kind: str = "") -> list[dict[str, Any]]:
        """The dynos, or those of one process type."""
        found = as_list(await self._api("GET", self._client.at("dynos")))
        return [each for each in found if not kind or each["type"] == kind]

    async def request(
        self,
        path: str = "/",
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        within: float = 10.0,
    ) -> Answer:
        """One request through the router."""
        host = urllib.parse.urlsplit(self.url).netloc
        return await asking.ask(
            LOOPBACK, self._port, host, path, method, headers or {}, body, within
        )

    async def run(self, command: str, within: float = 10.0) -> tuple[int, str]:
        """A one-off dyno: its exit status and its output. Raises TimeoutError."""
        return await run_attached(self._client, command, within)

    # -- what is changed -------------------------------------------------------------------------

    async def scale(self, **types: int) -> None:
        """Change the formation, and wait until it is so."""
        formation = as_list(await self._api("GET", self._client.at("formation")))
        known = {str(each["type"]): int(each["quantity"]) for each in formation}
        for kind in types:
            if kind not in known:
                look = f"the Procfile has {', '.join(known)}"
                raise StillWrong(f"the app has no process type {kind}", look)
        self._formation = {kind: known[kind] for kind in types} | self._formation
        self._guard.keep(self._client.at("formation"), _updates(self._formation))
        await self._api("PATCH", self._client.at("formation"), _updates(types))
        for kind, count in types.items():
            await self._wait_for(kind, count)

    async def set_config(self, **changes: str | None) -> None:
        """Set (or unset) config vars, and wait for the restart."""
        target = self._client.at("config-vars")
        before = as_object(await self._api("GET", target))
        self._config = {key: before.get(key) for key in changes} | self._config
        if all(before.get(key) == value for key, value in changes.items()):
            return
        self._guard.keep(target, self._config)
        ids = await self._ids("")
        await self._api("PATCH", target, changes)
        await self._until_new("", ids)

    async def restart(self, dyno: str = "") -> None:
        """Restart one dyno, those of a process type, or all, and wait until they are up."""
        where = ("dynos", dyno) if "." in dyno else ("formations", dyno) if dyno else ("dynos",)
        ids = await self._ids(dyno)
        await self._api("DELETE", self._client.at(*where))
        await self._until_new(dyno, ids)

    def fault(self, name: str, **wishes: Any) -> AbstractAsyncContextManager[dict[str, Any]]:
        """A fault of `localku chaos`, on while inside. wishes: as its API has them; `for_` and
        `seconds` are `for`, which is a word of Python."""
        return self._fault(name, wishes)

    @asynccontextmanager
    async def _fault(self, name: str, wishes: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        body = {"for" if k in ("for_", "seconds") else k: v for k, v in wishes.items()}
        target = f"/localku{self._client.at('chaos')}"
        made = as_object(await self._api("POST", target, {"fault": name, **body}))
        fault = str(made["id"])
        self._faults.append(fault)
        try:
            yield made
        finally:
            await asyncio.shield(self._end_fault(fault))

    async def _end_fault(self, fault: str) -> None:
        if fault in self._faults:
            self._faults.remove(fault)
            await self._api("DELETE", f"/localku{self._client.at('chaos', fault)}")

    # -- waiting ---------------------------------------------------------------------------------

    async def _ids(self, which: str) -> dict[str, str]:
        """The dynos of the formation by name: another id is another run."""
        return {
            str(each["name"]): str(each["id"])
            for each in await self.dynos()
            if each["type"] != "run" and which in ("", each["name"], each["type"])
        }

    async def _until_new(self, which: str, old: Mapping[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while any(old.get(name) == run for name, run in (await self._ids(which)).items()):
            if time.monotonic() > deadline:
                raise StillWrong(f"{which or 'the app'} did not restart within {PATIENCE:g} s")
            await asyncio.sleep(POLL)
        await self._settle(which, PATIENCE)

    async def _wait_for(self, kind: str, count: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            found = await self.dynos(kind)
            if len(found) == count and all(each["state"] in SETTLED for each in found):
                return
            if time.monotonic() > deadline:
                states = ", ".join(f"{each['name']} is {each['state']}" for each in found)
                what = f"{kind}={count} did not come up within {PATIENCE:g} s: {states or 'none'}"
                raise StillWrong(what, "the log: `localku logs`")
            await asyncio.sleep(POLL)

    async def _settle(self, which: str, patience: float) -> None:
        """Wait until no dyno is on its way, or time is over."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            found = [
                each for each in await self.dynos() if which in ("", each["name"], each["type"])
            ]
            if all(each["state"] in SETTLED for each in found if each["type"] != "run"):
                return
            await asyncio.sleep(POLL)

    async def _api(self, method: str, target: str, body: object = None) -> object:
        return await top_link.request(self._client.path, method, target, body)


def _updates(types: Mapping[str, int]) -> dict[str, object]:
    return {"updates": [{"type": kind, "quantity": count} for kind, count in types.items()]}
