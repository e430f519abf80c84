"""An HTTP/2 client on the h2 library, for requests that a test spells out frame by frame."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from h2 import events
from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from router_rig import PATIENCE, Conn, Rig, rigged
from tls_kit import pki

from localku.router.settings import RouterSettings

Header = tuple[str, str]
GET = ((":method", "GET"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "/"))
POST = ((":method", "POST"), *GET[1:])


@dataclass
class Answer:
    """What came on a stream. over: it has ended, with a reset when that is not None."""

    informed: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    over: bool = False
    reset: int | None = None

    @property
    def status(self) -> str:
        return self.headers.get(":status", "")


class Client:
    """One connection. reads: whether it takes in what comes, stream by stream (windows)."""

    def __init__(self, conn: Conn) -> None:
        self.conn = conn
        config = H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        config.normalize_outbound_headers = False
        self.h2 = H2Connection(config)
        self.h2.initiate_connection()
        self.answers: dict[int, Answer] = {}
        self.lazy: set[int] = set()  # streams whose windows stay closed
        self.goaway: int | None = None
        self.gone = False

    async def flush(self) -> None:
        await self.conn.send(self.h2.data_to_send())

    async def send(
        self, headers: tuple[Header, ...], body: bytes | None = None, end: bool = True
    ) -> int:
        """Send a request; of a body as much as the windows take at once."""
        number = self.h2.get_next_available_stream_id()
        self.answers[number] = Answer()
        self.h2.send_headers(number, headers, end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(number, body, end_stream=end)
        await self.flush()
        return number

    async def upload(self, number: int, body: bytes) -> None:
        """Send a body of any size, as the windows open."""
        while body:
            await self.until(lambda: self.h2.local_flow_control_window(number) > 0)
            size = min(self.h2.local_flow_control_window(number), 16_384, len(body))
            self.h2.send_data(number, body[:size], end_stream=size == len(body))
            body = body[size:]
            await self.flush()

    async def answer(self, number: int) -> Answer:
        """The answer on a stream, when it is over."""
        await self.until(lambda: self.answers[number].over)
        return self.answers[number]

    async def ask(self, *more: Header, base: tuple[Header, ...] = GET) -> Answer:
        return await self.answer(await self.send((*base, *more)))

    async def until(self, condition: Callable[[], object]) -> None:
        """Read until it holds."""
        while not condition():
            assert not self.gone, "the router hung up"
            await self.read()

    async def read(self) -> None:
        data = await asyncio.wait_for(self.conn.reader.read(65_536), PATIENCE)
        if not data:
            self.gone = True
            return
        for event in self.h2.receive_data(data):
            self._take(event)
        if out := self.h2.data_to_send():
            await self.conn.send(out)

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.ConnectionTerminated):
            self.goaway = int(event.error_code or 0)
            # h2 takes it for the end of all; RFC 9113 section 6.8 lets the streams below it end
            self.h2.state_machine.state = ConnectionState.CLIENT_OPEN
        number = getattr(event, "stream_id", None)
        answer = self.answers.get(number or 0)
        if number is None or answer is None:
            return
        if isinstance(event, events.InformationalResponseReceived):
            answer.informed.append(dict(event.headers or []))  # type: ignore[arg-type]
        elif isinstance(event, events.ResponseReceived):
            answer.headers = dict(event.headers or [])  # type: ignore[arg-type]
        elif isinstance(event, events.TrailersReceived):
            answer.trailers = dict(event.headers or [])  # type: ignore[arg-type]
        elif isinstance(event, events.DataReceived):
            answer.body += event.data or b""
            if number not in self.lazy:
                self.h2.acknowledge_received_data(event.flow_controlled_length or 0, number)
        elif isinstance(event, events.StreamEnded):
            answer.over = True
        elif isinstance(event, events.StreamReset):
            answer.over = True
            answer.reset = int(event.error_code or 0)


@asynccontextmanager
async def http2(settings: RouterSettings | None = None) -> AsyncIterator[tuple[Rig, Client]]:
    """A router that speaks HTTP/2, and a client of it."""
    async with rigged(settings, pki=pki(), protocols=("h2", "http/1.1")) as rig:
        yield rig, await connect(rig)


async def connect(rig: Rig) -> Client:
    assert rig.trust is not None
    context = ssl.create_default_context()
    context.load_verify_locations(
        cadata="".join(map(ssl.DER_cert_to_PEM_cert, rig.trust.get_ca_certs(binary_form=True)))
    )
    context.set_alpn_protocols(["h2"])
    conn = await rig.dial_tls(ssl=context)
    assert conn.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    client = Client(conn)
    await client.flush()
    return client
