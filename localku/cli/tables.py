"""How Heroku's CLI lays things out: headers, aligned keys, tables, warnings. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH = 80  # columns of a warning


def header(text: str) -> str:
    """`=== text` and the empty line behind it."""
    return f"=== {text}\n"


def aligned(values: Mapping[str, object]) -> list[str]:
    """`KEY:   value`, the values under each other; a value of several lines is printed as it is."""
    width = max((len(key) for key in values), default=0) + 1
    return [f"{key + ':':{width}} {value}".rstrip(" ") for key, value in values.items()]


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], gap: int = 3) -> list[str]:
    """A table with a rule under its heads, as Heroku's CLI prints them since version 10. gap:
    blanks between columns."""
    texts = [[str(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(len(row[place]) for row in texts) for place in range(len(columns))]
    lines = [
        "  " + (" " * gap).join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in texts
    ]
    rule = " " + "─" * (sum(widths) + gap * (len(columns) - 1) + 2)
    return [line.rstrip() for line in [lines[0], rule, *lines[1:]]]


def warning(text: str) -> list[str]:
    """` ›   Warning: text`, in as many lines as it takes."""
    words = f"Warning: {text}".split(" ")
    lines = [" ›  "]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(" ›  ")
        lines[-1] += " " + word
    return lines
