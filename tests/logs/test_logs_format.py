from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import pytest

from localku.logs.entry import Entry
from localku.logs.format import Formatter
from localku.logs.palette import Palette

T = 1795428000.25  # 2026-11-23T10:00:00.25 UTC
HEAD = b"2026-11-23T10:00:00.250000+00:00 "


@pytest.fixture(autouse=True)
def utc_clock() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    del os.environ["TZ"]
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def app(data: bytes, dyno: str = "web.1", continues: bool = False) -> Entry:
    return Entry(T, "app", dyno, data, continues)


def shown(*entries: Entry, kind: str = "heroku", palette: Palette | None = None) -> bytes:
    formatter = Formatter(kind, palette)
    return b"".join([formatter.feed(entry) for entry in entries] + [formatter.finish()])


def bare(*entries: Entry) -> bytes:
    """In Heroku's format, without the timestamps."""
    return shown(*entries).replace(HEAD, b"")


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (app(b"hello\n"), HEAD + b"app[web.1]: hello\n"),
        (app(b"\n"), HEAD + b"app[web.1]: \n"),
        (app(b""), b""),
        (app(b"a\nb\n"), HEAD + b"app[web.1]: a\n" + HEAD + b"app[web.1]: b\n"),
        (app(b"\n\n"), (HEAD + b"app[web.1]: \n") * 2),
        (app(b"\0\xff%s %d\n"), HEAD + b"app[web.1]: \0\xff%s %d\n"),
        (app(b"x\n", "100%d.1"), HEAD + b"app[100%d.1]: x\n"),
        (Entry(T, "heroku", "router", b"at=info\n"), HEAD + b"heroku[router]: at=info\n"),
        (Entry(T, "app", "", b"x\n"), HEAD + b"app: x\n"),
        (Entry(0.0, "app", "api", b"x\n"), b"1970-01-01T00:00:00.000000+00:00 app[api]: x\n"),
        (
            Entry(T + 0.7499999, "app", "api", b"x\n"),
            b"2026-11-23T10:00:01.000000+00:00 app[api]: x\n",
        ),
    ],
)
def test_heroku_format(entry: Entry, line: bytes) -> None:
    assert shown(entry) == line


def test_each_entry_has_its_own_microseconds() -> None:
    moments = [T, T + 0.000001, T + 0.5, T + 0.75, T + 86400, T]
    lines = shown(*(Entry(moment, "app", "web.1", b"x\n") for moment in moments)).splitlines()
    assert [line.split()[0].decode() for line in lines] == [
        "2026-11-23T10:00:00.250000+00:00",
        "2026-11-23T10:00:00.250001+00:00",
        "2026-11-23T10:00:00.750000+00:00",
        "2026-11-23T10:00:01.000000+00:00",
        "2026-11-24T10:00:00.250000+00:00",
        "2026-11-23T10:00:00.250000+00:00",
    ]


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        pytest.param(
            [app(b"Name: "), app(b"Bob\n", continues=True)], b"app[web.1]: Name: Bob\n", id="prompt"
        ),
        pytest.param(
            [app(b"."), app(b".", continues=True), app(b".\nok\n", continues=True)],
            b"app[web.1]: ...\napp[web.1]: ok\n",
            id="progress dots",
        ),
        pytest.param([app(b"a\nb")], b"app[web.1]: a\napp[web.1]: b\n", id="ends open"),
        pytest.param(
            [app(b"a\nb"), app(b"c\n", continues=True)],
            b"app[web.1]: a\napp[web.1]: bc\n",
            id="whole lines and an open one",
        ),
        pytest.param(
            [app(b"Name: "), app(b"tick\n", "worker.1"), app(b"Bob\n", continues=True)],
            b"app[web.1]: Name: \napp[worker.1]: tick\napp[web.1]: Bob\n",
            id="another dyno in between",
        ),
        pytest.param(
            [
                app(b"a"),
                app(b"b", "worker.1"),
                app(b"c", continues=True),
                app(b"d", "worker.1", True),
            ],
            b"app[web.1]: a\napp[worker.1]: b\napp[web.1]: c\napp[worker.1]: d\n",
            id="two open lines take turns",
        ),
        pytest.param(
            [
                app(b"a"),
                Entry(T, "heroku", "web.1", b"State changed\n"),
                app(b"b\n", "web.1", True),
            ],
            b"app[web.1]: a\nheroku[web.1]: State changed\napp[web.1]: b\n",
            id="heroku speaks of the same dyno",
        ),
        pytest.param([app(b"a"), app(b"b\n")], b"app[web.1]: a\napp[web.1]: b\n", id="a new line"),
        pytest.param(
            [app(b"b\n", continues=True)], b"app[web.1]: b\n", id="the beginning was not seen"
        ),
        pytest.param(
            [app(b"a"), app(b"\n", continues=True), app(b"b\n")],
            b"app[web.1]: a\napp[web.1]: b\n",
            id="only the line end was missing",
        ),
    ],
)
def test_an_open_line_belongs_to_one_dyno(entries: list[Entry], text: bytes) -> None:
    assert bare(*entries) == text


def test_finish_closes_the_line_once() -> None:
    formatter = Formatter()
    formatter.feed(app(b"a"))
    assert (formatter.finish(), formatter.finish()) == (b"\n", b"")


def test_short_format_pads_to_the_widest_name() -> None:
    formatter = Formatter("short", width=9)
    lines = b"".join(
        formatter.feed(entry)
        for entry in [
            app(b"a\nb\n"),
            Entry(T, "heroku", "router", b"at=info\n"),
            app(b"c\n", "long-name.10"),
            app(b"d\n"),
            app(b"e%s\n", "100%d"),
        ]
    )
    assert lines.decode().splitlines() == [
        "10:00:00 web.1     | a",
        "10:00:00 web.1     | b",
        "10:00:00 router    | at=info",
        "10:00:00 long-name.10 | c",
        "10:00:00 web.1        | d",
        "10:00:00 100%d        | e%s",
    ]


def test_short_format_has_local_time() -> None:
    os.environ["TZ"] = "IST-5:30"
    time.tzset()
    assert shown(app(b"x\n"), kind="short").startswith(b"15:30:00 ")


def test_json_has_one_object_a_line() -> None:
    objects = [json.loads(line) for line in shown(app(b"a\n\xff\0b\n"), kind="json").splitlines()]
    who = {"time": "2026-11-23T10:00:00.250000+00:00", "source": "app", "dyno": "web.1"}
    assert objects == [{**who, "message": "a"}, {**who, "message": "\\xff\0b"}]


def test_json_marks_the_parts_of_an_open_line() -> None:
    out = shown(app(b"a\nb"), app(b"c", continues=True), app(b"\nd\n", continues=True), kind="json")
    assert [
        (each["message"], each.get("continues", False), each.get("partial", False))
        for each in map(json.loads, out.splitlines())
    ] == [("a", False, False), ("b", False, True), ("c", True, True), ("", True, False)] + [
        ("d", False, False)
    ]


def test_json_router_lines_have_their_fields() -> None:
    line = b'at=info method=GET path="/a b" dyno= status=200\n'
    (found,) = map(json.loads, shown(Entry(T, "heroku", "router", line), kind="json").splitlines())
    assert found["message"] + "\n" == line.decode()
    assert found["router"] == {
        "at": "info",
        "method": "GET",
        "path": "/a b",
        "dyno": "",
        "status": "200",
    }


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="xml"):
        Formatter("xml")


CYAN, RESET = b"\x1b[36m", b"\x1b[0m"


def test_colour_is_for_the_head_only() -> None:
    assert shown(app(b"a\n"), palette=Palette()) == (CYAN + HEAD + b"app[web.1]:" + RESET + b" a\n")
    assert shown(app(b"a\n"), kind="short", palette=Palette()) == (
        CYAN + b"10:00:00 web.1 | " + RESET + b"a\n"
    )


def test_the_colour_of_the_app_ends_with_its_line() -> None:
    red = b"\x1b[31;1mred"
    head = CYAN + b"10:00:00 web.1 | " + RESET
    assert shown(app(red + b"\nplain\n"), kind="short", palette=Palette()) == (
        head + red + RESET + b"\n" + head + b"plain" + RESET + b"\n"
    )
    out = shown(
        app(red), app(b" more", continues=True), app(b"x\n"), kind="short", palette=Palette()
    )
    assert out == head + red + b" more" + RESET + b"\n" + head + b"x\n"


def test_a_progress_bar_stays_behind_its_head() -> None:
    head = CYAN + b"10:00:00 web.1 | " + RESET
    out = shown(
        app(b"10%"),
        app(b"\r20%", continues=True),
        app(b"\r30%\n", continues=True),
        kind="short",
        palette=Palette(),
    )
    assert out == head + b"10%\r" + head + b"20%\r" + head + b"30%\n"
    assert bare(app(b"10%"), app(b"\r20%\n", continues=True)) == b"app[web.1]: 10%\r20%\n"


def test_without_a_palette_nothing_is_added_to_the_text() -> None:
    assert bare(app(b"\x1b[31mred\n")) == b"app[web.1]: \x1b[31mred\n"


def test_a_process_type_keeps_its_colour() -> None:
    palette = Palette(["web", "worker", "clock"])
    assert palette.code("web.1") == palette.code("web.3") == b"\x1b[36m"
    assert palette.code("web.2") == b"\x1b[36;1m"
    assert palette.code("router") == b"\x1b[32m"
    codes = [palette.code(name) for name in ["web.1", "worker.1", "clock.1", "router", "api"]]
    assert len(set(codes)) == 5
    assert [Palette(["web", "worker", "clock"]).code(name) for name in ["clock.1", "worker.1"]] == [
        palette.code("clock.1"),
        palette.code("worker.1"),
    ]
