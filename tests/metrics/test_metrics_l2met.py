"""l2met's conventions, by tables: what a line measures."""

from __future__ import annotations

import pytest

from localku.metrics.l2met import Reading, may_measure, number, read

M, C, S = "measure", "count", "sample"
LINES = {
    "measure": ("measure#db.query=12ms", [Reading(M, "db.query", 12, "ms")]),
    "count": ("count#signup=1", [Reading(C, "signup", 1)]),
    "sample": ("sample#queue.depth=42", [Reading(S, "queue.depth", 42)]),
    "a fraction": ("measure#x=12.75ms", [Reading(M, "x", 12.75, "ms")]),
    "legacy": ("measure.hello=1", [Reading(M, "hello", 1)]),
    "a key alone": ("count#signup", [Reading(C, "signup", 1)]),
    "an empty value": ("count#signup=", [Reading(C, "signup", 1)]),
    "several": (
        "at=info measure#a=1s count#b=2 sample#c=3GB",
        [Reading(M, "a", 1, "s"), Reading(C, "b", 2), Reading(S, "c", 3, "GB")],
    ),
    "a source": (
        "source=web.1 measure#a=1ms count#b=1",
        [Reading(M, "a", 1, "ms", "web.1"), Reading(C, "b", 1, "", "web.1")],
    ),
    "a source behind": ("count#b=1 source=w", [Reading(C, "b", 1, "", "w")]),
    "within text": ("I, [x] -- : count#b=1 done", [Reading(C, "b", 1)]),
    "no exponent": ("measure#x=1e5", [Reading(M, "x", 1, "e")]),
    "no sign": ("measure#x=-5", []),
    "no number": ("measure#x=fast", []),
    "two dots": ("measure#x=1.2.3", [Reading(M, "x", 1.2)]),
    "in quotes": ('msg="count#b=1"', []),
    "a quoted value": ('measure#x="12ms"', [Reading(M, "x", 12, "ms")]),
    "no name": ("measure#=5", []),
    "another word": ("recount#b=1 amount#x=3 #tag", []),
    "a name that is too long": (f"count#{'x' * 101}=1", []),
    "a source that is too long": (f"count#x=1 source={'x' * 101}", []),
    "digits without end": (f"measure#x={'9' * 400}", []),
    # l2met's first version, and scrolls: the name is fn's
    "elapsed": ("app=shop fn=resize at=finish elapsed=0.053", [Reading(M, "resize", 0.053, "s")]),
    "elapsed with a unit": ("fn=f at=finish elapsed=53ms", [Reading(M, "f", 53, "ms")]),
    "elapsed, at is the name": ("at=resize elapsed=2", [Reading(M, "resize", 2, "s")]),
    "elapsed without a name": ("at=finish elapsed=2", []),
    "elapsed at a level": ("at=info elapsed=2", []),
    "elapsed without at": ("fn=resize elapsed=2", []),
    "elapsed without a value": ("at=resize elapsed=", []),
}


@pytest.mark.parametrize(("line", "wanted"), LINES.values(), ids=LINES)
def test_a_line(line: str, wanted: list[Reading]) -> None:
    assert read(line) == wanted
    if wanted:
        assert may_measure(f"x\n{line}\n".encode())


def test_most_lines_are_not_even_looked_at() -> None:
    assert not may_measure(b"at=info event=request path=/ status=200\n10.0.0.1 GET / 200 12\n")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", 1), ("7", 7), ("7.5", 7.5), ("7.", 7), (".5", 0.5), (".", None), ("x1", None)],
)
def test_the_number_that_a_value_begins_with(text: str, wanted: float | None) -> None:
    assert number(text) == wanted


def test_the_source_splits_the_series() -> None:
    first, second = read("measure#a=1 source=web.1")[0], read("measure#a=1")[0]
    assert (first.key, second.key) == ("a{web.1}", "a")
