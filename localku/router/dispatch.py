"""Which dyno gets a request, and what happens when it does not take it.

Dev Center "HTTP Routing": a dyno that refuses, or does not accept in time, rests in quarantine and
another is tried, ten at the most; the last failure decides between H21 and H19. With no dyno up the
request waits for one (H20), unless all have crashed (H10) or none is wanted (H14).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from localku.router import codes, outcome
from localku.router.phase import AWAIT, CONNECT, SEND, WAIT
from localku.router.upstream import open_link

if TYPE_CHECKING:
    from localku.router.exchange import Exchange
    from localku.router.upstream import Dyno, Link

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def seek(exchange: Exchange, now: float) -> None:
    """Pick a dyno and send, or begin to connect; with none to pick: wait, or fail."""
    app = exchange.app
    while True:
        if app.bindings is None:
            dyno = app.choose(exchange.tried, now)
        else:
            dyno = app.choose_bound(exchange.fields.kept, exchange.tried, now)
        if dyno is None:
            _nobody(exchange, now)
            return
        if not exchange.fresh:
            link = dyno.take(exchange.line.idempotent)
            if link is not None:
                exchange.dyno = dyno
                dyno.inflight += 1
                exchange.link = link
                exchange.connect = 0
                link.exchange = exchange
                send(exchange, link, now)
                return
        if _connect(exchange, dyno, now):
            return


def _connect(exchange: Exchange, dyno: Dyno, now: float) -> bool:
    """Begin to connect. True: that is all for now; False: refused on the spot, try another."""
    router = exchange.router
    exchange.dyno = dyno
    exchange.linked = now
    try:
        exchange.link = open_link(router.poller, dyno, exchange)
    except OSError as error:
        if error.errno in _EXHAUSTED:
            exchange.dyno = None
            outcome.fail(exchange, codes.H22)
            return True
        return not _give_up_on(exchange, dyno, codes.H21, now)
    dyno.inflight += 1
    exchange.phase = CONNECT
    exchange.deadline = now + router.settings.connect_timeout
    return True


def send(exchange: Exchange, link: Link, now: float) -> None:
    """The link is there: everything that we hold goes out in one write.

    The payload is kept only as long as it may be needed again: a whole request that may be
    repeated (RFC 9110 section 9.2.2), on a link that the dyno may have closed in the meantime.
    """
    settings = exchange.router.settings
    exchange.linked = now
    link.write(exchange.payload)
    if exchange.in_left:
        exchange.phase = SEND
        exchange.deadline = now + settings.idle_timeout
        exchange.payload = b""
        if not link.blocked:
            exchange.front.resume_reading()
        return
    exchange.phase = AWAIT
    exchange.deadline = now + settings.request_timeout
    if not (link.reused and exchange.line.idempotent):
        exchange.payload = b""
    exchange.front.resume_reading()


def refused(exchange: Exchange, error: OSError | None, now: float) -> None:
    """The dyno did not take the connection: an error, or (None) too late. Try another."""
    dyno = exchange.dyno
    outcome.drop_link(exchange)
    if dyno is None or _give_up_on(exchange, dyno, codes.H21 if error else codes.H19, now):
        seek(exchange, now)


def _give_up_on(exchange: Exchange, dyno: Dyno, code: codes.Code, now: float) -> bool:
    """Note the failure. True: another try is left; False: the exchange has failed."""
    exchange.connect = int((now - exchange.linked) * 1000)
    exchange.app.quarantine.add(dyno, now)
    exchange.tried = exchange.tried | {dyno}
    exchange.failure = code
    if len(exchange.tried) < exchange.router.settings.connect_tries:
        return True
    outcome.fail(exchange, code)
    return False


def again(exchange: Exchange, now: float) -> None:
    """The dyno had closed a kept connection before it read the request: once more, on a new one."""
    outcome.drop_link(exchange)
    exchange.fresh = True
    seek(exchange, now)


def _nobody(exchange: Exchange, now: float) -> None:
    app = exchange.app
    route = app.route
    if exchange.failure is not None:
        outcome.fail(exchange, exchange.failure)
    elif not app.dynos and route.quantity == 0:
        outcome.fail(exchange, codes.H14)
    elif not app.dynos and route.starting == 0 and route.crashed > 0:
        outcome.fail(exchange, codes.H10)
    else:
        exchange.phase = WAIT
        exchange.deadline = exchange.started + exchange.router.settings.boot_wait
        app.parked[exchange] = None


def wake(exchange: Exchange, now: float) -> None:
    """Something has changed: a dyno came up, the table is new, a quarantine is over."""
    exchange.app.parked.pop(exchange, None)
    exchange.connect = -1
    seek(exchange, now)
