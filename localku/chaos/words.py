"""The words of a fault: moments and lengths of time. Pure."""

from __future__ import annotations


def seconds(value: float) -> str:
    """`30 s`, `1.5 s`."""
    return f"{round(value, 3):g} s"


def milliseconds(value: float) -> str:
    """`500 ms`."""
    return f"{round(value):d} ms"


def joined(names: list[str]) -> str:
    """`web.1, web.2 and web.3`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def megabytes(size: float) -> str:
    """`12.3 MB`."""
    return f"{size / (1 << 20):.1f} MB"
