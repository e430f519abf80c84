"""The router's https side: its sockets and this app's certificates. Loaded with --tls alone."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Sequence

from localku.certs.store import Store, home_folder
from localku.errors import UserError
from localku.router.router import Router
from localku.router.tls import HTTP1, HTTP2, Identities

DEFAULT_HOST = "localhost"


class Https:
    """sockets: bound ones, for TLS. app: its name, for `NAME.localhost`. http2: spoken, too."""

    def __init__(self, sockets: Sequence[socket.socket], app: str, http2: bool) -> None:
        """Makes what certificates are missing, a tenth of a second. Raises UserError."""
        self.sockets = sockets
        self.port = int(sockets[0].getsockname()[1])
        store = Store(home_folder(os.environ))
        self.is_new = not store.fingerprint()  # nobody can trust it so far
        files = store.ensure((DEFAULT_HOST, f"{app}.{DEFAULT_HOST}"), time.time())
        try:
            self.identities = Identities(files, DEFAULT_HOST, HTTP2 if http2 else HTTP1)
        except (ssl.SSLError, OSError) as error:
            hint = f"remove {store.folder}/hosts: they are made anew"
            raise UserError(f"cannot use the certificates: {error}", hint=hint) from None

    def serve(self, router: Router) -> None:
        """Take connections; the router serves already."""
        router.serve_tls(self.sockets, self.identities)
