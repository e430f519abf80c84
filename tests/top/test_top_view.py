"""What stands on the screen of `localku top`: header, table, panes, at any size."""

from __future__ import annotations

import itertools
from datetime import timezone

import pytest
from top_kit import DYNOS, HELLO, NOW, busy, point, shop, texts

from localku.top import header, keys, layout, panels, report, table
from localku.top.spans import STYLES, columns, plain, wide

SERVICE = {"count": 40, "p50": 3.2, "p95": 31, "p99": 1200, "max": 1300}
MARK = {"t": NOW - 5.5, "kind": "error", "code": "H12", "dyno": "web.2"}
EVIL = "a\x1b[2J\x1b]0;t\x07b\x9b1m\u202e"


def loaded():  # type: ignore[no-untyped-def]
    state = shop(*(busy(t) for t in range(NOW - 10, NOW)))
    state.summary = {"service": SERVICE, "dynos": {"web.2": {"service": SERVICE}}}
    return state


def test_the_header() -> None:
    state = loaded()
    assert texts(header.header(state, 80)) == [
        "⬢ shop v7   1 of 3 dynos up                           http://shop.localhost:5006",
        "  20 req/s  2xx 18   3xx 0    4xx 0    5xx 2.0   p50 3.2ms  p95 31ms   p99 1.2s",
        "H12 ×20  in the last minute",
    ]


def test_the_header_says_what_is_unusual() -> None:
    state = shop(maintenance=True)
    name, traffic, trouble = texts(header.header(state, 80, paused=True))
    assert name == "⬢ shop v7   1 of 3 dynos up    MAINTENANCE     PAUSED"
    assert traffic.split()[:2] == ["0", "req/s"]
    assert trouble == "no errors in the last minute"
    state.lose("The platform has ended.")
    name, _, trouble = texts(header.header(state, 80))
    assert " NO PLATFORM " in name
    assert trouble == "The platform has ended. Waiting for it to come back..."


def test_many_codes_are_cut_at_a_whole_one() -> None:
    state = shop(point(NOW - 1, codes={f"H{n}": 99 - n for n in range(10, 40)}))
    line = plain(header.trouble_line(state, 80))
    assert line.startswith("H10 ×89  H11 ×88")
    assert line.endswith("  in the last minute")
    assert columns(line) <= 80


HEADS = {
    60: "dyno     state        up req/s   p50   p95 errs    memory",
    80: "dyno     state        up req/s busy   p50   p95 errs load    memory last 60 s",
    160: "dyno     state        up     pid req/s busy   p50   p95   p99 errs load    memory"
    " restarts last 60 s",
}


@pytest.mark.parametrize("width", HEADS)
def test_columns_by_the_width(width: int) -> None:
    shape = table.plan(width, ["web.1"])
    assert plain(table.titles(shape)).rstrip() == HEADS[width]


def test_the_table_fits_any_width() -> None:
    state = loaded()
    for width in range(30, 240):
        shape = table.plan(width, ["web.1", "long" * 20 + ".1"])
        lines = [table.titles(shape), *(line for _, line in table.rows(state, shape))]
        assert [line for line in lines if wide(line) > width] == []
        assert len(header.header(state, width)) == header.LINES


def test_the_rows() -> None:
    shape = table.plan(80, ["web.1"])
    rows = table.rows(loaded(), shape)
    assert [name for name, _ in rows] == ["web.2", "web.10", "worker.1", "clock"]
    assert texts([line for _, line in rows]) == [
        "web.2    up        1h06m    20    4 3.2ms  31ms   20 1.25 256M/512M           ██",
        "web.10   crashed     30s     0    0     -     -    0    -    -/512M",
        "worker.1 starting     3s     0    0     -     -    0    -         -",
        "clock    no dynos",
    ]


STYLED = [
    ("web.2", "up      ", "good"),
    ("web.10", "crashed ", "bad"),
    ("worker.1", "start", "warn"),
]


@pytest.mark.parametrize(("name", "text", "style"), STYLED)
def test_states_have_colours(name: str, text: str, style: str) -> None:
    rows = dict(table.rows(loaded(), table.plan(80, [])))
    assert any(span[0].startswith(text) and span[1] == style for span in rows[name])


BARS = [(0, "good", 1), (256, "good", 4), (470, "warn", 8), (512, "bad", 9), (2000, "bad", 9)]


@pytest.mark.parametrize(("used", "style", "full"), BARS)
def test_memory_fills_its_quota_as_a_bar(used: int, style: str, full: int) -> None:
    state = shop()
    dyno = state.dynos[0]
    dyno.memory = used * 1024.0**2
    (bar, look), (rest, _) = table.bar(" " * 9, dyno)
    assert (look, len(bar), len(rest)) == (f"{style} bar", full, 9 - full)
    dyno.quota = None
    assert table.bar(" 256M", dyno) == [(" 256M", "")]


def test_events_latest_first_with_counts() -> None:
    state = shop()
    state.take("mark", {"t": NOW - 9, "kind": "scale", "dyno": "", "text": "Scaled to web@2"})
    for _ in range(2):
        state.take("mark", {**MARK, "text": "H12 Request timeout"})
    assert texts(panels.events(state, timezone.utc)) == [
        "13:47:34 web.2     H12 ×2      Request timeout",
        "13:47:31           scale       Scaled to web@2",
    ]


def test_the_apps_numbers() -> None:
    custom = {
        "db.query": {"type": "measure", "unit": "ms", "count": 40},
        "body": {"type": "measure", "unit": "KB", "count": 1},
        "signup": {"type": "count", "sum": 3},
        "queue.depth": {"type": "sample", "last": 17},
    }
    state = shop(point(NOW - 1, custom=custom))
    state.minute = {"custom": {"db.query": {"p50": 3.2, "p95": 14, "p99": 80.5}}}
    assert texts(panels.numbers(state, 60)) == [
        "body        ×1    p50 -       p95 -       p99 -",
        "db.query    ×40   p50 3.2ms   p95 14ms    p99 80ms",
        "queue.depth 17",
        "signup      +3",
    ]
    wide_lines = texts(panels.numbers(state, 160))
    assert all(line.endswith("█") for line in wide_lines)


def test_no_name_steers_the_terminal() -> None:
    state = shop(
        point(NOW - 1, codes={EVIL: 1}, custom={EVIL: {"type": "count", "sum": 1}}), app=EVIL
    )
    state.take("dynos", {"dynos": [{**DYNOS[0], "name": f"{EVIL}.1", "state": EVIL}]})
    state.take("mark", {**MARK, "code": EVIL, "dyno": EVIL, "text": EVIL})
    state.lost = EVIL
    shape = table.plan(200, [EVIL])
    lines = [
        *header.header(state, 200),
        header.trouble_line(shop(point(NOW - 1, codes={EVIL: 1})), 200),
        *(line for _, line in table.rows(state, shape)),
        *panels.events(state),
        *panels.numbers(state, 200),
    ]
    assert len(lines) >= 7
    assert all(plain(line).isprintable() for line in lines)


def test_every_style_has_a_name() -> None:
    state = loaded()
    state.take("mark", {**MARK, "text": "x"})
    lines = [*header.header(state, 160), keys.bottom_line(80), *panels.events(state)]
    lines += [line for _, line in table.rows(state, table.plan(160, []))]
    used = {name for line in lines for _, style in line for name in style.split()}
    assert used <= set(STYLES)


def test_the_bottom_line_has_all_keys_on_eighty_columns() -> None:
    line = plain(keys.bottom_line(80))
    assert line == "s scale r restart R all x stop m maint l log / filter p pause ? help q quit"
    assert plain(keys.bottom_line(30)) == "s scale r restart R all x stop"
    assert all(len(each) <= 78 for each in keys.help_lines())


def test_every_key_is_there_once_and_in_the_help() -> None:
    labels = [key.label for key in keys.KEYS]
    assert len(set(labels)) == len(labels)
    text = "\n".join(keys.help_lines())
    assert all(f"{label:>5}  " in text for label in labels)


SIZES = [(0, 24), (3, 24), (12, 24), (3, 50), (40, 50), (200, 24), (5, 10), (5, 6), (5, 5), (5, 3)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("numbers", "log"), list(itertools.product([0, 2, 30], [False, True])))
def test_the_panes_share_the_lines(size: tuple[int, int], numbers: int, log: bool) -> None:
    dynos, total = size
    shares = layout.heights(total, dynos, numbers, log=log)
    used = shares.dynos + shares.events + shares.numbers + shares.log
    assert used == max(0, total - header.LINES - layout.BOTTOM)
    assert min(shares.dynos, shares.events, shares.numbers, shares.log) >= 0
    if total >= 24:
        assert shares.dynos >= min(dynos + 1, 3)
        assert shares.events >= 3
        assert bool(shares.log) == log
        assert bool(shares.numbers) == bool(numbers)


def test_once_as_text() -> None:
    state = loaded()
    state.take("mark", {**MARK, "text": "H12 Request timeout"})
    lines = report.text(state, timezone.utc)
    assert lines[0].startswith("⬢ shop v7   1 of 3 dynos up")
    head, *rows = (line.split() for line in lines[4:8])
    assert dict(zip(head, rows[0], strict=True)) == {
        "dyno": "web.2", "state": "up", "up": "1h06m", "pid": "12", "req/s": "20", "busy": "4",
        "p50": "3.2ms", "p95": "31ms", "p99": "1.2s", "errs": "20", "load": "1.25",
        "memory": "256M/512M", "restarts": "1",
    }  # fmt: skip
    assert lines[-1] == "13:47:34 web.2     H12         Request timeout"


def test_once_as_an_object() -> None:
    found = report.as_object(loaded())
    assert {name: found[name] for name in ("app", "release", "formation")} == {
        name: HELLO[name] for name in ("app", "release", "formation")
    }
    assert found["requests_per_second"] == 20.0
    assert found["status_per_second"] == {"2xx": 18.0, "3xx": 0.0, "4xx": 0.0, "5xx": 2.0}
    assert found["service"] == SERVICE
    assert found["codes"] == {"H12": 20}
    web2, web10, _ = found["dynos"]
    assert (web2["name"], web2["requests_per_second"], web2["errors"]) == ("web.2", 20.0, 20)
    assert web2["service"] == SERVICE
    assert (web10["pid"], web10["memory"], web10["service"]) == (None, None, None)
