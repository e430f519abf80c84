from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localku.logs.lines import MAX_LINE, LineSplitter


def feed_all(splitter: LineSplitter, chunks: list[bytes]) -> list[bytes]:
    """The lines of all chunks, as a list without their line ends."""
    out = b"".join([splitter.feed(chunk, 0.0) for chunk in chunks] + [splitter.close()])
    assert out == b"" or out.endswith(b"\n")
    return out.split(b"\n")[:-1]


def expected_lines(data: bytes, limit: int, strip_cr: bool) -> list[bytes]:
    """The same in the plainest way, one line after the other."""
    lines = data.split(b"\n")
    last = lines.pop()
    if strip_cr:
        lines = [line.removesuffix(b"\r") for line in lines]
    if last:
        lines.append(last)
    pieces = []
    for line in lines:
        pieces += [line[at : at + limit] for at in range(0, len(line), limit)] or [b""]
    return pieces


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        pytest.param([b"a\n"], [b"a"], id="one line"),
        pytest.param([b"a\nb\n"], [b"a", b"b"], id="two lines"),
        pytest.param([b"a", b"b\n"], [b"ab"], id="a line in two chunks"),
        pytest.param([b"a\nb", b"c\nd"], [b"a", b"bc", b"d"], id="the last line has no end"),
        pytest.param([b"\n\n", b"\n"], [b"", b"", b""], id="empty lines"),
        pytest.param([b""], [], id="nothing"),
        pytest.param([b"a\0b\xff\xfe\n"], [b"a\0b\xff\xfe"], id="NUL and invalid UTF-8"),
        pytest.param([b"\xc3", b"\xa9\n"], [b"\xc3\xa9"], id="a character in two chunks"),
        pytest.param([b"a\r\n"], [b"a\r"], id="a pipe keeps its CR"),
        pytest.param(
            [b"a\x0bb\x0cc\x1cd\xc2\x85e\n"], [b"a\x0bb\x0cc\x1cd\xc2\x85e"], id="only LF"
        ),
    ],
)
def test_chunks_become_lines(chunks: list[bytes], lines: list[bytes]) -> None:
    assert feed_all(LineSplitter(), chunks) == lines


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        pytest.param([b"a\r\nb\r\n"], [b"a", b"b"], id="CR LF"),
        pytest.param([b"a\r", b"\nb"], [b"a", b"b"], id="CR and LF apart"),
        pytest.param([b"a\r\r\n"], [b"a\r"], id="only one CR is the pty's"),
        pytest.param([b"a\r", b"\r", b"\n"], [b"a\r"], id="only one CR, byte by byte"),
        pytest.param([b"10%\r20%\r\n"], [b"10%\r20%"], id="a progress bar"),
        pytest.param([b"a\r"], [b"a\r"], id="a CR at the end of the stream"),
        pytest.param([b"a\n"], [b"a"], id="raw mode has no CR"),
    ],
)
def test_a_pty_line_end_loses_its_cr(chunks: list[bytes], lines: list[bytes]) -> None:
    assert feed_all(LineSplitter(strip_cr=True), chunks) == lines


@pytest.mark.parametrize("strip_cr", [False, True], ids=["pipe", "pty"])
@pytest.mark.parametrize("step", [1, 7, 9_999, 10_000, 10_001, 65_536, 10**6])
@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (9_999, [9_999]),
        (10_000, [10_000]),
        (10_001, [10_000, 1]),
        (20_000, [10_000, 10_000]),
        (25_000, [10_000, 10_000, 5_000]),
        (100_000, [10_000] * 10),
    ],
)
def test_a_line_has_at_most_10000_bytes(
    size: int, sizes: list[int], step: int, strip_cr: bool
) -> None:
    end = b"\r\n" if strip_cr else b"\n"
    data = b"before" + end + bytes(97 + n % 26 for n in range(size)) + end + b"after" + end
    chunks = [data[at : at + step] for at in range(0, len(data), step)]
    lines = feed_all(LineSplitter(strip_cr=strip_cr), chunks)
    assert [len(line) for line in lines] == [6, *sizes, 5]
    assert b"".join(lines) == data.replace(end, b"")


def test_an_endless_line_is_never_held_back() -> None:
    splitter = LineSplitter()
    given_out = 0
    for _ in range(100):
        given_out += len(splitter.feed(b"x" * 65_536, 0.0).replace(b"\n", b""))
        assert given_out % MAX_LINE == 0
    assert 100 * 65_536 - given_out <= MAX_LINE


def test_an_open_line_is_shown_and_then_goes_on() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\nName: ", 5.0) == b"one\n"
    assert (splitter.continues, splitter.pending, splitter.since) == (False, True, 5.0)
    assert (splitter.flush(), splitter.continues, splitter.pending) == (b"Name: ", False, False)
    assert splitter.flush() == b""
    assert (splitter.feed(b"Bo", 6.0), splitter.pending, splitter.since) == (b"", True, 6.0)
    assert (splitter.flush(), splitter.continues) == (b"Bo", True)
    assert (splitter.feed(b"b\ntwo\n", 7.0), splitter.continues) == (b"b\ntwo\n", True)
    assert (splitter.feed(b"three\n", 8.0), splitter.continues) == (b"three\n", False)
    assert splitter.close() == b""


def test_since_is_the_age_of_the_oldest_byte_not_shown() -> None:
    splitter = LineSplitter()
    splitter.feed(b"a", 1.0)
    splitter.feed(b"b", 2.0)
    assert splitter.since == 1.0
    splitter.feed(b"\nc", 3.0)
    assert splitter.since == 3.0


def test_a_shown_line_that_ends_with_the_stream_gets_its_line_end() -> None:
    splitter = LineSplitter()
    splitter.feed(b"prompt> ", 0.0)
    splitter.flush()
    assert (splitter.close(), splitter.continues) == (b"\n", True)
    assert splitter.close() == b""


def test_the_cr_of_a_progress_bar_is_not_torn_from_its_lf() -> None:
    splitter = LineSplitter(strip_cr=True)
    splitter.feed(b"50%\r", 0.0)
    assert splitter.flush() == b"50%"
    assert not splitter.pending
    assert splitter.feed(b"60%\r", 0.0) == b""
    assert splitter.flush() == b"\r60%"
    assert (splitter.feed(b"\n", 0.0), splitter.continues) == (b"\n", True)


@pytest.mark.parametrize("shown", [1, 9_999, 10_000])
def test_what_was_shown_counts_towards_the_10000_bytes(shown: int) -> None:
    splitter = LineSplitter()
    splitter.feed(b"x" * shown, 0.0)
    assert splitter.flush() == b"x" * shown
    rest = splitter.feed(b"y" * 10_001 + b"\n", 0.0)
    assert splitter.continues
    whole = expected_lines(b"x" * shown + b"y" * 10_001, MAX_LINE, False)
    assert (b"x" * shown + rest).split(b"\n") == [*whole, b""]


LIMIT = 4
TEXT = st.lists(st.sampled_from([b"a", b"bc", b"\r", b"\n", b"\r\n", b"\0", b"\xff"])).map(b"".join)


@settings(max_examples=500, deadline=None)
@example(data=b"abcd\r\n", cuts=[4], shows=[True, True], strip_cr=True)
@given(
    data=TEXT,
    cuts=st.lists(st.integers(0, 60)),
    shows=st.lists(st.booleans(), max_size=20),
    strip_cr=st.booleans(),
)
def test_no_chunking_changes_the_lines(
    data: bytes, cuts: list[int], shows: list[bool], strip_cr: bool
) -> None:
    splitter = LineSplitter(LIMIT, strip_cr)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    out = b""
    for number, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
        lines = splitter.feed(data[start:end], 0.0)
        assert lines == b"" or lines.endswith(b"\n")
        assert splitter.continues == (out != b"" and not out.endswith(b"\n"))
        out += lines
        if number < len(shows) and shows[number]:
            text = splitter.flush()
            assert b"\n" not in text
            out += text
    last = splitter.close()
    assert not last or splitter.continues == (out != b"" and not out.endswith(b"\n"))
    out += last
    assert out.split(b"\n")[:-1] == expected_lines(data, LIMIT, strip_cr)


@settings(max_examples=50, deadline=None)
@given(data=st.binary(), cuts=st.lists(st.integers(0, 100)))
def test_any_bytes_come_out_as_they_went_in(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    assert feed_all(LineSplitter(), chunks) == expected_lines(data, MAX_LINE, False)
