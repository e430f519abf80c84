"""How other tools read a `.env`, so that `check` can say where their outcome differs.

honcho is asked itself. The rules of `heroku local` (11.10) and foreman (0.90) are told again here
from what they were measured to do. Pure; imported by `check` alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from honcho.environ import parse as _honcho_parse

FAILS = None


def honcho(text: str) -> dict[str, str] | None:
    """What honcho makes of a text; None where it ends with a traceback."""
    try:
        return dict(_honcho_parse(text))
    except ValueError:
        return FAILS


def heroku_local(text: str) -> dict[str, str] | None:
    """What `heroku local` makes of a text; None where it crashes (an unclosed quote)."""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        line = line.strip()
        if len(line) <= 2 or line.startswith("#"):
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        if value[:1] in ("'", '"') and value:
            inner, end, _ = value[1:].partition(value[0])
            if not end:
                return FAILS
            values[key] = inner
        else:
            values[key] = re.sub(r"\s*#.*$", "", value)
    return values


def foreman(text: str) -> dict[str, str] | None:
    """What foreman makes of a text: one line at a time, nothing around the `=`."""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        key, sign, value = line.partition("=")
        if not sign or not re.fullmatch(r"[A-Za-z_0-9]+", key):
            continue
        if len(value) > 1 and value[0] == value[-1] == "'":
            value = value[1:-1]
        elif len(value) > 1 and value[0] == value[-1] == '"':
            value = re.sub(r"\\(.)", r"\1", value[1:-1].replace("\\n", "\n"))
        values[key] = value
    return values


READERS: dict[str, Callable[[str], dict[str, str] | None]] = {
    "foreman": foreman,
    "honcho": honcho,
    "heroku local": heroku_local,
}


def differences(text: str, key: str, value: str) -> list[str]:
    """How the other tools read the line(s) of one key, as `honcho: cut at the #`.

    value: what localku makes of it. Tools that say the same share one sentence; the value itself
    is never shown.
    """
    tools: dict[str, list[str]] = {}
    for tool, read in READERS.items():
        found = read(text)
        what = "an error" if found is None else _difference(value, found.get(key))
        if what:
            tools.setdefault(what, []).append(tool)
    return [f"{', '.join(names)}: {what}" for what, names in tools.items()]


def _difference(ours: str, theirs: str | None) -> str:
    """In words what another tool does to a value, or "" if it reads the same."""
    if theirs == ours:
        return ""
    if theirs is None:
        return "left out"
    for what, applies in _KINDS:
        if applies(ours, theirs):
            return what
    return "another value"


def _solid(text: str) -> str:
    return re.sub(r"[\s'\"\\]", "", text)


_KINDS: list[tuple[str, Callable[[str, str], bool]]] = [
    ("${...} is not expanded", lambda ours, theirs: "${" in theirs and "${" not in ours),
    ("cut at the #", lambda ours, theirs: "#" in ours and ours.startswith(theirs)),
    ("the comment is in it", lambda ours, theirs: theirs.startswith(ours) and "#" in theirs),
    ("first line only", lambda ours, theirs: "\n" in ours and "\\" not in theirs),
    ("cut at the inner quote", lambda ours, theirs: theirs.endswith("\\") and theirs[:-1] in ours),
    ("\\n stays two characters", lambda ours, theirs: "\n" in ours and "\\n" in theirs),
    ("\\n becomes a line break", lambda ours, theirs: "\\n" in ours and "\n" in theirs),
    ("without its blanks", lambda ours, theirs: "".join(ours.split()) == theirs),
    (
        "without its quotes, blanks or backslashes",
        lambda ours, theirs: len(theirs) < len(ours) and _solid(ours) == _solid(theirs),
    ),
]
