"""The keys of `localku top`, in one table for the bottom line, the help and the screen. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from localku.top.spans import Line, Span, wide


@dataclass(frozen=True, slots=True)
class Key:
    """names: as textual calls them. label: what stands for them. action: of the screen. word: in
    the bottom line, "" to leave it out. help: in full."""

    names: str
    label: str
    action: str
    word: str
    help: str


# those that the bottom line of a narrow terminal keeps come first
KEYS = (
    Key("s", "s", "scale", "scale", "scale: web=3, worker+1; or +2, -1, 4 for the selected type"),
    Key("r", "r", "restart", "restart", "restart the selected dyno"),
    Key("R", "R", "restart_all", "all", "restart all dynos, once you said y"),
    Key("x", "x", "stop", "stop", "stop the selected dyno; it starts again by itself"),
    Key("m", "m", "maintenance", "maint", "maintenance mode on or off"),
    Key("l", "l", "log", "log", "show or hide the log"),
    Key("slash", "/", "filter", "filter", "filter the log: words, web.1, router, -word"),
    Key("p", "p", "pause", "pause", "hold the screen still, or go on"),
    Key("question_mark", "?", "help", "help", "this help"),
    Key("q", "q", "leave", "quit", "quit; also Ctrl-C"),
    Key("plus", "+", "more", "", "one more dyno of the selected type"),
    Key("minus", "-", "fewer", "", "one dyno fewer of the selected type"),
)
MOVES = (
    ("↑ ↓", "select a dyno, or scroll; also j and k, PgUp, PgDn, Home, End"),
    ("← →", "see the rest of long lines"),
    ("Tab", "go to the next pane: dynos, events, numbers, log"),
)
ROOMY = 100  # columns; from there on two spaces are between the keys
NOTES = (
    "Rates and times are those of the last 10 seconds, errors of the last minute.",
    "busy: requests under way. load: processes that want to run, as on Heroku.",
)


def bottom_line(width: int) -> Line:
    """`s scale  r restart …`: as many of the keys as there is room for."""
    spans: list[Span] = []
    for key in KEYS:
        if not key.word:
            continue
        gap = "  " if width >= ROOMY else " "
        more: list[Span] = [(gap if spans else "", ""), (key.label, "bold")]
        more.append((f" {key.word}", "dim"))
        if wide((*spans, *more)) > width:
            break
        spans += more
    return tuple(spans)


def help_lines() -> list[str]:
    """The help, in lines of at most 76 columns."""
    lines = [f"{key.label:>5}  {key.help}" for key in KEYS]
    lines += ["", *(f"{label:>5}  {text}" for label, text in MOVES)]
    return [*lines, "", *NOTES]
