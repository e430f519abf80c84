"""The words of `localku run`: which are ours, which the command's, joined as Heroku's CLI does."""

from __future__ import annotations

from localku.errors import UserError

USAGE = 2  # the exit status of a command that was written wrongly
WITH_VALUE = ("-e", "--env", "-s", "--size", "--type", "-a", "--app", "--root", "-d", "--dyno")


def split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our flags, and the command: all from the first word that is no flag, or from `--`, on."""
    at = 0
    while at < len(argv) and argv[at].startswith("-") and argv[at] != "--":
        at += 2 if argv[at] in WITH_VALUE else 1
    return argv[:at], argv[at:]


def without_app(words: list[str]) -> tuple[list[str], str]:
    """`rake db:migrate --app shop`, as Heroku's documents write it: the command, and the app. What
    stands behind `--` is the command's alone."""
    if "--" not in words and len(words) > 2 and words[-2] == "--app":
        return words[:-2], words[-1]
    return words, ""


def joined(words: list[str]) -> str:
    """The command line. One word is one already; of several, each with a space or `"` is quoted."""
    if len(words) == 1:
        return words[0]
    return " ".join(_quoted(word) if " " in word or '"' in word else word for word in words)


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '\\"') + '"'


def read_env(text: str) -> dict[str, str]:
    """`A=1;B=2`. Raises UserError."""
    env = {}
    for pair in filter(None, text.split(";")):
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"{pair} is not KEY=value", where="--env", status=USAGE)
        env[key] = value
    return env
