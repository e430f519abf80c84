"""What a setting is, and how its value is read from text (a flag, a variable, a line of yaml).

Pure. START PATH: numbers are read by hand, because the regular expressions would cost more time
to compile than everything else here.
"""

from __future__ import annotations

from localku.errors import UserError
from localku.manifest.domain import normal_domain

# Seconds and bytes by unit. Heroku's quotas count 1 MB as 2**20 bytes (Dev Center, "Dyno Types").
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", 1):
    _BYTES.update((_letter + rest, 1 << 10 * _power) for rest in ("", "b", "ib"))
_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")


class Setting:
    """One setting: the single source of its flag, variable, yaml key, default and help.

    kind: text, path (of a URL), bool, choice, number, count (whole, from 1 to `most`), port,
    duration (seconds), bytes, list, domains (a list of them).
    per_type: a process type may have its own value (`--grace web=5s`, or under `types:` in
    localku.yml). heroku: the value under --heroku-times. aliases: flags that other tools have for
    the same thing.
    """

    __slots__ = (
        "aliases",
        "choices",
        "default",
        "flags",
        "group",
        "help",
        "heroku",
        "kind",
        "metavar",
        "most",
        "name",
        "per_type",
        "shown_default",
        "yaml_key",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        default: object,
        flags: tuple[str, ...],
        help: str,
        *,
        group: str,
        metavar: str = "",
        choices: tuple[str, ...] = (),
        most: int = 9999,
        aliases: tuple[str, ...] = (),
        per_type: bool = False,
        heroku: object = None,
        yaml_key: str | None = None,
        shown_default: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.flags = flags
        self.help = help
        self.group = group
        self.metavar = metavar
        self.choices = choices
        self.most = most
        self.aliases = aliases
        self.per_type = per_type
        self.heroku = heroku
        self.yaml_key = name if yaml_key is None else yaml_key
        self.shown_default = shown_default

    @property
    def variable(self) -> str:
        """The environment variable, `LOCALKU_PORT`."""
        return "LOCALKU_" + self.name.upper()

    @property
    def flag(self) -> str:
        """The long flag, `--port`."""
        return self.flags[-1]

    def read(self, text: str, where: str, label: str = "") -> object:
        """The value that a text stands for. Raises UserError; label goes before its message."""
        try:
            return _READERS[self.kind](self, text.strip())
        except UserError as error:
            message = f"{label}{text!r} {error.message}"
            raise UserError(message, where=where, hint=error.hint) from None


def boolean(text: str) -> bool:
    """true, yes, on, 1 or false, no, off, 0 in any case. Raises UserError."""
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise UserError("is neither yes nor no", hint="write true or false")


def duration(text: str) -> float:
    """Seconds from `30`, `30s`, `500ms`, `1.5m`, `1h`. Raises UserError."""
    number, unit = _split(text)
    if number is None or unit not in _SECONDS:
        raise UserError("is not a duration", hint="write 30, 30s, 500ms, 1.5m or 1h")
    return number * _SECONDS[unit]


def size(text: str) -> int:
    """Bytes from `512MB`, `1.5GB`, `512M`, `512MiB` (all by 1,024) or plain bytes. UserError."""
    number, unit = _split(text)
    if not number or unit not in _BYTES:
        raise UserError("is not an amount of memory", hint="write 512MB or 1GB")
    return int(number * _BYTES[unit])


def _split(text: str) -> tuple[float | None, str]:
    """A plain decimal number and the lower-case word after it. No number: None."""
    end = 0
    while end < len(text) and text[end] in "0123456789.":
        end += 1
    try:
        return float(text[:end]), text[end:].strip().lower()
    except ValueError:
        return None, ""


def _text(setting: Setting, text: str) -> str:
    if not text:
        raise UserError("is empty", hint=f"give {setting.metavar or 'a value'}")
    return text


def _path(setting: Setting, text: str) -> str:
    if text.startswith("/") and text.isprintable() and " " not in text:
        return text
    raise UserError("is not a path of a URL", hint="write /healthz")


def _bool(setting: Setting, text: str) -> bool:
    return boolean(text)


def _choice(setting: Setting, text: str) -> str:
    if text in setting.choices:
        return text
    raise UserError(f"is not one of {', '.join(setting.choices)}")


def _number(setting: Setting, text: str) -> float:
    number, unit = _split(text)
    if not number or unit:
        raise UserError("is not a number above 0", hint="write 0.1 or 1")
    return number


def _count(setting: Setting, text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= setting.most:
        return int(text)
    raise UserError(f"is not a whole number from 1 to {setting.most}")


def _port(setting: Setting, text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= 65535:
        return int(text)
    raise UserError("is not a port", hint="write a number from 1 to 65535, or 0 for any free port")


def _duration(setting: Setting, text: str) -> float:
    return duration(text)


def _bytes(setting: Setting, text: str) -> int:
    return size(text)


def _list(setting: Setting, text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise UserError("has an empty part", hint="write one name, or several with commas")
    return words


def _domains(setting: Setting, text: str) -> list[str]:
    return [normal_domain(word) for word in _list(setting, text)]


_READERS = {
    "text": _text,
    "path": _path,
    "bool": _bool,
    "choice": _choice,
    "number": _number,
    "count": _count,
    "port": _port,
    "duration": _duration,
    "bytes": _bytes,
    "list": _list,
    "domains": _domains,
}
