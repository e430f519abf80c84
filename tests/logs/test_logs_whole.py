"""A drain gets whole lines only, each byte once, whatever was shown of a line before its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localku.logs.entry import Entry
from localku.logs.lines import MAX_LINE, LineSplitter
from localku.logs.whole import WholeLines


def entry(time: float, data: bytes, dyno: str = "web.1", *, continues: bool = False) -> Entry:
    return Entry(time, "app", dyno, data, continues)


def said(entries: tuple[Entry, ...]) -> list[tuple[float, str, bytes]]:
    return [(each.time, each.dyno, each.data) for each in entries]


def test_whole_lines_pass_as_they_are() -> None:
    one = entry(1, b"a\nb\n")
    assert WholeLines().feed(one) == (one,)


def test_a_prompt_waits_for_its_end_and_has_the_time_of_its_first_byte() -> None:
    whole = WholeLines()
    assert whole.feed(entry(1, b"$ ")) == ()
    assert said(whole.feed(entry(2, b"other\n", "web.2"))) == [(2, "web.2", b"other\n")]
    assert whole.feed(entry(3, b"ls", continues=True)) == ()
    after = whole.feed(entry(4, b" -l\ntotal 0\n", continues=True))
    assert said(after) == [(1, "web.1", b"$ ls -l\n"), (4, "web.1", b"total 0\n")]


def test_a_line_that_is_not_continued_ends_where_it_was() -> None:
    whole = WholeLines()
    whole.feed(entry(1, b"half"))
    assert said(whole.feed(entry(2, b"next\n"))) == [
        (1, "web.1", b"half\n"),
        (2, "web.1", b"next\n"),
    ]


def test_the_end_of_all_ends_what_is_open() -> None:
    whole = WholeLines()
    whole.feed(entry(1, b"a\n> "))
    assert said(whole.finish()) == [(1, "web.1", b"> \n")]
    assert whole.finish() == ()


def test_a_drain_that_comes_within_a_line_gets_the_rest_of_it() -> None:
    assert said(WholeLines().feed(entry(1, b"rest\n", continues=True))) == [(1, "web.1", b"rest\n")]


@given(
    pieces=st.lists(st.tuples(st.binary(max_size=20), st.booleans()), max_size=20),
    other=st.booleans(),
)
def test_what_a_dyno_wrote_comes_out_once_and_in_order(
    pieces: list[tuple[bytes, bool]], other: bool
) -> None:
    """The law, through the splitter that cuts a dyno's bytes: flush() shows an open line early."""
    splitter, whole = LineSplitter(), WholeLines()
    out: list[bytes] = []

    def give(data: bytes) -> None:
        if data:
            found = whole.feed(entry(0, data, continues=splitter.continues))
            assert all(each.data.endswith(b"\n") for each in found)
            out.extend(each.data for each in found)
        if other:
            whole.feed(entry(0, b"noise", "web.2", continues=True))

    for piece, flush in pieces:
        give(splitter.feed(piece, 0))
        if flush:
            give(splitter.flush())
    give(splitter.close())
    written = b"".join(piece for piece, _ in pieces)
    assert b"".join(out) == written + (b"" if written.endswith(b"\n") or not written else b"\n")


def test_never_more_than_one_line_of_a_dyno_is_held_back() -> None:
    whole = WholeLines()
    out = b""
    for _ in range(30):
        for each in whole.feed(entry(0, b"x" * 1000, continues=True)):
            out += each.data
    assert out == (b"x" * MAX_LINE + b"\n") * 2
