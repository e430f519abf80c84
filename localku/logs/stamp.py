"""Moments as Heroku writes them. Pure: seconds since the epoch in, text out. START PATH."""

from __future__ import annotations

import time


def to_micros(moment: float) -> tuple[int, int]:
    """Whole seconds and microseconds (0 to 999,999) of a moment, rounded to the microsecond."""
    return divmod(round(moment * 1_000_000), 1_000_000)


def utc(moment: float) -> str:
    """`2026-11-23T10:00:00.000000+00:00`: RFC 5424 with microseconds, as in `heroku logs`."""
    second, micros = to_micros(moment)
    return f"{utc_second(second)}.{micros:06d}+00:00"


def utc_second(second: int) -> str:
    """`2026-11-23T10:00:00`, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def local_clock(second: int) -> str:
    """`10:00:00`, in local time."""
    return time.strftime("%H:%M:%S", time.localtime(second))
