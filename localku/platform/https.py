"""The router's https side: its sockets, the certificates of all hosts. Loaded with --tls alone."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence

from localku.certs.names import may_sign
from localku.certs.store import Store, home_folder
from localku.errors import UserError
from localku.router.router import Router
from localku.router.tls import HTTP1, HTTP2, Identities

DEFAULT_HOST = "localhost"


class Https:
    """sockets: bound ones, for TLS. hosts: of all apps. http2: spoken, too. say(text): told of
    hosts that the CA may not speak for."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        hosts: Iterable[str],
        http2: bool,
        say: Callable[[str], None],
    ) -> None:
        """Makes what certificates are missing, a tenth of a second. Raises UserError."""
        self.sockets = sockets
        self.port = int(sockets[0].getsockname()[1])
        self._say = say
        self._store = Store(home_folder(os.environ))
        self.is_new = not self._store.fingerprint()  # nobody can trust it so far
        self._known: set[str] = set()
        self._wanted: list[str] = []
        self._task: asyncio.Task[None] | None = None
        hosts = list(hosts)
        files = self._files(hosts)
        self._learn(hosts)
        try:
            self.identities = Identities(files, DEFAULT_HOST, HTTP2 if http2 else HTTP1)
        except (ssl.SSLError, OSError) as error:
            hint = f"remove {self._store.folder}/hosts: they are made anew"
            raise UserError(f"cannot use the certificates: {error}", hint=hint) from None

    def serve(self, router: Router) -> None:
        """Take connections; the router serves already."""
        router.serve_tls(self.sockets, self.identities)

    def follow(self, hosts: Iterable[str]) -> None:
        """These are the hosts now: new ones get their certificates in a moment."""
        self._wanted = list(hosts)
        idle = self._task is None or self._task.done()
        if idle and not self._known.issuperset(self._wanted):
            self._task = asyncio.get_running_loop().create_task(self._cover())

    async def _cover(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._known.issuperset(self._wanted):  # more may come while some are made
            hosts = self._wanted
            try:
                self.identities.replace(await loop.run_in_executor(None, self._files, hosts))
                self._learn(hosts)
            except (UserError, OSError) as error:  # https goes on with what it has
                self._say(f"No certificate for {', '.join(hosts)}: {error}")
                return

    def _files(self, hosts: Iterable[str]) -> dict[str, str]:
        """host -> PEM file, for all that the CA may speak for. Runs in a thread."""
        wanted = (host for host in (DEFAULT_HOST, *hosts) if may_sign(host))
        return self._store.ensure(dict.fromkeys(wanted), time.time())

    def _learn(self, hosts: Iterable[str]) -> None:
        """They are served now, those without a certificate with that of localhost."""
        for host in hosts:
            if host not in self._known and not may_sign(host):
                self._say(f"{host} has no certificate: the CA of this machine may not speak for it")
            self._known.add(host)
