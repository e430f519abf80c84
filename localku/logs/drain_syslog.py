"""Batches to a syslog receiver: octet-counted frames on one TCP connection (RFC 6587 3.4.1), over
TLS for syslog+tls (RFC 5425).

Such a receiver never answers. A batch is taken when the kernel has all of it; when the connection
breaks before that, all of the batch is sent again on the next one. So batches are bounded.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from localku.logs.delivery import Batch
from localku.logs.drain_errors import explain
from localku.logs.drain_line import Dialer, Line
from localku.logs.drain_url import Target

BATCH = 64 << 10  # bytes; Logplex has 4,096, which costs sixteen times the wake-ups
MAX_TALK = 64 << 10  # bytes that a receiver may say on one connection: it has nothing to say


class SyslogSender:
    """Sends to target. connect, request: seconds for a connection, and for a batch to be taken.

    context: makes the TLS context, called in a thread; it may raise UserError.
    """

    def __init__(
        self,
        target: Target,
        *,
        connect: float,
        request: float,
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._dialer = Dialer(target, connect, context)
        self._request = request
        self._line: Line | None = None
        self._heard = 0

    async def send(self, batch: Batch) -> None:
        """Return when the kernel has the batch. Raises DrainError."""
        try:
            if self._line is None or self._line.lost:
                self._drop()
                self._line = await self._dialer.dial()
                self._line.on_data = self._hear
                self._heard = 0
            await self._line.write(batch.body, self._request)
        except BaseException as error:
            self._drop()
            if not isinstance(error, Exception):
                raise
            raise explain(error) from None

    async def close(self) -> None:
        """Let go of the connection."""
        line, self._line = self._line, None
        if line is not None:
            await line.part()

    def _hear(self, data: bytes) -> None:
        self._heard += len(data)
        if self._heard > MAX_TALK and self._line is not None:
            self._line.abort()

    def _drop(self) -> None:
        if self._line is not None:
            self._line.abort()
            self._line = None
