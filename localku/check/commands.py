"""What the Procfile's command lines run: programs, their words, how the shell joins them. Pure.

A script of the app that a command names (`sh start.sh`, `npm run serve`) is read as well, since a
shell would. What the shell alone can work out is left as it is written: `$PORT` stays `$PORT`.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from localku.check.places import procfile_place
from localku.check.slug import Slug

_JOINS = frozenset(("&&", "||", ";", "|", "&"))
_SHELLS = frozenset(("sh", "bash", "dash", "zsh"))
_ASSIGN = re.compile(r"[A-Za-z_]\w*=")
# words of the shell that begin a line of a script and run nothing themselves
_SYNTAX = frozenset(("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for"))
_SYNTAX |= {"case", "esac", "{", "}", "function", "set", "!", "time"}
# programs that run another one
_WRAPPER_NAMES = """
exec env nohup nice setsid command npx ddtrace-run opentelemetry-instrument dumb-init tini sudo
stdbuf unbuffer chpst time
"""
_WRAPPERS = frozenset(_WRAPPER_NAMES.split())
_RUNNERS = {"bundle exec", "poetry run", "pipenv run", "uv run", "pdm run", "hatch run"}
_RUNNERS |= {"newrelic-admin run-program", "yarn exec", "pnpm exec", "npm exec", "dotenv run"}
_DEEP = 3  # scripts that run scripts


@dataclass(frozen=True)
class Step:
    """One command of a command line. type: the process type. where: `Procfile:1`, `run.sh:3`.
    words: the program first, wrappers left out. wrappers: those (`exec`, `nohup`, `poetry run`).
    join: what follows it: `&&`, `;`, `&`, `|`, "" at the end. text: as written."""

    type: str
    where: str
    words: tuple[str, ...]
    wrappers: tuple[str, ...] = ()
    join: str = ""
    text: str = ""

    @property
    def program(self) -> str:
        """The program's name without its folder, "" for an assignment alone."""
        return posixpath.basename(self.words[0]) if self.words else ""

    def option(self, *names: str) -> str | None:
        """The value of an option (`-b X`, `--bind X`, `--bind=X`, `-bX`), "" for one without."""
        for index, word in enumerate(self.words[1:], 1):
            for name in names:
                if word == name:
                    following = self.words[index + 1 : index + 2]
                    return following[0] if following and following[0][:1] != "-" else ""
                if word.startswith(f"{name}=") and name.startswith("--"):
                    return word[len(name) + 1 :]
                if len(name) == 2 and word.startswith(name) and word[1:2] != "-" and len(word) > 2:
                    return word[2:]
        return None


def steps(slug: Slug, process_type: str | None = None) -> list[Step]:
    """All commands of one process type, or of all but `release`; scripts of the app in place."""
    found: list[Step] = []
    for name, command in slug.procfile.items():
        if name == process_type or (process_type is None and name != "release"):
            found += _expanded(slug, name, procfile_place(slug, name), command, _DEEP)
    return found


def direct(slug: Slug, process_type: str) -> list[Step]:
    """The commands of a process type as the Procfile has them: no script is read, but what a
    shell is given with `-c` is."""
    place = procfile_place(slug, process_type)
    found: list[Step] = []
    for step in split(process_type, place, slug.procfile.get(process_type, "")):
        command = step.option("-c", "-lc", "-ec") if step.program in _SHELLS else None
        found += list(split(process_type, place, command)) if command else [step]
    return found


def split(process_type: str, where: str, command: str) -> Iterator[Step]:
    """The commands of one command line; nothing for one that no shell would take."""
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=";|&")
        lexer.whitespace_split = True
        lexer.commenters = "#"
        tokens = list(lexer)
    except ValueError:
        return
    words: list[str] = []
    for token in [*tokens, ""]:
        if token and token not in _JOINS:
            words.append(token)
            continue
        if words:
            yield _step(process_type, where, words, token)
        words = []


def _step(process_type: str, where: str, words: list[str], join: str) -> Step:
    text = " ".join(words)
    wrappers: list[str] = []
    while words:
        pair = " ".join(words[:2])
        if pair in _RUNNERS:
            wrappers.append(pair)
            words = words[2:]
        elif _ASSIGN.match(words[0]) or (wrappers and words[0].startswith("-")):
            words = words[1:]
        elif posixpath.basename(words[0]) in _WRAPPERS:
            wrappers.append(posixpath.basename(words[0]))
            words = words[1:]
        else:
            break
    return Step(process_type, where, tuple(words), tuple(wrappers), join, text)


def _expanded(slug: Slug, name: str, where: str, command: str, deep: int) -> Iterator[Step]:
    for step in split(name, where, command):
        inner = list(_inside(slug, step, deep - 1)) if deep > 1 else []
        yield from inner or [step]


def _inside(slug: Slug, step: Step, deep: int) -> Iterator[Step]:
    """The commands that a step runs in its turn: a shell's `-c`, a script, an npm script."""
    if step.program in _SHELLS:
        command = step.option("-c", "-lc", "-ec")
        if command:
            yield from _expanded(slug, step.type, step.where, command, deep)
            return
        scripts = [word for word in step.words[1:] if not word.startswith(("-", "+"))]
        yield from _script(slug, step, scripts[0] if scripts else "", deep)
    elif step.program in ("npm", "yarn", "pnpm", "bun"):
        yield from _npm(slug, step, deep)
    elif step.words:
        yield from _script(slug, step, step.words[0], deep)


def _script(slug: Slug, step: Step, path: str, deep: int) -> Iterator[Step]:
    path = posixpath.normpath(path)
    text = slug.files.get(path, "")
    first = text.partition("\n")[0]
    is_shell = first.startswith("#!") and re.search(r"\b(?:ba|da|z)?sh\b", first)
    if not is_shell and not (path.endswith(".sh") or (text and step.program in _SHELLS)):
        return
    for number, line in _lines(text):
        for inner in _expanded(slug, step.type, f"{path}:{number}", line, deep):
            if inner.words and inner.words[0] in _SYNTAX:
                rest = inner.words[1:] if inner.words[0] in ("then", "else", "do", "{") else ()
                inner = replace(inner, words=rest)
            yield replace(inner, join=inner.join or ";")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) of a script; lines that end with a backslash are one."""
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        whole = (held + line).strip()
        if whole and not whole.startswith("#"):
            yield start, whole
        held, start = "", 0


def _npm(slug: Slug, step: Step, deep: int) -> Iterator[Step]:
    words = [word for word in step.words[1:] if not word.startswith("-")]
    if words[:1] in (["run"], ["run-script"]):
        words = words[1:]
    scripts = package_json(slug).get("scripts")
    command = scripts.get(words[0]) if isinstance(scripts, dict) and words else None
    if isinstance(command, str):
        yield from _expanded(slug, step.type, f"package.json: {words[0]}", command, deep)


def package_json(slug: Slug) -> dict[str, object]:
    """What package.json says; nothing where there is none that can be read."""
    try:
        found = json.loads(slug.files.get("package.json", "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
