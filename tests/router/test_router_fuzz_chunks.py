"""The chunk scanner against h11: what it accepts means the same, however the stream is cut."""

from __future__ import annotations

from itertools import pairwise

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localku.router.chunked import BadChunk, ChunkScanner

MANY = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))

PIECES = st.one_of(
    st.sampled_from(
        [b"3\r\nabc\r\n", b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"a;x=y\r\n0123456789\r\n", b"1\r\na"]
        + [
            b"\r\n",
            b"0\r\n",
            b"+1\r\na\r\n",
            b"1 \r\na\r\n",
            b"00\r\n\r\n",
            b"5\n",
            b"A : b\r\n\r\n",
        ]
        + [
            b"1;\n\r\na\r\n",
            b"FFFFFFFFFFFFFFFF\r\n",
            b"1\r\na\rX",
            b"1\r\naX\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ]
    ),
    st.binary(max_size=4),
)


def _scan(stream: bytes, cuts: list[int], decode: bool) -> tuple[bytes, bool, bytes, bool]:
    """(relayed, done, rest, bad) of a stream fed in pieces."""
    scanner = ChunkScanner(decode=decode)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    out = b""
    for start, end in pairwise(edges):
        if scanner.done:
            return out, True, scanner.rest + stream[start:], False
        try:
            out += scanner.feed(stream[start:end])
        except BadChunk as error:
            return out + error.relay, False, b"", True
    return out, scanner.done, scanner.rest, False


def _h11_body(stream: bytes) -> tuple[bytes, bool, bytes]:
    """(payload, done, rest) as h11 reads a chunked body; raises RemoteProtocolError."""
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + stream)
    conn.next_event()
    payload = b""
    while True:
        event = conn.next_event()
        if isinstance(event, h11.EndOfMessage):
            return payload, True, conn.trailing_data[0]
        if event is h11.NEED_DATA:
            return payload, False, b""
        assert isinstance(event, h11.Data)
        payload += event.data


@MANY
@given(st.lists(PIECES, max_size=6).map(b"".join), st.lists(st.integers(0, 60), max_size=5))
def test_accepted_chunks_mean_the_same_to_h11(stream: bytes, cuts: list[int]) -> None:
    payload, done, rest, bad = _scan(stream, cuts, decode=True)
    if bad:
        return
    theirs, their_done, their_rest = _h11_body(stream)
    assert done == their_done
    if done:
        assert (payload, rest) == (theirs, their_rest)
    else:
        assert theirs.startswith(payload)


@MANY
@given(st.lists(PIECES, max_size=6).map(b"".join), st.lists(st.integers(0, 60), max_size=5))
def test_relayed_chunks_are_right_and_do_not_depend_on_the_cuts(
    stream: bytes, cuts: list[int]
) -> None:
    relayed, done, rest, bad = _scan(stream, cuts, decode=False)
    whole = _scan(stream, [], decode=False)
    if not bad or not whole[3]:
        assert (relayed, done, rest, bad) == whole
    payload, their_done, behind = _h11_body(relayed)
    assert their_done == done
    assert behind == b""
    if done:
        assert payload == _scan(stream, [], decode=True)[0]


@MANY
@given(st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=4))
def test_any_bytes_leave_the_scanner_in_one_piece(stream: bytes, cuts: list[int]) -> None:
    _scan(stream, cuts, decode=False)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_long_chunks_pass_in_pieces(size: int) -> None:
    data = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size) if size else b"0\r\n\r\n"
    scanner = ChunkScanner()
    out = b"".join(scanner.feed(data[at : at + 65_536]) for at in range(0, len(data), 65_536))
    assert (out, scanner.done, scanner.rest) == (data, True, b"")
