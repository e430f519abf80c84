"""The API's server: one for all its doors, imported and made when the first client comes.

aiohttp takes 150 to 210 ms to import, so that happens in a thread while router and logs go on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from aiohttp.web import AppRunner

    from localku.api.host import Host


class Serving:
    """Answers for `platform`: a service of it. Its doors ask for `runner`."""

    def __init__(self, platform: Host) -> None:
        self.platform = platform
        self._making: asyncio.Task[AppRunner] | None = None
        self._started = 0.0

    async def start(self) -> None:
        """Nothing yet but the time."""
        self._started = asyncio.get_running_loop().time()

    async def runner(self) -> AppRunner:
        """The server, as soon as it is there. Raises what kept it from coming up, each time."""
        if self._making is None:
            self._making = asyncio.get_running_loop().create_task(self._make())
        return await asyncio.shield(self._making)

    def meet(self, data: bytes) -> asyncio.Protocol | None:
        """Who takes a connection that begins with these bytes, and is no HTTP (rendezvous)."""
        if self._making is None or not self._making.done():
            return None
        from localku.api.oneoffs import MEETINGS

        return self._making.result().app[MEETINGS].meet(data)

    async def _make(self) -> AppRunner:
        try:
            server = await asyncio.get_running_loop().run_in_executor(None, _import_server)
            return await server.serve(self.platform, self._started)  # type: ignore[no-any-return]
        except Exception as error:
            # the app goes on without its API; whoever asks for it is refused at once
            self.platform.say(f"The API cannot be served: {type(error).__name__}: {error}")
            raise

    async def close(self) -> None:
        """End it: clients at work get a moment, attached terminals are told."""
        if self._making is None:
            return
        try:
            runner = await self._making
        except Exception:
            return  # that was said
        await runner.cleanup()


def _import_server() -> ModuleType:
    from localku.api import server

    return server
