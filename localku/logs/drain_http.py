"""Batches to an HTTP receiver: `POST` of application/logplex-1, as Logplex sends it.

This is all of HTTP/1.1 that a drain needs, and no library: a full client parses whatever a receiver
sends for as long as it sends (measured: a flood of tiny chunks or interim answers stops the event
loop for a third of a second with aiohttp), and every dyno would wait for that. No redirect is
followed and no proxy of the environment is used: the lines go where the drain says, or nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable

from localku.logs.delivery import Batch, is_refused, is_taken
from localku.logs.drain_answer import Answer, AnswerError
from localku.logs.drain_errors import DrainError, explain
from localku.logs.drain_line import Dialer, Line
from localku.logs.drain_url import Target

USER_AGENT = "Logplex/localku"


class HttpSender:
    """Sends to target. connect, request: seconds for a connection, and for an answer.

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
        self._dialer = Dialer(target, connect, context)
        self._request = request
        self._head = _head(target, token)
        self._talk: _Talk | None = None

    async def send(self, batch: Batch) -> None:
        """Return when the receiver has the batch. Raises DrainError."""
        try:
            status = await self._post(self._head % batch_fields(batch) + batch.body)
        except BaseException as error:
            self._drop()
            if not isinstance(error, Exception):
                raise
            raise explain(error) from None
        if not is_taken(status):
            raise DrainError(f"status {status}", refused=is_refused(status))

    async def close(self) -> None:
        """Let go of the connection."""
        talk, self._talk = self._talk, None
        if talk is not None:
            await talk.line.part()

    async def _post(self, request: bytes) -> int:
        if self._talk is not None and self._talk.is_free:
            try:
                return await asyncio.wait_for(self._talk.ask(request), self._request)
            except _ClosedEarly:
                pass  # it was about to close an idle connection (RFC 9112 9.3.1): a new one
        self._drop()
        self._talk = _Talk(await self._dialer.dial())
        return await asyncio.wait_for(self._talk.ask(request), self._request)

    def _drop(self) -> None:
        if self._talk is not None:
            self._talk.line.abort()
            self._talk = None


class _ClosedEarly(ConnectionResetError):
    """The connection broke before a byte of the answer came."""


class _Talk:
    """Requests and answers on one connection, one after the other."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._answer: Answer | None = None
        self._heard = False
        self._verdict: asyncio.Future[int] | None = None
        line.on_data = self._hear
        line.on_lost = self._lose

    @property
    def is_free(self) -> bool:
        """Whether the next request may go out here."""
        over = self._answer is None or self._answer.is_over
        return over and not self.line.lost

    async def ask(self, request: bytes) -> int:
        """The status that request is answered with; it may come before all of it is written."""
        self._answer, self._heard = Answer(), False
        self._verdict = asyncio.get_running_loop().create_future()
        self.line.transport.write(request)
        status = await self._verdict
        if self.line.transport.get_write_buffer_size():
            self.line.abort()  # the rest of the request would be taken for the next one
        return status

    def _hear(self, data: bytes) -> None:
        answer, verdict = self._answer, self._verdict
        if answer is None or verdict is None or answer.is_over:
            self.line.abort()  # nobody asked
            return
        self._heard = True
        try:
            answer.feed(data)
        except AnswerError as error:
            if not verdict.done():
                verdict.set_exception(DrainError(str(error)))
            self.line.abort()
            return
        if answer.status and not verdict.done():
            verdict.set_result(answer.status)
        if answer.is_hopeless:
            self.line.abort()

    def _lose(self) -> None:
        if self._verdict is not None and not self._verdict.done():
            self._verdict.set_exception(ConnectionResetError() if self._heard else _ClosedEarly())


def batch_fields(batch: Batch) -> tuple[bytes, bytes, bytes]:
    """What differs from request to request."""
    return str(batch.messages).encode(), batch.id.encode(), str(len(batch.body)).encode()


def _head(target: Target, token: str) -> bytes:
    """A template of the head, as Logplex sends it (heroku.md 4.3)."""
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.place.partition('://')[2]}",
        "Content-Type: application/logplex-1",
        "Logplex-Msg-Count: \0",
        "Logplex-Frame-Id: \0",
        f"Logplex-Drain-Token: {token}",
        f"User-Agent: {USER_AGENT}",
        "Content-Length: \0",
    ]
    if target.user or target.password:
        both = f"{target.user}:{target.password}".encode()
        lines.append("Authorization: Basic " + base64.b64encode(both).decode())
    text = "\r\n".join([*lines, "", ""])
    return text.replace("%", "%%").replace("\0", "%b").encode()
