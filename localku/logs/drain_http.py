"""Batches to an HTTP receiver: `POST` of application/logplex-1, as Logplex sends it.

aiohttp is imported when the first batch is sent, in a thread: it takes a fifth of a second. No
redirect is followed and no proxy of the environment is used: the lines go where the drain says, or
nowhere. Of an answer only the status counts; what is behind it is read as far as it is small.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localku.logs.delivery import Batch, is_refused, is_taken
from localku.logs.drain_errors import DrainError, explain
from localku.logs.drain_url import Target
from localku.logs.resolve import addresses

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

MAX_ANSWER = 64 << 10  # bytes of a response that are read so that its connection can be kept
PATIENCE = 0.5  # seconds for them: the batch is taken already
USER_AGENT = "Logplex/localku"


class HttpSender:
    """Sends to target. connect, request: seconds for a connection, and for all of a request.

    context: makes the TLS context, called in a thread; it may raise UserError.
    """

    def __init__(
        self,
        target: Target,
        token: str,
        *,
        connect: float,
        request: float,
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._target = target
        self._token = token
        self._connect = connect
        self._request = request
        self._context = context
        self._session: ClientSession | None = None

    async def send(self, batch: Batch) -> None:
        """Return when the receiver has the batch. Raises DrainError."""
        try:
            if self._session is None:
                self._session = await self._open()
            status = await self._post(self._session, batch)
        except Exception as error:
            raise explain(error) from None
        if not is_taken(status):
            raise DrainError(f"status {status}", refused=is_refused(status))

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _open(self) -> ClientSession:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, _import)
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        context: Any = True
        if self._target.is_tls:
            context = await loop.run_in_executor(None, self._context)
        connector = TCPConnector(limit=1, ssl=context, resolver=_resolver())
        return ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding"),
            timeout=ClientTimeout(total=None, connect=self._connect, sock_read=self._request),
            trust_env=False,
        )

    async def _post(self, session: ClientSession, batch: Batch) -> int:
        from aiohttp import BasicAuth
        from yarl import URL

        target = self._target
        auth = None
        if target.user or target.password:
            auth = BasicAuth(target.user, target.password, encoding="utf-8")
        headers = {
            "Content-Type": "application/logplex-1",
            "Logplex-Msg-Count": str(batch.messages),
            "Logplex-Frame-Id": batch.id,
            "Logplex-Drain-Token": self._token,
            "User-Agent": USER_AGENT,
        }
        url = URL(target.place + target.path, encoded=True)
        asked = session.post(
            url, data=batch.body, headers=headers, auth=auth, allow_redirects=False
        )
        response = await asyncio.wait_for(asked, self._connect + self._request)
        try:
            await asyncio.wait_for(_read_rest(response), PATIENCE)
        except Exception:
            pass  # the status is known: how its body ended is nobody's business
        finally:
            response.close()  # unless it was read to its end, its connection goes with it
        return response.status


async def _read_rest(response: ClientResponse) -> None:
    """Read what is behind the head, as far as it is small: a connection can then be used again."""
    room = MAX_ANSWER
    while room > 0:
        data = await response.content.read(room)
        if not data:
            return
        room -= len(data)


def _import() -> None:
    import aiohttp  # noqa: F401


def _resolver() -> Any:
    from aiohttp.abc import AbstractResolver

    class Resolver(AbstractResolver):
        """Asks resolve.addresses, whose threads nobody has to wait for."""

        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[Any]:
            found = await addresses(host)
            return [
                {
                    "hostname": host,
                    "host": address,
                    "port": port,
                    "family": kind,
                    "proto": socket.IPPROTO_TCP,
                    "flags": socket.AI_NUMERICHOST,
                }
                for kind, address in found
                if family in (0, kind)
            ]

        async def close(self) -> None:
            pass

    return Resolver()
