"""Numbers and texts of `localku top`: short, aligned, and harmless to a terminal."""

from __future__ import annotations

from datetime import timezone

import pytest

from localku.top import figures
from localku.top.events import Events
from localku.top.spans import columns, fit, harmless

SHORT = [
    (figures.rate, {0: "0", 0.04: "0.0", 0.4: "0.4", 9.94: "9.9", 9.96: "10", 118.4: "118",
                    999.4: "999", 999.6: "1.0k", 9940: "9.9k", 12345: "12k", 250_000: "250k"}),
    (figures.count, {0: "0", 7: "7", 9949: "9949", 12_345: "12k", 999_600: "1.0M", 2e7: "20M"}),
    (figures.milliseconds, {None: "-", 0: "0ms", 0.42: "0.4ms", 3: "3ms", 3.2: "3.2ms",
                            12.7: "13ms", 999: "999ms", 1200: "1.2s", 30_001: "30s",
                            120_000: "2.0m", 3_600_000: "60m"}),
    (figures.size, {None: "-", 512: "512B", 12 << 10: "12K", 121 << 20: "121M", 1000 << 20: "1.0G",
                    512 << 20: "512M", 1536 << 20: "1.5G", 14 << 30: "14G"}),
    (figures.load, {None: "-", 0: "0.00", 1.254: "1.25", 9.999: "10.0", 12.34: "12.3"}),
    (figures.duration, {-1: "0s", 12.9: "12s", 245: "4m05s", 11_520: "3h12m", 439_200: "5d02h"}),
    (figures.number, {42.0: "42", 0.125: "0.125", 1234567.0: "1.23457e+06"}),
]  # fmt: skip
CASES = [(make, value, text) for make, table in SHORT for value, text in table.items()]


@pytest.mark.parametrize(("make", "value", "text"), CASES, ids=lambda each: str(each)[:20])
def test_numbers_are_short(make, value, text) -> None:  # type: ignore[no-untyped-def]
    assert make(value) == text


def test_a_clock_time() -> None:
    assert figures.clock(1_000_000.9, timezone.utc) == "13:46:40"


SPARKS = [
    ([0, 0, 1, 8], 4, 8, "  ▁█"),
    ([0, 0.001], 2, 8, " ▁"),  # what is not 0 can be seen
    ([9], 1, 8, "█"),
    ([4, 4, 8, 8, 0, 0], 3, 8, "▄█ "),  # two seconds a column
    ([8, 4, 4], 2, 8, "█▄"),  # the first column has the rest
    ([1], 3, 1, "  █"),
    ([], 3, 1, "   "),
    ([1], 0, 1, ""),
]


@pytest.mark.parametrize(("values", "width", "top", "line"), SPARKS)
def test_a_spark_line(values: list[float], width: int, top: float, line: str) -> None:
    assert figures.spark(values, width, top) == line


HARMLESS = [
    ("plain text", "plain text"),
    ("gr\u00fc\u00dfe 日本 🎉", "gr\u00fc\u00dfe 日本 🎉"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x1b[2J\x1b[H", "␛[2J␛[H"),
    ("\x1b]0;title\x07", "␛]0;title␇"),
    ("\x1bc", "␛c"),
    ("\x9b2J\x90q", "\ufffd2J\ufffdq"),  # C1: the same, in one character
    ("a\tb", "a       b"),
    ("a\r\nb\x08\x00\x7f", "a␍␊b␈␀␡"),
    ("\u202eevil\u2066\u200f\u2028", "\ufffdevil\ufffd\ufffd\ufffd"),
    ("half \udcff", "half \ufffd"),
]


@pytest.mark.parametrize(("text", "shown"), HARMLESS)
def test_no_text_steers_the_terminal(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_no_control_character_is_left() -> None:
    every = "".join(map(chr, range(0x3000)))
    left = [each for each in harmless(every) if ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0]
    assert left == []


FITS = [
    ("abc", 5, False, "abc  "),
    ("abc", 5, True, "  abc"),
    ("abcdef", 5, False, "abcd…"),
    ("日本語", 6, False, "日本語"),
    ("日本語", 5, False, "日本…"),
    ("日本語", 4, False, "日… "),
    ("e\u0301e\u0301e", 3, False, "e\u0301e\u0301e"),
    ("abc", 0, False, ""),
]


@pytest.mark.parametrize(("text", "width", "right", "shown"), FITS)
def test_a_text_takes_exactly_its_columns(text: str, width: int, right: bool, shown: str) -> None:
    assert fit(text, width, right=right) == shown
    assert columns(shown) == width


EVENTS = (
    b'event: point\ndata: {"t": 1}\n\n: a comment\nevent: mark\r\ndata: {"a":\r\ndata: 2}\r\n\r\n'
)


@pytest.mark.parametrize("size", [1, 2, 7, len(EVENTS)])
def test_events_come_in_any_pieces(size: int) -> None:
    parser = Events()
    pieces = [EVENTS[at : at + size] for at in range(0, len(EVENTS), size)]
    found = [event for piece in pieces for event in parser.feed(piece)]
    assert found == [("point", {"t": 1}), ("mark", {"a": 2})]


@pytest.mark.parametrize("data", [b"data: no json\n\n", b"data: [1]\n\n", b"event: x\n\n", b"\n\n"])
def test_what_is_no_object_is_left_out(data: bytes) -> None:
    assert Events().feed(data) == []
