"""The chunked coding, strictly (RFC 9112 section 7.1), as an incremental scanner.

It never collects a body: feed() says which bytes may go on now. Only control lines that are whole
and right go on; a chunk's data goes on as it comes. So a bad chunk is never seen by the other side,
and a clean run of chunks is relayed as the very bytes that came. Chunk extensions are left out.
"""

from __future__ import annotations

from localku.router.grammar import FIELD_TEXT, HEX, is_token, lines_of

LINE_MAX = 1024  # size, extensions and CRLF
TRAILERS_MAX = 16_384
_SIZE, _DATA, _END, _TRAILERS = range(4)

# A trailer must not change what its message is or where it goes (RFC 9110 section 6.5.1).
_FORBIDDEN = frozenset(
    (b"content-length", b"transfer-encoding", b"host", b"connection", b"trailer", b"te", b"upgrade")
)


class BadChunk(Exception):
    """The body breaks the coding. relay: the bytes of this feed that were still right."""

    def __init__(self, relay: bytes) -> None:
        super().__init__("bad chunk")
        self.relay = relay


class ChunkScanner:
    """Follows one body. done: the end was seen; rest: the bytes behind it.

    decode: give out the payload alone, for a client that frames otherwise; trailers: the field
    lines behind it, then.
    """

    __slots__ = ("_held", "_left", "_state", "decode", "done", "rest", "trailers")

    def __init__(self, decode: bool = False) -> None:
        self.decode = decode
        self._held = b""
        self._left = 0
        self._state = _SIZE
        self.done = False
        self.rest = b""
        self.trailers = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the stream, return those to relay. Raises BadChunk."""
        if self._held:
            data = self._held + data
            self._held = b""
        if self._state == _TRAILERS:
            out: list[bytes] = []
            self._finish(out, data, b"")
            return b"".join(out)
        if self._state != _SIZE or self.decode:
            return self._walk(data, 0)
        pos, end = whole_chunks(data)
        if not end:
            return data if pos == len(data) else self._walk(data, pos)
        self.done = True
        if end == len(data):
            return data
        self.rest = data[end:]
        return data[:end]

    def _walk(self, data: bytes, pos: int) -> bytes:
        """The careful way, from pos on; what is before pos is whole chunks."""
        out: list[bytes] = []
        start = 0  # [start:pos] is a run of raw bytes that was found right
        size = len(data)
        while pos < size:
            if self._state == _DATA:
                stop = min(pos + self._left, size)
                self._left -= stop - pos
                if self.decode:
                    out.append(data[pos:stop])
                pos = stop
                if self._left:
                    break
                self._state = _END
            elif self._state == _END:
                if data[pos : pos + 2] != b"\r\n":
                    self._refuse_unless(data[pos:] == b"\r", out, data, start, pos)
                    break
                pos += 2
                self._state = _SIZE
            else:
                end = data.find(b"\r\n", pos, pos + LINE_MAX)
                if end < 0:
                    self._refuse_unless(_may_begin_line(data[pos:]), out, data, start, pos)
                    break
                token, extension, _ = data[pos:end].partition(b";")
                self._refuse_unless(_is_size(token, data[pos:end]), out, data, start, pos)
                self._left = int(token, 16)
                if self._left == 0:
                    self._state = _TRAILERS
                    self._emit(out, data, start, pos)
                    self._finish(out, data[end + 2 :], token)
                    return b"".join(out)
                if extension and not self.decode:
                    self._emit(out, data, start, pos)
                    out.append(token + b"\r\n")
                    start = end + 2
                pos = end + 2
                self._state = _DATA
        self._held = data[pos:]
        if not out and start == 0 and not self.decode:
            return data if pos == size else data[:pos]
        self._emit(out, data, start, pos)
        return b"".join(out)

    def _emit(self, out: list[bytes], data: bytes, start: int, pos: int) -> None:
        if not self.decode and pos > start:
            out.append(data[start:pos])

    def _refuse_unless(
        self, right: bool, out: list[bytes], data: bytes, start: int, pos: int
    ) -> None:
        if not right:
            self._emit(out, data, start, pos)
            raise BadChunk(b"".join(out))

    def _finish(self, out: list[bytes], tail: bytes, token: bytes) -> None:
        """Behind the last chunk: hold everything back until the trailer section is whole.

        tail: the bytes behind the last chunk's line. token: that chunk's size as it was written,
        b"" when it is held in front of tail.
        """
        if token:
            tail = token + b"\r\n" + tail
        begin = tail.find(b"\r\n") + 2
        if tail[begin : begin + 2] == b"\r\n":
            end = begin
        else:
            end = tail.find(b"\r\n\r\n", begin) + 2
            if end < 2:
                if len(tail) > TRAILERS_MAX or not _may_begin_trailers(tail[begin:]):
                    raise BadChunk(b"".join(out))
                self._held = tail
                return
            if end > TRAILERS_MAX or not _are_trailers(tail[begin:end]):
                raise BadChunk(b"".join(out))
        self.done = True
        self.rest = tail[end + 2 :]
        if self.decode:
            self.trailers = tail[begin:end]
        else:
            out.append(tail[: end + 2])


def whole_chunks(data: bytes, pos: int = 0) -> tuple[int, int]:
    """(stop, end): data[pos:stop] is whole plain chunks; end: behind the last one, 0 without it.

    Anything unusual (extensions, trailers, faults) is left to the careful way.
    """
    find = data.find
    known = _sizes.get
    while True:
        line = find(b"\r\n", pos, pos + 18)
        if line < 0:
            return pos, 0
        token = data[pos:line]
        length = known(token)
        if length is None:
            length = _size(token)
            if length < 0:
                return pos, 0
        end = line + 4 + length
        if data[end - 2 : end] != b"\r\n":
            return pos, 0
        if not length:
            return pos, end
        pos = end


_sizes: dict[bytes, int] = {}  # chunk sizes as they were spelled -> numbers; bounded
_SIZES_MAX = 1024


def _size(token: bytes) -> int:
    """The number that a plain chunk size stands for, -1 when it is not plain."""
    if not token or token.translate(None, HEX):
        return -1
    number = int(token, 16)
    if len(_sizes) < _SIZES_MAX:
        _sizes[token] = number
    return number


def _is_size(token: bytes, line: bytes) -> bool:
    """1 to 16 hex digits, then nothing or an extension of printable octets."""
    return (
        0 < len(token) <= 16
        and not token.translate(None, HEX)
        and (len(line) == len(token) or not line.translate(None, FIELD_TEXT))
    )


def _may_begin_line(part: bytes) -> bool:
    """Whether an unfinished size line can still become a right one."""
    if len(part) >= LINE_MAX:
        return False
    if part.endswith(b"\r"):
        part = part[:-1]
        if not part:
            return False
    token, _, _ = part.partition(b";")
    return len(token) <= 16 and not token.translate(None, HEX) and _is_text(part)


def _is_text(part: bytes) -> bool:
    return not part.translate(None, FIELD_TEXT)


def _may_begin_trailers(part: bytes) -> bool:
    whole, _, last = part.rpartition(b"\r\n")
    return (not whole or _are_trailers(whole + b"\r\n")) and _is_text(last.rstrip(b"\r"))


def _are_trailers(section: bytes) -> bool:
    lines = lines_of(section)
    if lines is None:
        return False
    names = [line.partition(b":") for line in lines]
    return all(
        colon and is_token(name) and name.lower() not in _FORBIDDEN for name, colon, _ in names
    )
