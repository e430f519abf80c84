"""HTTP/2 on a client's connection (RFC 9113), by the h2 library. Imported with --http2 alone.

h2 keeps the protocol's state; a stream (http2_stream.py) keeps a request. Here is what they share:
the socket, the windows, and the bounds on what a client may do: streams at once, resets without
end (CVE-2023-44487), fields without end.
"""

from __future__ import annotations

from _socket import socket as Socket
from time import monotonic
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from localku.router import record
from localku.router.clock import FOREVER
from localku.router.forward import Edge
from localku.router.handshake import TlsEnd
from localku.router.http2_head import LIST_MAX, FrameGuard, Header
from localku.router.http2_stream import Http2Stream
from localku.router.wire import HIGH_WATER

if TYPE_CHECKING:
    from localku.router.router import Router

STREAMS_MAX = 100
RESETS_MAX = 200  # streams that a client may give up beyond those that it let end
_WINDOW = 1_048_576  # of the connection; each stream has 65,535
_FIRST_WINDOW = 65_535
_CONFIG = H2Configuration(
    client_side=False,
    validate_inbound_headers=False,  # http2_head.py does, and resets a stream, not the connection
    normalize_inbound_headers=False,
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


class Http2(TlsEnd):
    """One client. deadline: for idling, FOREVER while there are streams, which have their own."""

    __slots__ = (
        *("_credit", "_due", "_guard", "_h2", "_last", "_resets", "deadline", "deaf", "draining"),
        *("edge", "router", "streams"),
    )
    exchange: None = None

    def __init__(self, router: Router, sock: Socket, edge: Edge, now: float) -> None:
        super().__init__(router.poller, sock)
        self.router = router
        protocol = record.protocol_fields(router.classic, True, http2=True)
        via = b"2.0" + router.via[3:]
        self.edge = Edge(edge.client, edge.proto, edge.port, via, edge.keepalive, protocol)
        self.streams: dict[int, Http2Stream] = {}
        self.deadline = now + router.settings.head_timeout
        self.draining = False  # takes no more requests
        self.deaf = False  # hears nothing any more
        self._credit = 0
        self._due = False
        self._last = 0
        self._resets = RESETS_MAX
        self._guard = FrameGuard()
        self._h2 = H2Connection(_CONFIG)
        self._h2.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS_MAX,
                SettingCodes.MAX_HEADER_LIST_SIZE: LIST_MAX,
                SettingCodes.INITIAL_WINDOW_SIZE: _FIRST_WINDOW,
            },
        )
        self._h2.decoder.max_header_list_size = LIST_MAX

    def start(self) -> None:
        """Send our settings, and listen."""
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW - _FIRST_WINDOW)
        self.resume_reading()
        self._flush()

    # -- from the client -----------------------------------------------------------------------

    def on_data(self, data: bytes) -> None:
        """Frames."""
        if self.deaf:
            return
        if not self._guard.passes(data):
            self._end(ErrorCodes.FRAME_SIZE_ERROR)
            return
        try:
            events = self._h2.receive_data(data)
        except Exception:  # h2's own complaints, and what its parts raise on odd input
            self._end()
            return
        for event in events:
            self._take(event)
            if self.closing or self.deaf:
                return
        self.wake()

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._begin(event)
        elif isinstance(event, DataReceived):
            self._credit += event.flow_controlled_length
            stream = self.streams.get(event.stream_id)
            if stream is not None:
                stream.take(event.data, event.flow_controlled_length)
            if self._credit >= _WINDOW // 2:
                credit, self._credit = self._credit, 0
                self.widen(credit)
        elif isinstance(event, (TrailersReceived, StreamEnded)):
            self._ended(event)
        elif isinstance(event, StreamReset):
            self._given_up(event)
        elif isinstance(event, ConnectionTerminated):
            self.close()

    def _begin(self, event: RequestReceived) -> None:
        number = event.stream_id
        if self.draining:
            self.reset(number, ErrorCodes.REFUSED_STREAM)
            return
        self._last = number
        self.deadline = FOREVER
        stream = self.streams[number] = Http2Stream(self, number, monotonic())
        self.router.fronts.add(stream)
        stream.begin(event.headers, event.stream_ended is not None)

    def _ended(self, event: TrailersReceived | StreamEnded) -> None:
        """The end of a request: with trailers there are two events, of which the first counts."""
        stream = self.streams.get(event.stream_id)
        if stream is not None and stream.unread:
            stream.take_end(event.headers if isinstance(event, TrailersReceived) else [])

    def _given_up(self, event: StreamReset) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.lost()
            stream.forget()
        if event.remote_reset:
            self._resets -= 1
            if self._resets < 0:
                self._end(ErrorCodes.ENHANCE_YOUR_CALM)

    # -- to the client -------------------------------------------------------------------------

    def window(self, number: int) -> int:
        """How much body the client takes on a stream."""
        return max(self._h2.local_flow_control_window(number), 0)

    def inform(self, number: int, headers: list[Header]) -> None:
        """Queue a 1xx head."""
        try:
            self._h2.send_headers(number, headers)
        except ProtocolError:
            return  # the stream is over: it will be said
        self.wake()

    def send_headers(self, number: int, headers: list[Header], *, end: bool) -> None:
        """Queue a head or trailers. Raises ProtocolError when the stream is over, as send_data."""
        self._h2.send_headers(number, headers, end_stream=end)

    def send_data(self, number: int, data: bytes, *, end: bool) -> None:
        """Queue a piece of body, which must fit into the window and a frame."""
        self._h2.send_data(number, data, end_stream=end)

    def widen(self, credit: int, number: int | None = None) -> None:
        """Let the client send so much more, on a stream or on the connection."""
        try:
            self._h2.increment_flow_control_window(credit, number)
        except (ProtocolError, KeyError):
            return  # it is over already
        self.wake()

    def reset(self, number: int, code: ErrorCodes) -> None:
        """End a stream."""
        try:
            self._h2.reset_stream(number, code)
        except (ProtocolError, KeyError):
            return
        self.wake()

    def wake(self) -> None:
        """Something is to be sent: once, at the end of this turn of the loop."""
        if not self._due and not self.closed:
            self._due = True
            self.poller.soon(self._flush)

    def _flush(self) -> None:
        self._due = False
        going = True
        while going and not (self.blocked or self.closing or self.deaf):
            going = False
            queued = 0
            for number, stream in tuple(self.streams.items()):
                size = stream.pump()
                if size:
                    going = True
                    queued += size
                    if number in self.streams:
                        self.streams[number] = self.streams.pop(number)  # others go first now
                if queued >= HIGH_WATER:
                    break
            self._send()
        self._send()
        if self.draining and not self.streams and not self.deaf:
            super().close()

    def _send(self) -> None:
        data = self._h2.data_to_send()
        if data:
            self.write(data)

    # -- its ends ------------------------------------------------------------------------------

    def served(self) -> None:
        """A response has been sent to its end: the client may give another one up."""
        self._resets = min(self._resets + 1, RESETS_MAX)

    def left(self, number: int) -> None:
        """A stream has ended."""
        self.streams.pop(number, None)
        if not self.streams:
            self.deadline = monotonic() + self.router.settings.client_keepalive
            if self.draining:
                self.wake()

    def close(self) -> None:
        """GOAWAY: take no more requests, let those that are here end, then close."""
        if self.draining:
            return
        self.draining = True
        self._go_away(ErrorCodes.NO_ERROR)
        if not self.streams:
            super().close()

    def _go_away(self, code: ErrorCodes) -> None:
        # not by h2.close_connection(), behind which h2 lets no stream end
        self._send()
        frame = GoAwayFrame(0, last_stream_id=self._last, error_code=int(code))
        self.write(frame.serialize())

    def _end(self, code: ErrorCodes | None = None) -> None:
        """At once, streams or not, but wait a little for the client to read why, as Front does.

        code: why; h2 has said it already without one.
        """
        self._send()
        if code is not None:
            self._go_away(code)
        self.draining = self.deaf = True
        self._lose_streams()
        self.deadline = monotonic() + self.router.settings.linger
        self.router.clock.note()
        self.finish()
        self.resume_reading()

    def _lose_streams(self) -> None:
        for stream in tuple(self.streams.values()):
            stream.lost()
            stream.forget()

    def expired(self) -> None:
        """Nothing was asked for a while; or the client does not hang up."""
        if self.draining:
            self.abort()
        else:
            self.close()

    def on_eof(self) -> None:
        """The client hangs up."""
        self._lose_streams()
        super().close()

    def on_lost(self, error: OSError) -> None:
        """The client's connection broke."""

    def on_fault(self) -> None:
        """Our own fault."""
        for stream in tuple(self.streams.values()):
            if stream.exchange is not None:
                stream.exchange.crashed()
        self._end(ErrorCodes.INTERNAL_ERROR)

    def on_closed(self) -> None:
        """Nothing may point to a connection that is gone."""
        self._lose_streams()
        self.router.fronts.discard(self)
        self.router.left()

    def on_blocked(self) -> None:
        """The client reads too slowly: hear no more of what would have to be answered."""
        self.pause_reading()

    def on_drained(self) -> None:
        """There is room again."""
        self.resume_reading()
        self.wake()
