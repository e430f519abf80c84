"""The .env files that are not plain: quotes, comments, escapes, `${OTHER}`, through python-dotenv.

python-dotenv skips what it cannot read and takes any word as a key. Here each such line is an
error with its place. `${OTHER}` and `${OTHER:-default}` are expanded in unquoted and in
double-quoted values, from earlier keys (of this and of earlier files) first and the real
environment next, as python-dotenv does; what stands in single quotes is taken as it is, as in a
shell. One thing more than python-dotenv: in double quotes a dollar and a backtick lose a backslash
before them, as in a shell, so that what `localku config -s` prints is read back. Pure.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Mapping

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables

from localku.errors import UserError
from localku.manifest.envfile import EnvFile, is_key
from localku.manifest.problems import raise_if_any

_ASSIGNMENT = re.compile(r"\s*(?:export[^\S\n]+)?'?([^=#\s']*)'?[^\S\n]*(=?)[^\S\n]*(['\"]?)")
_QUOTED = re.compile(r"""(['"])(?:\\.|(?!\1)[^\\])*\1""", re.DOTALL)
_ESCAPE = re.compile(r"\\[\\'\"abfnrtv$`]")
_DOLLAR = "\0"  # stands for a dollar that was escaped; no value can have a NUL
_INNER_ASSIGNMENT = re.compile(r"\n[^\S\n]*(?:export +)?[A-Z_][A-Z0-9_]*=(?!=?(?:\n|$))")
# A word that can be shown in a message: short, and nothing that a line of a key file consists of.
_SHOWABLE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def read_into(found: EnvFile, text: str, name: str, environ: Mapping[str, str]) -> None:
    """Add the config vars of one file to those found before. Raises UserError for bad lines."""
    if text.lstrip().startswith("{"):
        raise UserError(
            "this looks like JSON", where=f"{name}:1", hint="write one KEY=value on each line"
        )
    errors: list[UserError] = []
    for line, binding in numbered(text):
        where = f"{name}:{line}"
        error = _mistake(binding, where)
        if error is not None:
            errors.append(error)
            if _is_unclosed(binding):
                break  # the lines after it belong to the value, or not: nobody can tell
        elif binding.key is not None:
            if _INNER_ASSIGNMENT.search(binding.value or ""):
                found.warnings.append(
                    (where, f"the value of {binding.key} goes over several lines")
                )
            found.add(binding.key, expand(found, binding, where, environ), name, line)
    raise_if_any(errors)


def numbered(text: str) -> Iterator[tuple[int, Binding]]:
    """Bindings with the line on which each begins (python-dotenv counts the blank ones before)."""
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original
        blank = len(original.string) - len(original.string.lstrip())
        yield original.line + original.string.count("\n", 0, blank), binding


def expand(found: EnvFile, binding: Binding, where: str, environ: Mapping[str, str]) -> str:
    """The value of a binding with `${OTHER}` filled in; a warning for each that is not set."""
    value = _shell_escapes(binding) if quote_of(binding) == '"' else binding.value or ""
    if "${" in value and quote_of(binding) != "'":
        value = _filled_in(value, found, where, environ)
    return value.replace(_DOLLAR, "$")


def _shell_escapes(binding: Binding) -> str:
    """The value of a binding in double quotes; _DOLLAR for an escaped dollar."""
    text = binding.original.string
    match = _ASSIGNMENT.match(text)
    quoted = _QUOTED.match(text, match.start(3)) if match else None
    if quoted is None or ("\\$" not in quoted[0] and "\\`" not in quoted[0]):
        return binding.value or ""
    return _ESCAPE.sub(_unescaped, quoted[0][1:-1])


def _unescaped(match: re.Match[str]) -> str:
    letter = match[0][1]
    if letter in "$`":
        return _DOLLAR if letter == "$" else letter
    return codecs.decode(match[0], "unicode-escape")


def _filled_in(value: str, found: EnvFile, where: str, environ: Mapping[str, str]) -> str:
    known = {**environ, **found.values}
    parts = []
    for atom in parse_variables(value):
        if isinstance(atom, Variable) and atom.name not in known and atom.default is None:
            found.warnings.append((where, f"{_shown(atom.name)} is not set: it becomes empty"))
        parts.append(atom.resolve(known))
    return "".join(parts)


def quote_of(binding: Binding) -> str:
    """The quote with which a value begins, or ""."""
    match = _ASSIGNMENT.match(binding.original.string)
    return match[3] if match else ""


def _mistake(binding: Binding, where: str) -> UserError | None:
    if binding.error:
        return _unreadable(binding, where)
    if binding.key is None:
        return None
    if binding.value is None:
        hint = "write KEY=value; a value of several lines needs quotes"
        return UserError("no = in this line", where=where, hint=hint)
    if not is_key(binding.key):
        # base64 ends in =, so a line of an unquoted key file looks like KEY=: do not show it
        called = _shown(binding.key) if binding.value.strip("=") else "this key"
        hint = "use letters, digits and _, with no digit first"
        return UserError(f"{called} cannot name a config var", where=where, hint=hint)
    if "\0" in binding.value:
        return UserError(f"a NUL character in the value of {binding.key}", where=where)
    return None


def _unreadable(binding: Binding, where: str) -> UserError:
    match = _ASSIGNMENT.match(binding.original.string)
    key, sign, quote = match.groups() if match else ("", "", "")
    if sign and quote and is_key(key):
        if _is_unclosed(binding):
            hint = "the lines after it were not read"
            return UserError(f"the value of {key} has no closing {quote}", where=where, hint=hint)
        what = f"the value of {key} goes on after its closing {quote}"
        return UserError(what, where=where, hint=f"write \\{quote} for a quote inside the value")
    if sign and not key:
        return UserError("no key before the =", where=where, hint="write KEY=value")
    return UserError("not a KEY=value line", where=where, hint="write KEY=value")


def _is_unclosed(binding: Binding) -> bool:
    """Whether a value begins with a quote that nothing in the rest of the file closes."""
    text = binding.original.string
    match = _ASSIGNMENT.match(text)
    return bool(
        binding.error
        and match
        and match[2]
        and match[3]
        and not _QUOTED.match(text, match.start(3))
    )


def _shown(word: str) -> str:
    """A key as a message may show it: a line of a private key must not be printed as a key."""
    return word if _SHOWABLE.fullmatch(word) else "this key"
