"""Entries as server-sent events: one for each whole line, and none twice."""

from __future__ import annotations

import re

from localku.logs.entry import Entry
from localku.logs.events import Events, read_id
from localku.logs.stream import LogStream

HEAD = "1970-01-01T00:00:0{}.000000+00:00 app[web.1]: "


def entries(*data: bytes) -> list[Entry]:
    """What a stream has made of it: numbered."""
    stream = LogStream()
    open_line = False
    for number, each in enumerate(data):
        stream.publish(Entry(float(number), "app", "web.1", each, open_line))
        open_line = not each.endswith(b"\n")
    return stream.history()


def told(events: Events, given: list[Entry]) -> list[tuple[int, str]]:
    """Ids and data of the events for them."""
    text = b"".join(events.feed(entry) for entry in given).decode()
    found = re.findall(r"(?:id: (\d+)\n)?data: (.*)\n\n", text)
    assert text.count("\n\n") == len(found)
    return [(int(id or 0), data) for id, data in found]


def test_an_event_for_each_line_with_growing_ids() -> None:
    found = told(Events(), entries(b"one\ntwo\n", b"three\n"))
    first, second = HEAD.format(0), HEAD.format(1)
    assert [data for _, data in found] == [first + "one", first + "two", second + "three"]
    ids = [id for id, _ in found]
    assert ids == sorted(set(ids))
    assert ids[0] > 0


def test_who_comes_back_gets_the_rest() -> None:
    given = entries(b"one\ntwo\nthree\n", b"four\n")
    every = told(Events(), given)
    for place, (id, _) in enumerate(every):
        again = Events(id)
        rest = [entry for entry in given if entry.number >= again.first]
        assert told(again, rest) == every[place + 1 :]


def test_a_partial_line_waits_until_it_is_whole() -> None:
    events = Events()
    start, middle, end = entries(b"half", b" of", b" it\n")
    assert told(events, [start, middle]) == []
    assert [data for _, data in told(events, [end])] == [HEAD.format(0) + "half of it"]
    assert events.finish() == b""
    last = Events()
    last.feed(start)
    assert last.finish().decode() == f"data: {HEAD.format(0)}half\n\n"


def test_bytes_that_would_break_an_event() -> None:
    found = told(Events(), entries(b"10%\r20%\r\n", b"\xff\n"))
    assert [data[len(HEAD) - 1 :] for _, data in found] == ["10% 20%", "\ufffd"]


def test_a_line_of_no_stream_has_no_id() -> None:
    loss = Entry(0.0, "heroku", "logplex", b"Error L11\n")
    assert Events(after=5 << 17).feed(loss).startswith(b"data: 1970")


def test_ids_of_others_are_none() -> None:
    assert [read_id(text) for text in ("", "x", "-1", "1" * 30, "²", "7")] == [0, 0, 0, 0, 0, 7]
