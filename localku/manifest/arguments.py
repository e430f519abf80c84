"""The command line of `localku start` and `localku check`: argv to values.

Our own few lines, because argparse would take longer to import than a dyno takes to start.
Understands `--flag value`, `--flag=value`, `-pVALUE`, `-p VALUE`, `--no-flag` and `--`.
Pure. START PATH.
"""

from __future__ import annotations

from localku.errors import UserError
from localku.manifest.problems import did_you_mean
from localku.manifest.procfile import is_type_name
from localku.manifest.setting import Setting
from localku.manifest.settings_table import TABLE

USAGE = 2  # the exit status of a command that was written wrongly


def parse_argv(argv: list[str]) -> tuple[dict[str, object], list[str]]:
    """Values by setting name, and what is not a flag.

    Values for one process type (`--grace web=5`) are under the key `types`: {type: {name: value}}.
    `-h` and `--help` set the key `help`. Raises UserError(status=2).
    """
    flags = {flag: item for item in TABLE for flag in (*item.flags, *item.aliases)}
    given: dict[str, object] = {}
    positional: list[str] = []
    rest = list(reversed(argv))
    while rest:
        word = rest.pop()
        if word == "--":
            positional += reversed(rest)
            break
        if word in ("-h", "--help"):
            given["help"] = True
        elif word.startswith("-") and word != "-":
            _take(word, rest, flags, given)
        else:
            positional.append(word)
    return given, positional


def _take(word: str, rest: list[str], flags: dict[str, Setting], given: dict[str, object]) -> None:
    """Read one flag, with its value from the same word or from the rest of the line."""
    flag, sign, value = word.partition("=")
    if not word.startswith("--"):
        flag, sign, value = word[:2], word[2:], word[2:].removeprefix("=")
    setting = flags.get(flag)
    if setting is None:
        _take_negation(flag, sign, given, flags)
    elif setting.kind == "bool" and not sign:
        given[setting.name] = True
    else:
        if not sign:
            value = _next(flag, setting, rest)
        try:
            store(given, setting, value, flag)
        except UserError as error:
            error.status = USAGE
            raise


def _next(flag: str, setting: Setting, rest: list[str]) -> str:
    following = rest[-1] if rest else "--"
    if following.startswith("-") and following != "-" and not following[1:2].isdecimal():
        hint = f"write {flag} {setting.metavar}"
        raise UserError("this flag needs a value", where=flag, hint=hint, status=USAGE)
    return rest.pop()


def store(values: dict[str, object], setting: Setting, text: str, where: str) -> None:
    """Put the value that a text stands for into `values`; lists grow. Raises UserError.

    For a setting that a process type may have of its own, parts such as `web=5s` go under `types`.
    """
    if not text.strip():
        raise UserError("the value is empty", where=where, hint=f"give {setting.metavar}")
    if setting.name == "formation":  # formation.parse reads it, when the process types are known
        _extend(values, "formation", [text])
        return
    if not setting.per_type:
        value = setting.read(text, where)
        if isinstance(value, list):
            _extend(values, setting.name, value)
        else:
            values[setting.name] = value
        return
    for part in text.split(","):
        name, sign, own = part.strip().partition("=")
        if not sign or not is_type_name(name):
            target, own = values, part
        else:
            types = values.setdefault("types", {})
            target = types.setdefault(name, {}) if isinstance(types, dict) else values
        value = setting.read(own, where)
        if isinstance(value, list):
            _extend(target, setting.name, value)
        else:
            target[setting.name] = value


def _extend(values: dict[str, object], name: str, more: list[str]) -> None:
    before = values.get(name)
    values[name] = [*before, *more] if isinstance(before, list) else more


def _take_negation(
    flag: str, sign: str, given: dict[str, object], flags: dict[str, Setting]
) -> None:
    """Read `--no-watch` or `--no-color`; every other unknown flag is an error."""
    positive = "--" + flag.removeprefix("--no-")
    setting = flags.get(positive)
    if not flag.startswith("--no-") or setting is None:
        raise _unknown(flag, flags)
    if not _can_negate(setting):
        hint = f"write {positive} {setting.metavar}"
        raise UserError("no such flag", where=flag, hint=hint, status=USAGE)
    if sign:
        raise UserError("this flag takes no value", where=flag, status=USAGE)
    given[setting.name] = False if setting.kind == "bool" else "never"


def _unknown(flag: str, flags: dict[str, Setting]) -> UserError:
    words = [*flags, *("--no-" + name[2:] for name, item in flags.items() if _can_negate(item))]
    nearest = did_you_mean(flag, words) if flag.startswith("--") else ""
    hint = f"did you mean {nearest}?" if nearest else "see localku start --help"
    return UserError("no such flag", where=flag, hint=hint, status=USAGE)


def _can_negate(setting: Setting) -> bool:
    return setting.kind == "bool" or setting.name == "color"
