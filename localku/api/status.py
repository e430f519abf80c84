"""/localku/status: what only localku has to say of itself."""

from __future__ import annotations

import asyncio
import os

from aiohttp import web

from localku.api.exchange import reply
from localku.api.host import HOST, STARTED


async def status(request: web.Request) -> web.Response:
    """GET /localku/status. uptime: seconds."""
    host = request.app[HOST]
    uptime = asyncio.get_running_loop().time() - request.app[STARTED]
    return reply(
        {
            "pid": os.getpid(),
            "apps": list(host.hosting.apps),
            "port": host.port,
            "uptime": round(uptime, 3),
        }
    )


ROUTES = [web.get("/localku/status", status)]
