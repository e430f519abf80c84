"""What one writes in an afternoon: a reverse proxy on aiohttp. naive_proxy.py PORT BACKEND..."""

from __future__ import annotations

import itertools
import sys
import time
import uuid

import aiohttp
from aiohttp import web


def main(port: int, backends: list[int]) -> None:
    """Serve for ever."""
    turn = itertools.cycle(backends)

    async def handle(request: web.Request) -> web.StreamResponse:
        began = time.monotonic()
        request_id = str(uuid.uuid4())
        headers = request.headers.copy()
        headers["X-Request-Id"] = request_id
        headers["X-Forwarded-For"] = request.remote or ""
        backend = next(turn)
        url = f"http://127.0.0.1:{backend}{request.path_qs}"
        session: aiohttp.ClientSession = request.app["session"]
        body = request.content if request.body_exists else None
        async with session.request(request.method, url, headers=headers, data=body) as upstream:
            response = web.StreamResponse(status=upstream.status)
            for name, value in upstream.headers.items():
                if name.lower() not in ("transfer-encoding", "connection"):
                    response.headers.add(name, value)
            await response.prepare(request)
            size = 0
            async for piece in upstream.content.iter_any():
                size += len(piece)
                await response.write(piece)
            await response.write_eof()
        print(
            f'at=info method={request.method} path="{request.path_qs}" host={request.host} '
            f'request_id={request_id} fwd="{request.remote}" dyno={backend} connect=0ms '
            f"service={int((time.monotonic() - began) * 1000)}ms status={upstream.status} "
            f"bytes={size} protocol=http"
        )
        return response

    async def session(app: web.Application):  # noqa: ANN202
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            app["session"] = session
            yield

    app = web.Application(client_max_size=2**30)
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", handle)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]])
