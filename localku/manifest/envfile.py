"""The .env file: config vars, one `KEY=VALUE` a line.

python-dotenv decides what a line means (see dotenvfile.py). Loading that library costs more than
everything else before the first dyno starts, so plain files are read here, and a test proves that
the outcome is the same to the byte. Values never appear in a message: they may be secrets.

Order of precedence: a later file wins over an earlier one, a later line over an earlier one, and
all of them over the real environment, as `heroku local` has it. START PATH.
"""

from __future__ import annotations

from localku.errors import UserError
from localku.manifest import textfile
from localku.manifest.problems import each, raise_if_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class EnvFile:
    """Config vars that were read. values: by key. places: `.env:3` of the line that won.

    warnings: (place, text) of lines that are read, but not as their author may think.
    """

    __slots__ = ("places", "values", "warnings")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self.warnings: list[tuple[str, str]] = []

    def add(self, key: str, value: str, name: str, line: int) -> None:
        """Take the config var on one line of the file called name; it wins over earlier ones."""
        where = f"{name}:{line}"
        if self.places.get(key, "").startswith(f"{name}:"):
            first = self.places[key]
            self.warnings.append((where, f"{key} is set again: the value at {first} is not used"))
        self.values[key] = value
        self.places[key] = where


def parse(
    text: str | bytes, name: str = ".env", environ: Mapping[str, str] | None = None
) -> EnvFile:
    """Config vars of one file. environ is what `${OTHER}` may refer to beside earlier lines.

    Raises UserError (Problems for several bad lines) with `name:LINE`.
    """
    found = EnvFile()
    _read_into(found, text, name, {} if environ is None else environ)
    return found


def load(
    paths: list[str],
    environ: Mapping[str, str],
    names: list[str] | None = None,
    optional: bool = False,
) -> EnvFile:
    """Config vars of several files, the later wins. names: how messages call them.

    environ: the real environment, for `${OTHER}` only. optional: a missing file is fine (the
    default .env), else it is an error. Raises UserError.
    """
    found = EnvFile()
    errors: list[UserError] = []
    for path, name in zip(paths, paths if names is None else names, strict=True):
        try:
            text = textfile.read(path, name)
            if text is not None:
                _read_into(found, text, name, environ)
            elif not optional:
                errors.append(UserError("no such file", where=name, hint="see -e/--env"))
        except UserError as error:
            errors += each(error)
    raise_if_any(errors)
    return found


def is_key(word: str) -> bool:
    """Whether a word can name a config var: letters, digits, `_`, no digit first (POSIX)."""
    return word.isascii() and word.isidentifier()


def _read_into(found: EnvFile, text: str | bytes, name: str, environ: Mapping[str, str]) -> None:
    text = textfile.decode(text, name) if isinstance(text, bytes) else textfile.normalise(text)
    if not _read_plain(found, text, name):
        from localku.manifest import dotenvfile  # imports python-dotenv: 21 ms

        dotenvfile.read_into(found, text, name, environ)


def _read_plain(found: EnvFile, text: str, name: str) -> bool:
    """Read a file in which every line is plain; on the first other one, leave it all and say no."""
    plain: list[tuple[str, str, int]] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip(" \t")
        if not line or line[0] == "#":
            continue
        key, sign, value = line.partition("=")
        key = key.rstrip(" \t")
        if key.startswith("export") and key[6:7] in (" ", "\t"):
            key = key[6:].lstrip(" \t")
        taken = _plain_value(value.lstrip(" \t"))
        if not sign or key == "export" or not is_key(key) or taken is None:
            return False
        plain.append((key, taken, number))
    for key, value, number in plain:
        found.add(key, value, name, number)
    return True


def _plain_value(text: str) -> str | None:
    """The value that a plain text stands for; None if python-dotenv has to decide.

    Plain is a text without expansion, without blanks other than spaces, on one line; in quotes,
    if nothing in it is escaped. A comment may follow.
    """
    if not text:
        return ""
    if not text.isprintable() or "${" in text or text[0] == "#":
        return None
    if text[0] in "'\"":
        inner, end, rest = text[1:].partition(text[0])
        rest = rest.lstrip(" ")
        return inner if end and "\\" not in inner and rest[:1] in ("", "#") else None
    return text.partition(" #")[0].rstrip(" ")
