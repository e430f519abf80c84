"""How an exchange ends: once, with one log line, and with both connections in a known state."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from localku.router import codes, pages, record
from localku.router.phase import DONE, UNTIL_CLOSE

if TYPE_CHECKING:
    from localku.router.exchange import Exchange
    from localku.router.upstream import Dyno

_MID_RESPONSE = ("H17", "H18")  # these lines show the status that the app had sent already


def complete(exchange: Exchange) -> None:
    """The response is whole: the usual line, the link goes back to its dyno, the client goes on."""
    now = monotonic()
    link = exchange.link
    dyno = _log_served(exchange, now)
    keepalive = exchange.router.keepalive
    if link is not None:
        exchange.link = link.exchange = None
        link.bulk = False
        if exchange.reusable and keepalive and not exchange.in_left and not link.backlog:
            link.reused = True
            dyno.put(link, now + keepalive)
        else:
            link.abort()
    exchange.front.next(exchange.keep, bool(exchange.in_left), now)


def complete_tunnel(exchange: Exchange) -> None:
    """A tunnel has ended as tunnels do; its connections are the tunnel's to close."""
    exchange.link = None
    _log_served(exchange, monotonic())


def _log_served(exchange: Exchange, now: float) -> Dyno:
    front, app, dyno, line = exchange.front, exchange.app, exchange.dyno, exchange.line
    router = exchange.router
    if dyno is None:
        raise AssertionError("a response comes from a dyno")
    exchange.phase = DONE
    router.log(
        app,
        record.served(
            line.method,
            line.target,
            exchange.fields.host,
            exchange.request_id,
            front.seen.fwd,
            dyno.name,
            exchange.connect,
            int((now - exchange.linked) * 1000),
            exchange.status,
            exchange.received - exchange.skipped,
            front.edge.protocol,
        ),
    )
    app.inflight -= 1
    dyno.inflight -= 1
    return dyno


def fail(exchange: Exchange, code: codes.Code) -> None:
    """It ends with an H-code: its line, its page if the client can still be told, and the cut."""
    if exchange.phase == DONE:
        return
    exchange.phase = DONE
    _log(exchange, code)
    drop_link(exchange)
    app = exchange.app
    app.inflight -= 1
    app.parked.pop(exchange, None)
    front = exchange.front
    front.exchange = None
    if code.status in (0, 499):
        front.abort()
    elif exchange.status:
        scan = exchange.out_scan
        front.cut_short(exchange.out_left == UNTIL_CLOSE or (scan is not None and scan.decode))
    else:
        front.refuse(code.status, _page(exchange, code), exchange.line.head)


def _page(exchange: Exchange, code: codes.Code) -> bytes:
    route = exchange.app.route
    if code is codes.H80:
        return pages.maintenance_page(route.maintenance_page_url)
    if code is codes.H81:
        return pages.blank_page(exchange.app.name)
    if code.status < 500:
        return pages.client_error_page(code.status)
    return pages.error_page(code.name, code.desc, route.error_page_url)


def _log(exchange: Exchange, code: codes.Code) -> None:
    line = exchange.line
    router = exchange.router
    dyno = exchange.dyno
    shown = code.fields if dyno is not None else codes.NONE
    linked = exchange.connect >= 0 and exchange.link is not None
    status = exchange.status if exchange.status and code.name in _MID_RESPONSE else code.status
    gone = code.status == 499 and not exchange.received
    router.log(
        exchange.app,
        record.failed(
            code.opening(),
            line.method,
            line.target,
            exchange.fields.host,
            exchange.request_id,
            exchange.front.seen.fwd,
            exchange.front.edge.protocol,
            dyno.name if shown and dyno is not None else b"",
            exchange.connect if "c" in shown and exchange.connect >= 0 else None,
            int((monotonic() - exchange.linked) * 1000) if "s" in shown and linked else None,
            status or None,
            exchange.received - exchange.skipped if "b" in shown and linked and not gone else None,
        ),
    )


def drop_link(exchange: Exchange) -> None:
    """Close the dyno's connection, whatever its state."""
    link = exchange.link
    if link is not None:
        exchange.link = link.exchange = None
        link.abort()
        if exchange.dyno is not None:
            exchange.dyno.inflight -= 1
