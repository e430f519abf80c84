"""How values of config vars are written for a shell and read back. Pure.

`config -s` quotes as Heroku's CLI does (src/lib/config/quote.ts): as it is when nothing in it means
anything to a shell, else in single quotes, else (with a ' or a line end) in double quotes, with a
backslash before `"`, `\\`, `$` and the backtick, and the two characters \\n for a line end. Where
that would not be read back, the same rules spell it otherwise:
- two backslashes, or one at the end, are in double quotes: a .env file has escapes in single ones;
- a `~` in front is quoted: a shell would put the home folder there;
- a `!` has no backslash in double quotes: no shell takes it away again;
- a carriage return is \\r, as a line end is \\n: readers of files turn it into a line end.
A shell's own `eval` leaves \\n as it is: `export_line` is what every shell reads exactly.
"""

from __future__ import annotations

import re

_TRIGGERS = re.compile(r"""["\s#!$&'()*,:;<=>?@\[\\\]^`{|}\ufeff\x00-\x1f\x7f]|\A~""")
_ESCAPED = re.compile(r'["\\$`]')
_BREAKS = {"\n": "\\n", "\r": "\\r"}
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


def quote(value: str) -> str:
    """A value as `config -s` prints it: on one line, right for a .env file, and for a shell."""
    if not _TRIGGERS.search(value):
        return value
    if not set("'\n\r") & set(value) and "\\\\" not in value and not value.endswith("\\"):
        return f"'{value}'"
    text = _ESCAPED.sub(r"\\\g<0>", value)
    for letter, escape in _BREAKS.items():
        text = text.replace(letter, escape)
    return f'"{text}"'


def herokus(value: str) -> str:
    """A value as Heroku's own CLI prints it."""
    if not re.search(r"""["\s#!$&'()*,:;<=>?@\[\\\]^`{|}]""", value):
        return value
    if "'" in value or "\n" in value:
        text = re.sub(r'["\\$`!]', r"\\\g<0>", value).replace("\n", "\\n")
        return f'"{text}"'
    return f"'{value}'"


def export_line(key: str, value: str) -> str:
    """`export KEY='value'`, which sh, bash and zsh read exactly, whatever the value is."""
    quoted = value.replace("'", "'\\''")
    return f"export {key}='{quoted}'"


def unquote(text: str) -> str:
    """What `quote` or `herokus` has made of a value, undone; any other text is taken as it is.

    Only a text in quotes that one of them would have printed exactly so is undone: `"hello"` with
    its quotes is a value of its own, for `config -s` would have no quotes around hello.
    """
    inner = _inner(text)
    if inner is not None and text in (quote(inner), herokus(inner)):
        return inner
    return text


def _inner(text: str) -> str | None:
    """What stands within a pair of quotes around all of the text; None when there is none."""
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        return None
    body = text[1:-1]
    if text[0] == "'":
        return None if "'" in body else body
    if not re.fullmatch(r'(?:\\.|[^"\\])*', body, re.S):
        return None
    return re.sub(r"\\(.)", lambda match: _unescaped(match[1]), body, flags=re.S)


def _unescaped(letter: str) -> str:
    breaks = {"n": "\n", "r": "\r"}
    return breaks.get(letter, letter if letter in '"\\$`!' else "\\" + letter)


def join_torn(words: list[str]) -> tuple[list[str], list[str]]:
    """Words of `config:set $(localku config -s)` made whole again, and the keys that were torn.

    A shell splits what a command prints at its blanks and leaves the quotes: `B='a b'` comes as
    `B='a` and `b'`. From an assignment whose value begins with a quote that it does not close, up
    to the first word that closes it, all is one word; without such a word each is its own.
    """
    whole, torn = [], []
    place = 0
    while place < len(words):
        word = words[place]
        end = _closing(words, place)
        if end > place:
            key, _, text = " ".join(words[place : end + 1]).partition("=")
            inner = _inner(text)
            word = f"{key}={text if inner is None else inner}"
            torn.append(key)
        elif _ASSIGNMENT.match(word):
            key, _, text = word.partition("=")
            word = f"{key}={unquote(text)}"
        whole.append(word)
        place = max(end, place) + 1
    return whole, torn


def _closing(words: list[str], first: int) -> int:
    """The place of the word that closes the quote which words[first] opens; `first` for none."""
    match = _ASSIGNMENT.match(words[first])
    text = words[first][match.end() :] if match else ""
    if not text.startswith(("'", '"')):
        return first
    for place in range(first, len(words)):
        text = " ".join([text, words[place]]) if place > first else text
        if _inner(text) is not None:
            return place
        if _is_closed_within(text):
            break
    return first


def _is_closed_within(text: str) -> bool:
    """Whether the quote in front is closed somewhere before the end."""
    if text[0] == "'":
        return "'" in text[1:]
    return re.match(r'"(?:\\.|[^"\\])*"', text, re.S) is not None


class BadLine(ValueError):
    """A line of `config:edit` that cannot be read."""


def parse_line(line: str) -> tuple[str, str] | None:
    """One line of `config:edit`: key and value; None for an empty one or a comment. BadLine.

    Heroku's rules (src/lib/config/util.ts): KEY=VALUE, `export` before it is fine; the value is one
    word of a shell, in which \\n stands for a line end when it begins with a double quote.
    """
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    key, sign, value = text.removeprefix("export ").lstrip().partition("=")
    if not sign or not _ASSIGNMENT.fullmatch(key + "="):
        raise BadLine(f"{key} is invalid. Must be in the format FOO=bar.")
    return key, _word(value)


def _word(text: str) -> str:
    """The value of one word of a shell, quotes of both kinds and backslashes in it. BadLine."""
    pattern = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\|&;()<>]+)""", re.S)
    parts = []
    place = 0
    while place < len(text):
        match = pattern.match(text, place)
        if match is None:
            raise BadLine(f"Invalid token: {text[place : place + 20]}")
        single, double, escaped, plain = match.groups()
        if double is not None:
            parts.append(re.sub(r"\\(.)", lambda m: _unescaped(m[1]), double, flags=re.S))
        else:
            parts.append(next(part for part in (single, escaped, plain) if part is not None))
        place = match.end()
    return "".join(parts)
