"""The learner's running app, as a lesson's check sees it: requests, lines, dynos, faults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

ROUTERS_PAGE = re.compile(r"<p>([A-Z]\d\d [^<]+)</p>")


class StillWrong(Exception):
    """The lesson is not done. said: what is wrong, as it was seen. look: where to look next."""

    def __init__(self, said: str, look: str = "") -> None:
        super().__init__(said)
        self.look = look


@dataclass(frozen=True)
class Answer:
    """An answer to a request. status 0: none came, or not all of it, and `text` says why. headers:
    in lower case; several of one name are joined with `, `, cookies with a line end. ms: from the
    first byte sent to the last one received."""

    status: int
    headers: Mapping[str, str]
    text: str
    ms: float

    @property
    def cookies(self) -> str:
        """The cookies that it sets, as a request sends them back: `a=1; b=2`."""
        set_them = self.headers.get("set-cookie", "").split("\n")
        return "; ".join(each.partition(";")[0] for each in set_them if each)

    @property
    def said(self) -> str:
        """Its text, short, for one line; of the router's error page only the code: a learner knows
        what `H10 App crashed` is, not what `<!DOCTYPE html> <html>` is."""
        page = ROUTERS_PAGE.search(self.text) if self.dyno_failed else None
        return page[1] if page else " ".join(self.text.split())[:60]

    @property
    def dyno_failed(self) -> bool:
        """Whether the router answered for a dyno that did not (or nobody did)."""
        return self.status in (0, 502, 503, 504)


@dataclass(frozen=True)
class Line:
    """One line of the app's log stream. source: "app" or "heroku". dyno: "web.1", "router"."""

    at: float
    source: str
    dyno: str
    text: str


class Watched(Protocol):
    """The app under the eyes of a check. What a check changes is put back when it ends."""

    folder: str
    url: str
    name: str

    def saw(self, text: str) -> None:
        """Tell the learner what is right so far: one line."""

    async def request(
        self,
        path: str = "/",
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        within: float = 10.0,
    ) -> Answer:
        """One request through the router, on a connection of its own. within: seconds."""

    async def scale(self, **types: int) -> None:
        """Change the formation and wait until the dynos are up (or have crashed). Raises StillWrong
        when that takes too long."""

    async def dynos(self, kind: str = "") -> list[dict[str, Any]]:
        """The dynos as the API lists them; kind: of one process type only."""

    async def set_config(self, **changes: str | None) -> None:
        """Set (or unset with None) config vars, and wait for the restart."""

    async def restart(self, dyno: str = "") -> None:
        """Restart one dyno, or all, and wait until they are up."""

    async def run(self, command: str, within: float = 10.0) -> tuple[int, str]:
        """A one-off dyno: its exit status and its output. Raises TimeoutError."""

    def lines(self, since: float = 0.0, dyno: str = "", source: str = "") -> list[Line]:
        """The log lines seen since a moment (of `now()`), of a dyno or a process type; 0.0: of
        earlier runs, too. A line needs some hundredths of a second to come here: `line` waits."""

    def now(self) -> float:
        """The moment, in seconds; for `lines`."""

    async def line(self, *words: str, since: float, dyno: str = "", within: float = 5.0) -> Line:
        """The first line since then that has all the words; raises TimeoutError."""

    def fault(self, name: str, **wishes: Any) -> AbstractAsyncContextManager[dict[str, Any]]:
        """A fault of `localku chaos`, on while inside, undone on leaving."""
