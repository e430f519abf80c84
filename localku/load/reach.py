"""Where requests go: the running app through its router, or a URL; and whom to trust there."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from localku.certs.store import Store, home_folder
from localku.cli import top_link
from localku.cli.client import USAGE, Client
from localku.errors import UserError
from localku.load.plan import Target
from localku.load.words import Origin, is_local_name, read_url

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Running:
    """A running app. counts: dynos by process type, of those that there are any."""

    target: Target
    counts: dict[str, int]


async def app(client: Client, tls: bool) -> Running:
    """The running app, through the router. Raises UserError."""
    hello = await first_hello(client)
    url = str(hello.get("https_url") or "") if tls else str(hello["web_url"])
    if not url:
        what = "the running platform has no https"
        raise UserError(what, where="--tls", hint="start it with `localku start --tls`")
    origin, _ = read_url(url)
    counts = {str(it["type"]): int(it["quantity"]) for it in hello["formation"] if it["quantity"]}
    return Running(_target(origin, LOOPBACK, context() if tls else None), counts)


async def first_hello(client: Client) -> dict[str, Any]:
    """What the feed says of the app first. Raises UserError."""
    target = f"/localku{client.at('live')}?lines=0&dyno=-"
    stream = top_link.events(client.path, target)
    try:
        async for events in stream:
            for name, data in events:
                if name == "hello":
                    return data
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
    raise UserError("the platform does not say where the app is")


async def url(origin: Origin, owned: bool, insecure: bool) -> Target:
    """A URL. owned: the user has said that the host is theirs. Raises UserError."""
    address = LOOPBACK if is_local_name(origin.host) else await _resolve(origin)
    if not owned and not is_loopback(address):
        what = f"{origin.host} is not this machine"
        hint = "load on somebody else's host is an attack; --i-own-this-host if it is yours"
        raise UserError(what, hint=hint, status=USAGE)
    return _target(origin, address, context(insecure) if origin.scheme == "https" else None)


async def _resolve(origin: Origin) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UserError(f"cannot reach {origin.url}: {error.strerror or error}") from None
    return str(found[0][4][0])


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    plain = address.partition("%")[0]
    packed = socket.inet_pton(socket.AF_INET6 if ":" in plain else socket.AF_INET, plain)
    return packed[:1] == b"\x7f" if len(packed) == 4 else packed == bytes(15) + b"\x01"


def _target(origin: Origin, address: str, tls: ssl.SSLContext | None) -> Target:
    return Target(origin.url, address, origin.port, origin.authority, tls, origin.host)


def context(insecure: bool = False) -> ssl.SSLContext:
    """Whom TLS trusts: the system's CAs and that of `localku start --tls`."""
    it = ssl.create_default_context()
    own = Store(home_folder(os.environ)).cert
    if os.path.exists(own):
        it.load_verify_locations(own)
    if insecure:
        it.check_hostname = False
        it.verify_mode = ssl.CERT_NONE
    return it
