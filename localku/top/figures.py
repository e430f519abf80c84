"""Numbers as `localku top` shows them: short, with their unit, in few columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

NOTHING = "-"  # what was not measured
BLOCKS = " ▁▂▃▄▅▆▇█"
MINUTE, HOUR, DAY = 60, 3600, 86400
KIB = 1024


def rate(value: float) -> str:
    """Events in a second: `0`, `0.4`, `12`, `1.2k`. At most four columns, up to a million."""
    if value >= 9950:
        return f"{value / 1000:.0f}k"
    if value >= 999.5:
        return f"{value / 1000:.1f}k"
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"


def count(value: float) -> str:
    """A whole number: `7`, `12k`, `3.4M`. At most four columns, up to a thousand million."""
    if value >= 9_950_000:
        return f"{value / 1e6:.0f}M"
    if value >= 999_500:
        return f"{value / 1e6:.1f}M"
    return rate(value) if value >= 9950 else f"{value:.0f}"


def number(value: float) -> str:
    """A number of an app: up to six digits, without trailing zeros."""
    return f"{value:.6g}"


def milliseconds(value: float | None) -> str:
    """A time: `0.4ms`, `12ms`, `1.2s`, `30s`, `2.0m`. At most five columns."""
    if value is None:
        return NOTHING
    if value < 999.5:
        return f"{value:.1f}ms" if 0 < value < 9.95 and value != int(value) else f"{value:.0f}ms"
    seconds = value / 1000
    if seconds < 99.5:
        return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
    minutes = seconds / MINUTE
    return f"{minutes:.1f}m" if minutes < 9.95 else f"{minutes:.0f}m"


def size(value: float | None) -> str:
    """Bytes, in units of 1024 as Heroku counts them: `12K`, `512M`, `1.5G`. At most 5 columns."""
    if value is None:
        return NOTHING
    for unit in "BKMGT":
        if value < 999.5 or unit == "T":
            break
        value /= KIB
    return f"{value:.1f}{unit}" if value < 9.95 and unit in "GT" else f"{value:.0f}{unit}"


def load(value: float | None) -> str:
    """Dyno load: `0.04`, `1.25`, `12.3`."""
    if value is None:
        return NOTHING
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def duration(seconds: float) -> str:
    """How long ago: `12s`, `4m05s`, `3h12m`, `5d02h`. At most six columns, up to 99 days."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{whole % MINUTE:02}s"
    if whole < DAY:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02}m"
    return f"{whole // DAY}d{whole % DAY // HOUR:02}h"


def clock(moment: float, zone: tzinfo | None = None) -> str:
    """Seconds since the epoch as `17:35:03`. zone: None for that of this machine."""
    return datetime.fromtimestamp(moment, zone).strftime("%H:%M:%S")


def spark(values: Sequence[float], width: int, top: float) -> str:
    """Values as a line of blocks, the last at the right; several of them share a column when there
    are more than columns. top: the value of a full block. Whatever is not 0 can be seen."""
    if width <= 0 or not values:
        return " " * max(0, width)
    share = -(-len(values) // width)
    start = len(values) % share
    groups = [values[:start]] if start else []
    groups += [values[at : at + share] for at in range(start, len(values), share)]
    line = "".join(_block(sum(group) / len(group), top) for group in groups)
    return line.rjust(width)


def _block(value: float, top: float) -> str:
    if value <= 0:
        return BLOCKS[0]
    full = len(BLOCKS) - 1
    return BLOCKS[max(1, min(full, round(value / top * full)))] if top > 0 else BLOCKS[full]
