"""The three lines on top of `localku top`: the app, its requests, what went wrong. Pure."""

from __future__ import annotations

from localku.top import figures
from localku.top.spans import Line, columns, harmless, join, wide
from localku.top.state import State

UP = ("up", "idle")
STYLE_OF_CLASS = {"2xx": "good", "3xx": "good", "4xx": "warn", "5xx": "bad"}
LINES = 3


def header(state: State, width: int, *, paused: bool = False) -> list[Line]:
    """Three lines, each of at most `width` columns while that is 60 or more."""
    return [
        name_line(state, width, paused=paused),
        traffic_line(state, width),
        trouble_line(state, width),
    ]


def name_line(state: State, width: int, *, paused: bool) -> Line:
    """App, release, dynos, what is unusual; and at the right, if there is room, where it is."""
    hello = state.hello
    release = f" v{hello['release']}" if hello.get("release") else ""
    left: list[Line] = [((f"⬢ {harmless(state.app)}", "bold"), (release, ""))]
    if state.hello and not state.lost:
        left.append(((dynos_up(state), "" if _all_up(state) else "warn"),))
    if hello.get("maintenance"):
        left.append(((" MAINTENANCE ", "warn bar"),))
    if paused:
        left.append(((" PAUSED ", "bar"),))
    if state.lost:
        left.append(((" NO PLATFORM ", "bad bar"),))
    line = join(left, "   ")
    where: Line = ((harmless(str(hello.get("web_url") or "").rstrip("/")), "dim"),)
    return spread(line, where, width)


def dynos_up(state: State) -> str:
    """`3 of 4 dynos up`."""
    up = sum(dyno.state in UP for dyno in state.dynos)
    return f"{up} of {len(state.dynos)} dyno{'' if len(state.dynos) == 1 else 's'} up"


def _all_up(state: State) -> bool:
    return all(dyno.state in UP for dyno in state.dynos)


def traffic_line(state: State, width: int) -> Line:
    """Requests in a second, by status class, and their service times."""
    classes = state.window.classes()
    total: Line = ((f"{figures.rate(sum(classes.values())):>4}", "bold"), (" req/s ", ""))
    parts = [total]
    for name, rate in sorted(classes.items()):
        style = STYLE_OF_CLASS.get(name, "") if rate else "dim"
        parts.append(((f"{name} ", "dim"), (f"{figures.rate(rate):<4}", style)))
    service = state.service()
    for name in ("p50", "p95", "p99"):
        time = figures.milliseconds(service.get(name))
        parts.append(((f" {name} ", "dim"), (f"{time:<5}", "")))
    line = join(parts, " ")
    room = width - wide(line) - 2
    if room < 10:
        return line
    series = state.window.series()
    length = min(room, len(series))
    return (*line, ("  ", ""), (figures.spark(series, length, max(series)), "mark"))


def trouble_line(state: State, width: int) -> Line:
    """The codes of the last minute, most frequent first; or why the platform is not there."""
    if state.lost:
        return ((harmless(state.lost), "bad"),)
    codes = state.window.codes()
    if not codes:
        return (("no errors in the last minute", "dim"),)
    end: Line = (("in the last minute", "dim"),)
    parts: list[Line] = []
    for code, number in codes.items():
        one: Line = ((harmless(code), "bad"), (f" ×{figures.count(number)}", ""))
        if wide(join([*parts, one, end], "  ")) > width:
            break
        parts.append(one)
    return join([*parts, end], "  ")


def spread(left: Line, right: Line, width: int) -> Line:
    """One at the left, the other at the right end, which is left out where there is no room."""
    room = width - wide(left) - sum(columns(text) for text, _ in right)
    return (*left, (" " * room, ""), *right) if room >= 2 else left
