"""The Procfile: one `type: command` a line.

honcho's parser decides what a good line means. Every line that honcho would skip in silence is an
error here, with file and line. Pure but for `load`, which reads files. START PATH: honcho's parser
and what it imports (re, shlex) cost as much as all else here, so it is asked for the lines that are
not plain; a test holds that both read a plain line alike.
"""

from __future__ import annotations

import os

from localku.errors import UserError
from localku.manifest import textfile
from localku.manifest.problems import each, raise_if_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Process types that Heroku treats apart: `release` runs once per release and is never scaled
# (Dev Center, "Release phase").
RELEASE = "release"
WEB = "web"

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_EXAMPLE = 'write a line such as "web: python app.py"'


class ProcfileEntry:
    """One process type. command: the shell command line as written. where: `Procfile:3`."""

    __slots__ = ("command", "name", "where")

    def __init__(self, name: str, command: str, where: str) -> None:
        self.name = name
        self.command = command
        self.where = where

    def __repr__(self) -> str:
        return f"ProcfileEntry({self.name!r}, {self.command!r}, {self.where!r})"


class Procfile:
    """All process types of an app, in the order of the files. files: (path, name) of each."""

    __slots__ = ("entries", "files")

    def __init__(self, entries: dict[str, ProcfileEntry], files: list[tuple[str, str]]) -> None:
        self.entries = entries
        self.files = files

    @property
    def types(self) -> list[str]:
        return list(self.entries)


def is_type_name(word: str) -> bool:
    """Whether a word can name a process type: letters, digits, `_` and `-`."""
    return bool(word) and _NAME_CHARACTERS.issuperset(word)


def parse(text: str | bytes, name: str = "Procfile") -> dict[str, ProcfileEntry]:
    """Process types by name, in order. Raises UserError (Problems for several bad lines).

    name is how messages call the file. A file without any process type is an error too.
    """
    text = textfile.decode(text, name) if isinstance(text, bytes) else textfile.normalise(text)
    entries: dict[str, ProcfileEntry] = {}
    errors: list[UserError] = []
    for number, line in _lines(text):
        where = f"{name}:{number}"
        try:
            entry = _entry(line, where)
            if entry.name in entries:
                raise _duplicate(entry, entries[entry.name])
            entries[entry.name] = entry
        except UserError as error:
            errors.append(error)
    if not entries and not errors:
        errors.append(UserError("no process type in this file", where=name, hint=_EXAMPLE))
    raise_if_any(errors)
    return entries


def load(paths: list[str], names: list[str] | None = None) -> Procfile:
    """Read several Procfiles as one. names: how messages call them (default: the paths).

    Raises UserError: a missing, empty or bad file, a process type that two files define.
    """
    entries: dict[str, ProcfileEntry] = {}
    errors: list[UserError] = []
    names = paths if names is None else names
    for path, name in zip(paths, names, strict=True):
        try:
            text = textfile.read(path, name)
            if text is None:
                raise missing(path, name)
            found = parse(text, name)
        except UserError as error:
            errors += each(error)
            continue
        for entry in found.values():
            if entry.name in entries:
                errors.append(_duplicate(entry, entries[entry.name]))
            else:
                entries[entry.name] = entry
    raise_if_any(errors)
    return Procfile(entries, list(zip(paths, names, strict=True)))


def missing(path: str, name: str) -> UserError:
    """The error for a Procfile that is not there: where it was looked for, and what to do."""
    folder, wanted = os.path.split(os.path.abspath(path))
    try:
        near = sorted(entry for entry in os.listdir(folder) if "procfile" in entry.lower())
    except OSError:
        return UserError(f"no such folder: {folder}", where=name, hint="name the app's with -d")
    if wanted in near:
        hint = "it is a symbolic link to a file that is not there"
    elif near and wanted == "Procfile" and near[0].lower() in ("procfile", "procfile.txt"):
        hint = f"rename {near[0]} to Procfile"
    elif near:
        hint = f"there is {near[0]}: ask for it with -f {near[0]}"
    else:
        hint = f"{_EXAMPLE} in a file of this name, or name the app's folder with -d"
    return UserError(f"there is no {wanted} in {folder}", hint=hint)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) of all lines that say something; what follows a `\\` belongs to it."""
    continued = False
    for number, line in enumerate(text.split("\n"), 1):
        if continued:
            continued = _goes_on(line)
            continue
        if line.strip() and not line.lstrip().startswith("#"):
            continued = _goes_on(line)
            yield number, line


def _goes_on(line: str) -> bool:
    line = line.rstrip()
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _entry(line: str, where: str) -> ProcfileEntry:
    strange = _strange_character(line)
    if strange:
        raise UserError(
            f"an invisible character ({strange}) stands in this line", where=where, hint="remove it"
        )
    if _goes_on(line):
        raise UserError(
            "this line ends with a backslash, but a Procfile has no continuation lines",
            where=where,
            hint="write the command on one line, or put it into a script",
        )
    name, command = _plain(line) or _as_honcho(line)
    if command.strip():
        return ProcfileEntry(name, command, where)
    raise _bad_line(line, where)


def _plain(line: str) -> tuple[str, str] | None:
    """Name and command of a good line in ASCII, which needs no parser; None for any other."""
    name, _, command = line.partition(":")
    command = command.lstrip()
    return (name, command) if command and is_type_name(name) and line.isascii() else None


def _as_honcho(line: str) -> tuple[str, str]:
    """Name and command as honcho reads them; ("", "") for a line that it skips."""
    from honcho.environ import parse_procfile

    return next(iter(parse_procfile(line).processes.items()), ("", ""))


def _strange_character(line: str) -> str:
    """The code point in a line at which honcho would break it in two, or a NUL; or ""."""
    if line.isprintable():
        return ""
    for character in line:
        if character == "\0" or (character != "\t" and len(f"a{character}a".splitlines()) > 1):
            return f"U+{ord(character):04X}"
    return ""


def _duplicate(entry: ProcfileEntry, first: ProcfileEntry) -> UserError:
    return UserError(
        f"process type {entry.name} is already defined at {first.where}",
        where=entry.where,
        hint="keep one of the two lines, or give this one another name",
    )


def _bad_line(line: str, where: str) -> UserError:
    """Say what is wrong with a line that honcho's parser does not take."""
    head, colon, command = line.partition(":")
    word = head.strip()
    if not colon or any(map(str.isspace, word)):
        first = line.split()[0]
        known = first if is_type_name(first) else "<type>"
        hint = f'write "{known}: <command>"'
        return UserError("no colon after the process type", where=where, hint=hint)
    if not is_type_name(word):
        called = (
            f"{word!r} cannot name a process type" if word else "no process type before the colon"
        )
        hint = "use letters, digits, - and _" if word else 'write "<type>: <command>"'
        return UserError(called, where=where, hint=hint)
    if head != head.lstrip():
        return UserError(f"blanks before process type {word}", where=where, hint="remove them")
    if head != word:
        return UserError(
            f"blanks between process type {word} and the colon",
            where=where,
            hint=f'write "{word}: {command.strip() or "<command>"}"',
        )
    return UserError(
        f"process type {word} has no command", where=where, hint=f'write "{word}: <command>"'
    )
