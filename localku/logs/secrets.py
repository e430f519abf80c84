"""Config var values that look like secrets, kept out of what localku itself says. Pure.

An app may print what it likes. Our own lines never need a value, but somebody may have typed one
into a command, or an error may quote one: its place is taken by the name, `[API_KEY]`.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = ("KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "PRIVATE", "SALT", "DSN")
_PLACES = ("_PATH", "_FILE", "_DIR", "_SOCK", "XAUTHORITY")  # they say where, not what
_SHORTEST = 8  # characters; anything shorter is too often a word that means something else
_RANDOM = 20  # characters of letters and digits without a dot, a slash or a blank


def hidden(text: str, config: Mapping[str, str]) -> str:
    """text with the secrets of config replaced by their names in brackets."""
    found = [
        (piece, name)
        for name, value in config.items()
        if len(value) >= _SHORTEST and is_secret(name, value)
        for piece in _pieces(value)
        if piece in text
    ]
    for piece, name in sorted(found, key=lambda pair: -len(pair[0])):
        text = text.replace(piece, f"[{name}]")
    return text


def is_secret(name: str, value: str) -> bool:
    """Whether a config var looks as if it should not be shown: by its name, as a URL with a
    password, or because it seems random."""
    if len(value) < _SHORTEST or name.endswith(_PLACES):
        return False
    if any(word in name.upper() for word in _NAMES):
        return True
    return bool(_password(value)) or "PRIVATE KEY" in value or _seems_random(value)


def _pieces(value: str) -> list[str]:
    """What of a value must not be seen: all of it, its lines, its password."""
    lines = [line for line in value.splitlines() if len(line) >= _RANDOM] if "\n" in value else []
    password = _password(value)
    return [value, *lines, *([password] if len(password) >= _SHORTEST else [])]


def _password(url: str) -> str:
    return url.partition("://")[2].rpartition("@")[0].partition(":")[2]


def _seems_random(value: str) -> bool:
    plain = value.replace("-", "").replace("_", "").replace("+", "").rstrip("=")
    if len(plain) < _RANDOM or not (plain.isascii() and plain.isalnum()):
        return False
    return any(each.isdigit() for each in plain) and any(each.isalpha() for each in plain)
