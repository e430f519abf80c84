"""The certificate that the API over TCP has: that of localhost, under the CA of this machine.

Clients that speak TLS to it are told of the CA by `localku env`. Both are made when they are first
wanted, since that takes a tenth of a second.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Mapping

from localku.certs.store import Store, home_folder

HOST = "localhost"  # its certificate is good for the loopback addresses, too


class Certificate:
    """ca: the file of the CA, which need not be there yet."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._store = Store(home_folder(environ))
        self.ca = os.path.abspath(self._store.cert)
        self._loaded: tuple[int, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """What a server needs; the same until the certificate is another. Takes its time.

        Raises UserError, OSError.
        """
        path = self._store.ensure((HOST,), time.time())[HOST]
        made = os.stat(path).st_mtime_ns
        if self._loaded is None or self._loaded[0] != made:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(path)
            self._loaded = made, context
        return self._loaded[1]


def make_sure(ca: str) -> None:
    """See that the CA in that file is there. Raises UserError."""
    if not os.path.exists(ca):
        Store(os.path.dirname(os.path.dirname(ca))).ensure((HOST,), time.time())
