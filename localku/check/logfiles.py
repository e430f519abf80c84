"""Probe XI: does the app write its log to a file instead of stdout? Pure.

Handlers of known libraries and flags of known servers. Whether stdout is buffered is seen only
when the app runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localku.check import jsfacts
from localku.check.commands import steps
from localku.check.evidence import Probing, line_at, line_of, seen
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import Assign, Facts, facts_of
from localku.check.pymodules import app_python
from localku.check.slug import Slug

_AT = Probing(11, "log-files")
_HANDLERS = frozenset(
    ("FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler")
)
_STREAMS = (
    "-",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/1",
    "/dev/fd/2",
    "/proc/1/fd/1",
    "/dev/null",
)
_FLAGS = ("--access-logfile", "--error-logfile", "--log-file", "--logfile", "--log-to", "--logto")
_SERVERS = {"gunicorn", "celery", "uwsgi", "hypercorn", "daphne", "unicorn", "puma", "flower"}
_WINSTON = re.compile(r"\b(?:transports\.File|DailyRotateFile)\s*\(|\brotating-file\b")


def probe(slug: Slug) -> list[Finding]:
    """Log files in code, in settings, and in the Procfile's commands."""
    found = [*_commands(slug), *_python(slug), *_node(slug), *_rotate(slug)]
    if not found:
        return [_AT.absent("no log file was found in the code")]
    why = "Heroku collects stdout and stderr; a file in a dyno is seen by nobody, then lost."
    fix = "Log to stdout (logging.StreamHandler, transports.Console), one event a line."
    return [_AT.fail("writes its log to a file", found, why, fix)]


def _commands(slug: Slug) -> Iterator[Evidence]:
    for step in steps(slug):
        if step.program in _SERVERS:
            values = [step.option(flag) for flag in _FLAGS]
            if any(value and not _is_stream(value) for value in values):
                yield seen(step.where, step.text)
                continue
        target = re.search(
            r"(?:^|\s)(?:\d|&)?>>?\s*([^\s&|;]+\.log|\S*\blogs?/[^\s&|;]+)", step.text
        )
        if target and not _is_stream(target[1]):
            yield seen(step.where, step.text)


def _is_stream(value: str) -> bool:
    return value in _STREAMS or value.startswith("$")


def _python(slug: Slug) -> Iterator[Evidence]:
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        for line, said in _file_handlers(facts) if facts else ():
            yield seen(f"{path}:{line}", said)


def _file_handlers(facts: Facts) -> Iterator[tuple[int, str]]:
    """Handlers with a literal file name: one that is given from outside may be no file at all."""
    for call in facts.calls:
        name = call.args[0] if call.args else call.keywords.get("filename")
        if call.last in _HANDLERS and isinstance(name, str) and not _is_stream(name):
            yield call.line, f"{call.name}({name!r})"
        if call.name in ("logging.basicConfig", "basicConfig"):
            name = call.keywords.get("filename")
            if isinstance(name, str) and not _is_stream(name):
                yield call.line, f"{call.name}(filename={name!r})"
        if call.name == "logger.add" and isinstance(name, str) and name.endswith((".log", ".txt")):
            yield call.line, f"logger.add({name!r})"
    for assign in facts.assigns:
        if assign.name == "LOGGING" and isinstance(assign.value, dict):
            yield from ((assign.line, said) for said in _used_handlers(assign.value))
        elif _is_gunicorn_log(assign):
            yield assign.line, f"{assign.name} = {assign.value!r}"


def _is_gunicorn_log(assign: Assign) -> bool:
    """gunicorn's settings file: `accesslog = "access.log"`."""
    is_name = assign.name in ("accesslog", "errorlog", "logfile") and not assign.scope
    return is_name and isinstance(assign.value, str) and assign.value.endswith(".log")


def _used_handlers(logging: dict[str, object]) -> Iterator[str]:
    """The file handlers of a dictConfig that a logger uses."""
    handlers = logging.get("handlers")
    loggers = logging.get("loggers")
    users = [*loggers.values()] if isinstance(loggers, dict) else []
    users.append(logging.get("root"))
    used = {name for user in users if isinstance(user, dict) for name in _names(user)}
    for name, handler in handlers.items() if isinstance(handlers, dict) else ():
        kind = handler.get("class") if isinstance(handler, dict) else None
        if isinstance(kind, str) and kind.rpartition(".")[2] in _HANDLERS and name in used:
            yield f"LOGGING: the handler {name} is a {kind.rpartition('.')[2]}"


def _names(user: dict[str, object]) -> list[object]:
    names = user.get("handlers")
    return list(names) if isinstance(names, tuple) else []


def _node(slug: Slug) -> Iterator[Evidence]:
    for path, text in jsfacts.app_javascript(slug).items():
        names = {each.name for each in jsfacts.imports_of(text)}
        if not any("winston" in name or name == "bunyan" for name in names):
            continue
        plain = jsfacts.without_comments(text)
        for match in _WINSTON.finditer(plain):
            line = line_of(plain, match.start())
            yield seen(f"{path}:{line}", line_at(text, line))


def _rotate(slug: Slug) -> Iterator[Evidence]:
    for step in steps(slug):
        if step.program == "logrotate":
            yield seen(step.where, step.text)
