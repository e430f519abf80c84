"""One request on its way: from a whole request head to one log line.

The law: phases only go forward (WAIT → CONNECT → SEND → AWAIT → RESPOND → DONE; a refused dyno or
a stale link steps back to WAIT or CONNECT before the dyno has answered a byte), every phase has a
deadline, and each exchange ends exactly once, in outcome.complete() or outcome.fail().
Where it goes is decided in dispatch.py, what the dyno's answer means in answer.py.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from localku.router import codes, dispatch, outcome
from localku.router.answer import relay, take_head
from localku.router.chunked import BadChunk, ChunkScanner
from localku.router.phase import (
    AWAIT,
    BULK,
    CHUNKED,
    CONNECT,
    DONE,
    RESPOND,
    SEND,
    UNTIL_CLOSE,
    WAIT,
)

if TYPE_CHECKING:
    from localku.router.apps import App
    from localku.router.front import Front
    from localku.router.head import Fields
    from localku.router.request_line import RequestLine
    from localku.router.router import Router
    from localku.router.upstream import Dyno, Link

HELD_MAX = 65_536  # bytes of a request body kept while no dyno takes them

_NOBODY: set[Dyno] = set()


class Exchange:
    """The state of one request; front.py makes it, start() sets it going.

    payload: head and body bytes that the dyno has not got yet, or that may have to be sent again.
    in_left, out_left: body bytes still to come from the client, from the dyno; or CHUNKED, ….
    status: of the dyno's final response head, 0 before it. received: bytes read from the dyno,
    skipped: those among them that the log does not count. connect: ms, -1 when never connected.
    """

    __slots__ = (
        *("app", "block", "connect", "deadline", "dyno", "failure", "fields", "fresh", "front"),
        *("in_left", "in_scan", "keep", "line", "link", "linked", "out_left", "out_scan"),
        *("payload", "phase", "received", "request_id", "reusable", "router", "skipped"),
        *("started", "status", "tried", "watermark"),
    )

    def __init__(
        self,
        router: Router,
        front: Front,
        app: App,
        line: RequestLine,
        fields: Fields,
        request_id: bytes,
        started: float,
    ) -> None:
        self.router = router
        self.front = front
        self.app = app
        self.line = line
        self.fields = fields
        self.request_id = request_id
        self.started = self.linked = started
        self.deadline = 0.0
        self.phase = WAIT
        self.payload = b""
        self.dyno: Dyno | None = None
        self.link: Link | None = None
        self.connect = -1
        self.in_left = 0
        self.in_scan: ChunkScanner | None = None
        self.out_left = 0
        self.out_scan: ChunkScanner | None = None
        self.status = 0
        self.received = self.skipped = 0
        self.keep = fields.keep_alive if line.old else not fields.close
        self.reusable = False
        self.fresh = False
        self.tried = _NOBODY
        self.failure: codes.Code | None = None
        self.watermark = 0

    def start(self, head: bytes, behind: bytes) -> None:
        """Go. head: the request head towards the dyno; behind: the bytes that came with it."""
        fields = self.fields
        self.payload = head
        if fields.chunked:
            self.in_left = CHUNKED
            self.in_scan = ChunkScanner()
        elif fields.length > 0:
            self.in_left = fields.length
        app = self.app
        app.inflight += 1
        if app.route.maintenance:
            outcome.fail(self, codes.H80)
            return
        if app.route.blank:
            outcome.fail(self, codes.H81)
            return
        if app.inflight > app.limit:
            outcome.fail(self, codes.H11)
            return
        if behind:
            try:
                self.payload += self._take(behind)
            except BadChunk:
                self._bad_chunk()
                return
        dispatch.seek(self, self.started)
        if fields.expect and self.in_left and self.phase != DONE and not self.line.old:
            self.front.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def client_data(self, data: bytes) -> None:
        """More of the body, or the next request already."""
        if not self.in_left:
            self.front.hold(data)
            return
        try:
            body = self._take(data)
        except BadChunk as error:
            if self.link is not None and self.phase >= SEND:
                self.link.write(error.relay)
            self._bad_chunk()
            return
        if self.phase < SEND:
            self.payload += body
            if len(self.payload) > HELD_MAX:
                self.front.pause_reading()
            return
        self.front.bulk = self.in_left > BULK
        if self.link is not None and body:
            self.link.write(body)
        self._touched()

    def _take(self, data: bytes) -> bytes:
        """The part of data that is this request's body, to be sent on. Raises BadChunk."""
        scan = self.in_scan
        if scan is not None:
            body = scan.feed(data)
            if scan.done:
                self.in_left = 0
                if scan.rest:
                    self.front.hold(scan.rest)
            return body
        left = self.in_left
        if len(data) <= left:
            self.in_left = left - len(data)
            return data
        self.in_left = 0
        self.front.hold(data[left:])
        return data[:left]

    def _touched(self) -> None:
        """A byte of the body has gone on: the request may be whole now, the clock starts anew."""
        if self.phase == SEND and not self.in_left:
            self.phase = AWAIT
            self.deadline = monotonic() + self.router.settings.request_timeout
        else:
            self.deadline = monotonic() + self.router.settings.idle_timeout

    def _bad_chunk(self) -> None:
        shown = codes.ALL if self.link is not None else codes.NONE
        outcome.fail(self, self.router.client_error(400, "bad chunk", shown))

    def client_lost(self) -> None:
        """H27: nobody waits for the answer any more; the dyno's connection is closed."""
        outcome.fail(self, codes.H27)

    def client_blocked(self) -> None:
        """Read no more from the dyno until the client has caught up."""
        if self.link is not None:
            self.link.pause_reading()
            self.watermark = self.front.backlog

    def client_drained(self) -> None:
        """Go on."""
        if self.link is not None:
            self.link.resume_reading()
            self._rolled()

    def dyno_connected(self) -> None:
        """The dyno accepted: send what is there."""
        link = self.link
        if link is not None:
            now = monotonic()
            self.connect = int((now - self.linked) * 1000)
            dispatch.send(self, link, now)

    def dyno_data(self, data: bytes) -> None:
        """The response, from its first byte to its last."""
        self.received += len(data)
        if self.status:
            relay(self, data)
        else:
            take_head(self, data)

    def dyno_lost(self, error: OSError | None) -> None:
        """The dyno hung up; what that means depends on what it had said so far."""
        if self.phase == CONNECT:
            dispatch.refused(self, error, monotonic())
        elif self.status:
            if self.out_left == UNTIL_CLOSE and error is None:
                outcome.complete(self)
            else:
                outcome.fail(self, codes.H18)
        elif self.received:
            outcome.fail(self, codes.H18)
        elif self.payload and self.link is not None and self.link.reused:
            dispatch.again(self, monotonic())
        else:
            outcome.fail(self, codes.H13)

    def dyno_blocked(self) -> None:
        """Read no more of the body from the client until the dyno has caught up."""
        if self.in_left:
            self.front.pause_reading()

    def dyno_drained(self) -> None:
        """Go on."""
        self.front.resume_reading()
        self._rolled()

    def _rolled(self) -> None:
        if self.phase in (SEND, RESPOND):
            self.deadline = monotonic() + self.router.settings.idle_timeout

    def expired(self, now: float) -> None:
        """The phase took too long: whose fault it is decides the code."""
        phase = self.phase
        if phase == WAIT:
            outcome.fail(self, codes.H34 if self.app.dynos else codes.H20)
        elif phase == CONNECT:
            dispatch.refused(self, None, now)
        elif phase == AWAIT:
            outcome.fail(self, codes.H12)
        elif phase == SEND:
            blocked = self.link is not None and self.link.blocked
            outcome.fail(self, codes.H15 if blocked else codes.H28)
        elif not self.front.blocked:
            outcome.fail(self, codes.H15)
        elif self.front.backlog < self.watermark:  # slow, but it reads
            self.watermark = self.front.backlog
            self._rolled()
        else:
            outcome.fail(self, codes.H28)

    def cut(self) -> None:
        """The router goes down."""
        outcome.fail(self, codes.H24)

    def crashed(self) -> None:
        """Our own fault."""
        if self.phase != DONE:
            outcome.fail(self, codes.H99)
