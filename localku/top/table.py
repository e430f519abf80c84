"""The table of dynos: the columns that the terminal has room for, by importance. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localku.top import figures
from localku.top.spans import Line, Span, columns, fit, harmless
from localku.top.state import Dyno, State

NAME_MOST = 20  # columns of a name; a process type may have up to 63 letters
SPARKS = (60, 30, 20, 15, 12, 10)  # columns that divide a minute into whole seconds
STATE_STYLES = {"up": "good", "idle": "dim", "crashed": "bad", "down": "dim"}
FULL = 0.9  # of the memory quota: from there on it is shown as a warning


@dataclass(frozen=True, slots=True)
class Column:
    """title, width in columns, whether it is flushed right; rank: the lower, the sooner it has its
    place. cell: what stands in it."""

    title: str
    width: int
    rank: int
    cell: Callable[[State, Dyno], str]
    right: bool = True


COLUMNS = (
    Column("state", 8, 0, lambda state, dyno: dyno.state, right=False),
    Column("up", 6, 2, lambda state, dyno: figures.duration(state.now - dyno.since)),
    Column("pid", 7, 10, lambda state, dyno: str(dyno.pid or figures.NOTHING)),
    Column("req/s", 5, 1, lambda state, dyno: figures.rate(state.window.dyno_rate(dyno.name))),
    Column("busy", 4, 6, lambda state, dyno: _optional(dyno.in_flight)),
    Column("p50", 5, 5, lambda state, dyno: _service(state, dyno, "p50")),
    Column("p95", 5, 3, lambda state, dyno: _service(state, dyno, "p95")),
    Column("p99", 5, 9, lambda state, dyno: _service(state, dyno, "p99")),
    Column("errs", 4, 3, lambda state, dyno: figures.count(state.window.dyno_errors(dyno.name))),
    Column("load", 4, 7, lambda state, dyno: figures.load(dyno.load)),
    Column("memory", 9, 1, lambda state, dyno: memory(dyno)),
    Column("restarts", 8, 11, lambda state, dyno: str(dyno.restarts)),
)
SPARK_RANK = 8
SPARK_TITLE = "last 60 s"


def memory(dyno: Dyno) -> str:
    """`121M/512M`, or without a quota `121M`."""
    used = figures.size(dyno.memory)
    return f"{used}/{figures.size(dyno.quota)}" if dyno.quota else used


def _optional(value: int | None) -> str:
    return figures.NOTHING if value is None else figures.count(value)


def _service(state: State, dyno: Dyno, what: str) -> str:
    return figures.milliseconds(state.service(dyno.name).get(what))


@dataclass(frozen=True, slots=True)
class Plan:
    """Which columns there are, and how wide the name and the spark line are (0: none)."""

    name: int
    columns: tuple[Column, ...]
    spark: int


def plan(width: int, names: list[str]) -> Plan:
    """The columns that fit into `width`, by rank; what is left widens the spark line."""
    name = min(NAME_MOST, max([8, *(columns(harmless(each)) for each in names)]))
    left = width - name
    taken = []
    spark = 0
    ranked: list[tuple[int, Column | None]] = [(each.rank, each) for each in COLUMNS]
    for _, column in sorted([*ranked, (SPARK_RANK, None)], key=lambda each: each[0]):
        need = 1 + (column.width if column else SPARKS[-1])
        if need > left:
            break  # what is less important must not take the place
        left -= need
        if column:
            taken.append(column)
        else:
            spark = SPARKS[-1]
    if spark:
        spark = next(size for size in SPARKS if size <= spark + left)
    return Plan(name, tuple(each for each in COLUMNS if each in taken), spark)


def titles(shape: Plan) -> Line:
    """The head of the table."""
    cells = [fit("dyno", shape.name)]
    cells += [fit(each.title, each.width, right=each.right) for each in shape.columns]
    if shape.spark:
        cells.append(fit(SPARK_TITLE, shape.spark))
    return ((" ".join(cells), "title"),)


def rows(state: State, shape: Plan) -> list[tuple[str, Line]]:
    """Each dyno's name and its line; a process type that is scaled to nothing has a line, too, so
    that it can be selected."""
    found = [(dyno.name, row(state, shape, dyno)) for dyno in state.dynos]
    there = {dyno.type for dyno in state.dynos}
    for each in state.formation:
        kind = str(each.get("type", ""))
        if kind not in there and not each.get("quantity"):
            text = f"{fit(harmless(kind), shape.name)} no dynos"
            found.append((kind, ((text, "dim"),)))
    return found


def row(state: State, shape: Plan, dyno: Dyno) -> Line:
    """The line of one dyno."""
    spans: list[Span] = [(fit(harmless(dyno.name), shape.name), "bold")]
    for column in shape.columns:
        spans.append((" ", ""))
        text = fit(harmless(column.cell(state, dyno)), column.width, right=column.right)
        spans += cell(column, text, state, dyno)
    if shape.spark:
        series = state.window.dyno_series(dyno.name)
        spark = figures.spark(series, shape.spark, state.window.highest())
        spans += [(" ", ""), (spark, "mark")]
    return tuple(spans)


def cell(column: Column, text: str, state: State, dyno: Dyno) -> list[Span]:
    """The text of a cell in its colours."""
    if column.title == "state":
        return [(text, STATE_STYLES.get(dyno.state, "warn"))]
    if column.title == "memory":
        return bar(text, dyno)
    if column.title == "errs":
        return [(text, "bad" if state.window.dyno_errors(dyno.name) else "dim")]
    return [(text, "dim" if text.strip() in ("0", figures.NOTHING) else "")]


def bar(text: str, dyno: Dyno) -> list[Span]:
    """The text over a bar that fills the cell as the memory fills the quota."""
    if not dyno.quota or dyno.memory is None:
        return [(text, "")]
    share = dyno.memory / dyno.quota
    style = "bad bar" if share >= 1 else "warn bar" if share >= FULL else "good bar"
    full = min(len(text), max(1, round(share * len(text))))
    return [(text[:full], style), (text[full:], "")]
