"""Frames of drains: what a parser written from the RFCs reads out of them is what went in."""

from __future__ import annotations

import re

import pytest
from drain_frames import read, split, texts
from hypothesis import given
from hypothesis import strategies as st

from localku.logs.entry import Entry
from localku.logs.lines import MAX_LINE
from localku.logs.logplex import Framer
from localku.logs.losses import Loss, output_overflow

MOMENT = 1_342_915_586.25  # 2012-07-22T00:06:26.25Z
TOKEN = "d.01234567-89ab-cdef-0123-456789abcdef"


def frame(entry: Entry, framer: Framer | None = None) -> bytes:
    return b"".join((framer or Framer()).frames(entry))


def test_the_http_form_is_logplexs() -> None:
    """Its documentation: five header fields, the literal `host`, LEN counts the line end."""
    data = frame(Entry(MOMENT, "app", "web.1", b"Hi from python\n"))
    assert data == b"72 <190>1 2012-07-22T00:06:26.250000+00:00 host app web.1 - Hi from python\n"
    length, _, rest = data.partition(b" ")
    assert int(length) == len(rest)


def test_the_syslog_form_has_the_token_and_both_dashes() -> None:
    data = frame(Entry(MOMENT, "heroku", "web.1", b"Idling\n"), Framer(TOKEN))
    head = f"<134>1 2012-07-22T00:06:26.250000+00:00 {TOKEN} heroku web.1 - - Idling\n"
    assert data == f"{len(head)} {head}".encode()


@pytest.mark.parametrize(
    ("source", "dyno", "pri"),
    [
        ("app", "web.1", 190),
        ("app", "api", 190),
        ("heroku", "web.1", 134),
        ("heroku", "router", 158),
        ("heroku", "logplex", 172),
    ],
)
def test_priorities_are_those_of_herokus_drains(source: str, dyno: str, pri: int) -> None:
    assert read(frame(Entry(MOMENT, source, dyno, b"x\n")))[0].pri == pri


def test_router_2_has_another_facility() -> None:
    framer = Framer(router_pri=134)
    assert read(frame(Entry(MOMENT, "heroku", "router", b"x\n"), framer))[0].pri == 134


def test_the_l10_frame_has_whole_seconds_and_no_line_end() -> None:
    """heroku.md section 2."""
    loss = Loss()
    loss.count(500, 1_366_225_486.5, 1_366_225_500.75)
    data = Framer().loss(output_overflow(loss))
    text = (
        b"<172>1 2013-04-17T19:05:00+00:00 host heroku logplex - Error L10 (output buffer "
        b"overflow): 500 messages dropped since 2013-04-17T19:04:46+00:00."
    )
    assert data == b"%d %b" % (len(text), text)


NAMES = st.sampled_from(
    ["web.1", "worker.12", "run.1234", "router", "api", "", "ö", "%d%", "a b", "x" * 300]
)
LINE = st.binary(max_size=60).map(lambda text: text.replace(b"\n", b"")) | st.sampled_from(
    [
        b"",
        b"12 <190>1 x",
        b"\r",
        b"\x00\xff",
        b"5 abcde6 <1>1 x",
        b"\xe2\x9c\x93",
        b" ",
        b"x" * 9_999,
    ]
)


@given(
    entries=st.lists(st.tuples(NAMES, st.lists(LINE, min_size=1, max_size=5)), max_size=6),
    syslog=st.booleans(),
)
def test_what_goes_in_comes_out(entries: list[tuple[str, list[bytes]]], syslog: bool) -> None:
    """Nothing in a line, a name or a moment can forge a frame, end one or lose a byte."""
    framer = Framer(TOKEN if syslog else "")
    wanted = [(dyno, line + b"\n") for dyno, lines in entries for line in lines]
    data = b"".join(
        frame(Entry(MOMENT, "app", dyno, b"".join(line + b"\n" for line in lines)), framer)
        for dyno, lines in entries
    )
    found = read(data, structured=syslog)
    assert [each.text for each in found] == [text for _, text in wanted]
    for each, (dyno, _) in zip(found, wanted, strict=True):
        assert each.proc == (re.sub(r"[^\x21-\x7e]+", "?", dyno)[:128] or "-")
        assert (each.app, each.msgid) == ("app", "-")
        assert (each.host, each.structured) == ((TOKEN, "-") if syslog else ("host", ""))


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_line_can_begin_another_frame(before: bytes, after: bytes) -> None:
    forged = b"%b\n40 <174>1 2012-07-22T00:06:26+00:00 host app web.9 - no\n%b\n" % (before, after)
    data = frame(Entry(MOMENT, "app", "web.1", forged))
    assert {each.proc for each in read(data)} == {"web.1"}
    assert b"\n".join(texts(data)) + b"\n" == forged


@pytest.mark.parametrize("size", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE + 5])
def test_ten_thousand_bytes_are_the_most_that_one_frame_has(size: int) -> None:
    text = bytes(65 + n % 26 for n in range(size))
    found = texts(frame(Entry(MOMENT, "app", "web.1", text + b"\n")))
    assert b"".join(found) == text
    assert [len(each) for each in found[:-1]] == [MAX_LINE] * (len(found) - 1)
    assert len(found[-1]) <= MAX_LINE


def test_the_parser_itself_can_fail() -> None:
    for bad in (b"x", b"5 abc", b"05 abcde", b"-1 a"):
        with pytest.raises(AssertionError):
            split(bad)
