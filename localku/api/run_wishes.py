"""What a request wants to run: JSON in, a wish out, or an error that says why. Pure.

Heroku's Platform API, `POST /apps/{app}/dynos`.
"""

from __future__ import annotations

import re

from localku.api import errors, wishes
from localku.platform.oneoffs import TYPE, Wish

MAX_COMMAND = 100_000  # bytes; the kernel takes 131,072 for one argument (execve(2))
MAX_LIFE = 86_400  # seconds: time_to_live of Heroku's schema
MAX_SIDE = 10_000  # rows or columns
TYPE_NAME = r"[A-Za-z0-9_-]{1,128}"  # as in the Procfile


def read(body: dict[str, object]) -> Wish:
    """The wish of a body. Raises ApiError."""
    env = _env(body.get("env"))
    return Wish(
        command=_command(body.get("command")),
        attached=_flag(body, "attach"),
        tty=not _flag(body, "force_no_tty"),
        env=env,
        size=wishes.size(body.get("size")),
        type=_type(body.get("type")),
        life=_life(body.get("time_to_live")),
        window=(_side(env.get("LINES"), 24), _side(env.get("COLUMNS"), 80)),
    )


def window(query: dict[str, str]) -> tuple[int, int] | None:
    """Rows and columns from `rows=24&columns=80`; None when they are not both there."""
    rows, columns = _side(query.get("rows"), 0), _side(query.get("columns"), 0)
    return (rows, columns) if rows and columns else None


def _command(wish: object) -> str:
    if not isinstance(wish, str) or not wish.strip():
        raise errors.invalid("Require params: command.")
    if len(wish.encode("utf-8", "surrogatepass")) > MAX_COMMAND:
        raise errors.invalid(f"Invalid command: it has more than {MAX_COMMAND} bytes.")
    return _text(wish, "command")


def _text(wish: str, name: str) -> str:
    try:
        wish.encode()
    except UnicodeEncodeError:
        raise errors.invalid(f"Invalid {name}: it is no valid text.") from None
    if "\0" in wish:
        raise errors.invalid(f"Invalid {name}: no program can be given a NUL.")
    return wish


def _flag(body: dict[str, object], name: str) -> bool:
    wish = body.get(name)
    return wish is not None and wishes.flag(wish, name)


def _env(wish: object) -> dict[str, str]:
    """Heroku's CLI sends COLUMNS and LINES as numbers."""
    if wish is None:
        return {}
    if not isinstance(wish, dict):
        raise errors.invalid("Invalid env: it has to be an object.")
    env = {}
    for key, value in wish.items():
        if not key or "=" in key or not isinstance(value, (str, int)) or isinstance(value, bool):
            raise errors.invalid(f"Invalid env: {key[:40]!r} has to be a name with a text.")
        env[_text(key, "env")] = _text(str(value), "env")
    return env


def _type(wish: object) -> str:
    if wish is None:
        return TYPE
    if not isinstance(wish, str) or not re.fullmatch(TYPE_NAME, wish):
        raise errors.invalid("Invalid type: it has to be the name of a process type.")
    return wish


def _life(wish: object) -> float:
    if wish is None:
        return 0.0
    if not isinstance(wish, int) or isinstance(wish, bool) or not 0 < wish <= MAX_LIFE:
        raise errors.invalid(f"Invalid time_to_live: it has to be from 1 to {MAX_LIFE} seconds.")
    return float(wish)


def _side(text: str | None, default: int) -> int:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 5:
        return default
    return int(text) if 0 < int(text) <= MAX_SIDE else default
