"""The log drains of an app: which there are, the rules for them, and those that are at work.

Heroku's: at most five of an app, each with a token of its own; a new one gets what is said from now
on. They live as long as the platform hosts the app, and are found again when it starts.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localku.errors import UserError
from localku.logs import drain_url
from localku.logs.drain_url import Target
from localku.platform.state import DrainState

if TYPE_CHECKING:
    from localku.logs.drain import Drain
    from localku.manifest.settings import Settings
    from localku.platform.app import App

MAX_DRAINS = 5  # of one app (Dev Center, "Limits")
MAX_CA = 64 << 10  # letters of PEM
FLUSH = 1.0  # seconds for the last lines when the platform ends
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
# at least so long between two batches to our own router: each makes log lines, which are sent again
LOOP_PACE = 0.5


@dataclass(slots=True)
class Router:
    """Where this platform's own router is, as soon as it is known: its ports, and the names of
    this machine."""

    ports: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()


class Drains:
    """Those of one app. settings: the times that hold for it. router: the platform's own."""

    def __init__(self, app: App, settings: Settings, router: Router) -> None:
        self._app = app
        self._settings = settings
        self._router = router
        self._begun = False
        self._working: dict[str, Drain] = {}  # by id
        self._leaving: set[asyncio.Task[None]] = set()
        self.known: list[DrainState] = app.store.drains(app.id)
        for each in self.known:
            self._listen(each)

    def working(self, drain: DrainState) -> Drain:
        """What does the work of a drain."""
        return self._working[drain.id]

    def find(self, word: str) -> DrainState | None:
        """The drain of that id, token or URL."""
        return next((it for it in self.known if word in (it.id, it.token, it.url)), None)

    # -- what changes them ---------------------------------------------------------------------

    def add(self, url: str, ca: str = "") -> DrainState:
        """A new drain. ca: PEM of the CA that its receiver's certificate has to be under, "" for
        those that this system trusts. UserError: a URL that is none, one that is there already, one
        too many, a CA that is none."""
        target = drain_url.parse(url)
        if any(each.url == url for each in self.known):
            raise UserError("this app has a drain with that URL already")
        if len(self.known) >= MAX_DRAINS:
            raise UserError(f"an app has at most {MAX_DRAINS} drains: remove one first")
        if ca:
            _check_ca(ca, target)
        now = time.time()
        ca = "\n".join(_CERTIFICATE.findall(ca))  # a key that is in the same file is not kept
        drain = DrainState(str(uuid.uuid4()), url, f"d.{uuid.uuid4()}", now, now, ca)
        with self._app.store.change() as change:
            change.add_drain(self._app.id, drain)
        self.known = [*self.known, drain]
        self._listen(drain)
        return drain

    def remove(self, drain: DrainState) -> None:
        """Take one away; what waits for it has a second to get there."""
        with self._app.store.change() as change:
            change.remove_drain(drain.id)
        self.known = [each for each in self.known if each.id != drain.id]
        self._leave(self._working.pop(drain.id))

    # -- their life ----------------------------------------------------------------------------

    def begin(self) -> None:
        """The event loop runs and the router's ports are known: send."""
        self._begun = True
        for each in self.known:
            self._start(each)

    async def close(self, patience: float = FLUSH) -> None:
        """Send what there is for at most patience seconds, and end them all."""
        working, self._working = self._working, {}
        closing = (drain.close(patience) for drain in working.values())
        await asyncio.gather(*closing, *self._leaving, return_exceptions=True)

    def _leave(self, drain: Drain) -> None:
        if self._begun:
            leaving = asyncio.get_running_loop().create_task(drain.close(FLUSH))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _listen(self, state: DrainState) -> None:
        """Collect from now on, so that nothing is missed until it can be sent."""
        from localku.platform.draining import make

        self._working[state.id] = make(self._app, state, self._settings)
        if self._begun:
            self._start(state)

    def _start(self, state: DrainState) -> None:
        drain, target = self._working[state.id], drain_url.parse(state.url)
        if self._leads_here(target):
            drain.delivery.pace(LOOP_PACE)
            self._app.say(
                f"Drain {target.place} leads back to this router: each batch makes log lines, "
                f"which are sent again, so that it gets one in {LOOP_PACE:g} s at most"
            )
        drain.start()

    def _leads_here(self, target: Target) -> bool:
        known = (*self._app.hosts, *self._router.names)
        return target.port in self._router.ports and (target.is_here or target.host in known)


def _check_ca(pem: str, target: Target) -> None:
    import ssl

    if not target.is_tls:
        raise UserError("a CA is of use for https and syslog+tls only")
    if len(pem) > MAX_CA:
        raise UserError(f"the CA of a drain has at most {MAX_CA} letters")
    if not _CERTIFICATE.search(pem):
        raise UserError("the CA of a drain has to be a certificate in PEM")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise UserError("the CA of a drain has to be a certificate in PEM") from None
