"""Certificates for the tests of the router's TLS side: a CA of trustme's, one leaf per host."""

from __future__ import annotations

import ssl
import tempfile
from functools import cache

import trustme
from router_rig import Pki

_folder = tempfile.TemporaryDirectory(prefix="localku-pki-")  # goes with the process


@cache
def pki() -> Pki:
    """localhost, app.localhost and api.localhost, and a client's context that trusts them."""
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    files = {}
    for host in ("localhost", "app.localhost", "api.localhost"):
        files[host] = f"{_folder.name}/{host}.pem"
        authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(files[host])
    return Pki(files, trust)


def lenient() -> ssl.SSLContext:
    """A client that believes everything, to see what it is shown."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
