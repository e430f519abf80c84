"""Puts a drain together: URL and settings in, something that works out. Loaded with the first."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from localku.certs.store import Store, home_folder
from localku.logs import drain_http, drain_syslog, drain_url
from localku.logs.delivery import BATCH, Delivery, Times
from localku.logs.drain import Drain, Sender, new_id
from localku.logs.drain_url import Target
from localku.logs.logplex import PRI_ROUTER, PRI_ROUTER_2, Framer

if TYPE_CHECKING:
    from localku.manifest.settings import Settings
    from localku.platform.app import App
    from localku.platform.state import DrainState


def make(app: App, state: DrainState, settings: Settings) -> Drain:
    """What does the work of a drain: it listens already."""
    target = drain_url.parse(state.url)
    context = tls(target, state.ca)
    times = {"connect": settings.drain_connect_timeout, "request": settings.drain_timeout}
    sender: Sender
    if target.is_http:
        sender = drain_http.HttpSender(target, state.token, context=context, **times)
    else:
        sender = drain_syslog.SyslogSender(target, context=context, **times)
    router_pri = PRI_ROUTER if settings.router_log == "classic" else PRI_ROUTER_2
    delivery = Delivery(
        Framer("" if target.is_http else state.token, router_pri),
        new_id,
        times=Times(retry=settings.drain_retry),
        messages=settings.drain_buffer,
        batch=BATCH if target.is_http else drain_syslog.BATCH,
    )
    return Drain(app.stream, delivery, sender, target)


def tls(target: Target, ca: str) -> Callable[[], ssl.SSLContext]:
    """What makes the TLS context of a drain: who may vouch for its receiver.

    ca: PEM of the one who alone may; "" for those whom this system trusts, and this machine's own
    CA for a name that it may speak for.
    """

    def make_context() -> ssl.SSLContext:
        if ca:
            return ssl.create_default_context(cadata=ca)
        context = ssl.create_default_context()
        own = Store(home_folder(os.environ)).cert
        if (target.is_here or target.host.endswith(".test")) and os.path.exists(own):
            context.load_verify_locations(own)
        return context

    return make_context
