"""The API as an aiohttp application. Imported when the first client connects, not before."""

from __future__ import annotations

from aiohttp import web

from localku.api import (
    apps,
    attach,
    catalog,
    chaos,
    config_vars,
    dashboard,
    drains,
    dynos,
    entrance,
    formation,
    later,
    live,
    log_sessions,
    names,
    oauth,
    oneoffs,
    pipelines,
    prometheus,
    signin,
    status,
    webhooks,
)
from localku.api.exchange import MAX_BODY, exchange
from localku.api.guard import guard
from localku.api.host import HOST, STARTED, Host
from localku.api.rendezvous import Meetings
from localku.api.terminal import Sizes

ROUTES = [
    *(*catalog.ROUTES, *apps.ROUTES, *formation.ROUTES, *dynos.ROUTES, *config_vars.ROUTES),
    *(*names.ROUTES, *status.ROUTES, *attach.ROUTES, *oneoffs.ROUTES, *log_sessions.ROUTES),
    *(*oauth.ROUTES, *signin.ROUTES, *pipelines.ROUTES, *webhooks.ROUTES, *drains.ROUTES),
    *(*later.ROUTES, *chaos.ROUTES),
    *(*live.ROUTES, *prometheus.ROUTES, *dashboard.ROUTES),
]
SHUTDOWN = 1.0  # seconds that open requests get when the platform ends


def application(host: Host, started: float) -> web.Application:
    """All endpoints. started: loop time at which the platform began."""
    app = web.Application(middlewares=[exchange, guard], client_max_size=MAX_BODY)
    app[HOST] = host
    app[STARTED] = started
    app[attach.SIZES] = Sizes()
    app[attach.OPEN] = set()
    app[signin.WAITING] = {}
    app[entrance.TICKETS] = entrance.Tickets()
    app[log_sessions.SESSIONS] = log_sessions.Sessions()
    app[oneoffs.MEETINGS] = Meetings()
    app[oneoffs.VISITS] = set()
    app[live.VIEWS] = set()
    app[chaos.CHAOS] = chaos.Chaoses()
    app.add_routes(ROUTES)
    app.on_shutdown.append(attach.dismiss_all)
    app.on_shutdown.append(oneoffs.dismiss_all)
    app.on_shutdown.append(log_sessions.end_all)
    app.on_shutdown.append(live.end_all)
    return app


async def serve(host: Host, started: float) -> web.AppRunner:
    """Its server, without a listener yet; `cleanup()` ends it."""
    app = application(host, started)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN)
    await runner.setup()
    return runner
