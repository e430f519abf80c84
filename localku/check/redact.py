"""A text without secrets: what a report says passes through here. Pure.

Taken out are the values of config vars (all of them: a report never needs one) and the secrets
that were found in code, as they are and as a URL writes them. Left alone is what is too short or
too common to be a secret: a report without the word "true" could not be read.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from localku.check.secretshapes import secrets_in
from localku.logs.secrets import is_secret

SHORTEST = 6  # characters; anything shorter is too often a word that means something else
_COMMON_WORDS = """
production development staging testing localhost default enabled disabled warning critical
postgres postgresql sqlite3 sqlite redis python python3 django gunicorn uvicorn express master
utf-8 en-us public private 127.0.0.1 0.0.0.0
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_NUMBER = re.compile(r"[\d.,:_-]{1,9}")
_PLACE = re.compile(r"[A-Za-z_][A-Za-z_-]{0,30}(?:[./:][A-Za-z_][A-Za-z_-]{0,30}){1,6}")  # app.ini
_PASSWORD = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:]{0,80}:([^\s@]{1,200})@[^\s/]{0,200}")

_SIGNING = re.compile(
    r"""\b(?:secret_key|session_secret)["']?\]?\s*[:=]\s*["']([^"'\n]{6,200})["']""", re.I
)


class Redactor:
    """config: the config vars. code: texts of files whose secrets must not be seen either."""

    def __init__(self, config: Mapping[str, str], code: Iterable[str] = ()) -> None:
        found: dict[str, str] = {}
        for name, value in config.items():
            if is_secret(name, value) or not _PLACE.fullmatch(value):
                for piece in _pieces(value):
                    found.setdefault(piece, f"[{name}]")
        for text in code:
            for secret in (*secrets_in(text), *secrets_in(text, unquoted=True)):
                found.setdefault(text[secret.start : secret.end], "[secret]")
            for match in _SIGNING.finditer(text):
                if is_hidden(match[1]):
                    found.setdefault(match[1], "[secret]")
        self._found = {form: said for piece, said in found.items() for form in _forms(piece)}
        longest = sorted(self._found, key=len, reverse=True)
        self._shape = re.compile("|".join(map(re.escape, longest))) if longest else None

    def clean(self, text: str) -> str:
        """text with each value replaced by the config var's name in brackets, or `[secret]`, and
        without passwords in URLs and tokens of known shapes, wherever they come from."""
        if self._shape is not None:
            text = self._shape.sub(lambda match: self._found[match[0]], text)
        text = _PASSWORD.sub(_without_password, text)
        for secret in sorted(secrets_in(text), key=lambda each: -each.start):
            text = f"{text[: secret.start]}[secret]{text[secret.end :]}"
        return text


def _pieces(value: str) -> Iterable[str]:
    """What of a value must not be seen: all of it, its lines, the password in it."""
    yield from (piece for piece in (value, *value.splitlines()) if is_hidden(piece))
    match = _PASSWORD.search(value)
    if match and is_hidden(match[1]):
        yield match[1]


def is_hidden(value: str) -> bool:
    """Whether a value is hidden: long enough, and no word that everybody uses."""
    if len(value) < SHORTEST or value.lower() in _COMMON or _NUMBER.fullmatch(value):
        return False
    return value.strip() == value or len(value.strip()) >= SHORTEST


def _forms(piece: str) -> set[str]:
    """A value as it is, and as it stands in a URL, in HTML, in JSON and in Python."""
    forms = {piece, quote(piece, safe=""), quote(piece), quote_plus(piece)}
    forms |= {html.escape(piece), html.escape(piece).replace("&#x27;", "&#39;")}
    forms |= {json.dumps(piece)[1:-1], json.dumps(piece, ensure_ascii=False)[1:-1]}
    escaped = piece.encode("unicode_escape").decode("ascii")
    return {*forms, escaped, repr(piece)[1:-1], piece.replace("\\", "\\\\").replace('"', '\\"')}


def _without_password(match: re.Match[str]) -> str:
    start, end = match.span(1)
    inner = match[1]
    if inner.startswith(("[", "$", "{", "%", "<", "*")):
        return match[0]
    begin = match.start()
    return f"{match[0][: start - begin]}[password]{match[0][end - begin :]}"
