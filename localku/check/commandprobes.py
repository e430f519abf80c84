"""Probes V, VIII, IX and XII on the Procfile's command lines, and on the scripts that they name.
Pure.

`release` is where migrations belong, so it is never judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localku.check.commands import Step, direct, steps
from localku.check.evidence import Probing, seen
from localku.check.finding import Evidence, Finding
from localku.check.places import procfile_place
from localku.check.pymodules import app_python
from localku.check.slug import Slug

_BUILD = Probing(5, "build-at-start")
_DAEMON = Probing(8, "daemons")
_SHELL = Probing(9, "shell-in-front")
_MIGRATE = Probing(12, "migrations")
# commands that belong to the build: the program, then the words that must follow
_BUILDS = (
    r"(?:pip3?|python[\d.]* -m pip) install",
    r"(?:npm|pnpm|yarn|bun) (?:install|ci|add)",
    r"(?:npm|pnpm|yarn|bun) run (?:build|compile)\b.*",
    r"(?:poetry|pipenv|bundle|composer) install",
    r"uv (?:sync|pip install)",
    r"git (?:pull|clone|fetch|checkout)",
    r"(?:python[\d.]* )?(?:\S*/)?manage\.py (?:collectstatic|compress|compilemessages)",
    r"(?:rake|rails) assets:precompile",
    r"(?:apt|apt-get|brew) install",
    r"(?:go|cargo|mvn|gradle|gradlew) (?:build|package|install)",
    r"(?:webpack|tsc|vite build|next build|nuxt build|gulp|grunt|make)\b.*",
)
_BUILD_SHAPE = re.compile("|".join(f"(?:{shape})" for shape in _BUILDS))
_MIGRATIONS = re.compile(
    r"(?:python[\d.]* )?(?:\S*/)?manage\.py migrate\b|flask db upgrade"
    r"|(?:python[\d.]* -m )?alembic (?:-\S+ )*upgrade"
    r"|(?:rake|rails) db:(?:migrate|prepare|setup|schema:load)|sequelize(?:-cli)? db:migrate"
    r"|knex migrate:latest|prisma (?:migrate deploy|db push)|typeorm migration:run"
    r"|\S+ (?:migrate|syncdb|db:migrate)\b(?! (?:status|make|create))|(?:node-)?pg-migrate up"
    r"|aerich upgrade|yoyo apply|goose up|diesel migration run"
)
_DAEMONS = {
    "gunicorn": ("-D", "--daemon"),
    "uwsgi": ("--daemonize", "-d"),
    "redis-server": ("--daemonize",),
    "celery": ("--detach",),
    "unicorn": ("-D", "--daemonize"),
    "puma": ("-d", "--daemon"),
    "thin": ("-d", "--daemonize"),
    "rails": ("-d", "--daemon"),
}
_MANAGERS = frozenset(("supervisord", "forever", "pm2", "foreman", "honcho", "circusd", "runsvdir"))


def build_at_start(slug: Slug) -> list[Finding]:
    """Installing, compiling or pulling code when a dyno starts."""
    found = []
    for step in steps(slug):
        if _BUILD_SHAPE.match(_plain(step)):
            found.append(seen(step.where, step.text))
    if not found:
        return [_BUILD.absent("no command of the Procfile builds or installs at the start")]
    why = "Each start of each dyno does it again: slow (R10 after 60 s), and never the same twice."
    fix = "Let the buildpack do it, or a build step (heroku-postbuild, bin/post_compile)."
    return [_BUILD.fail("builds or installs when a dyno starts", found, why, fix)]


def _plain(step: Step) -> str:
    return " ".join((step.program, *step.words[1:]))


def daemons(slug: Slug) -> list[Finding]:
    """Processes that leave the foreground, write pid files, or hide others."""
    hidden = [*_detached(slug), *_python_daemons(slug)]
    several = [*_managers(slug), *_background(slug)]
    findings = []
    if hidden:
        why = "Heroku watches the process that it started: when that one leaves, the dyno ends."
        fix = "Run in the foreground, without a pid file: one process type for each program."
        findings.append(_DAEMON.fail("leaves the foreground or keeps a pid file", hidden, why, fix))
    if several:
        why = "What ends behind the first process is not restarted, nor scaled by itself."
        fix = "Give each program a process type of its own in the Procfile."
        findings.append(_DAEMON.warn("runs several programs in one dyno", several, why, fix))
    return findings or [_DAEMON.absent("no command of the Procfile leaves the foreground")]


def _detached(slug: Slug) -> Iterator[Evidence]:
    for step in steps(slug):
        flags = _DAEMONS.get(step.program, ())
        is_off = step.option("--daemonize") in ("no", "false", "0")
        is_daemon = any(step.option(flag) is not None for flag in flags) and not is_off
        is_multi = step.program == "celery" and "multi" in step.words[1:3]
        pidfile = step.option("--pid", "--pidfile", "--pid-file")
        leaves = "nohup" in step.wrappers or "setsid" in step.wrappers
        if is_daemon or is_multi or leaves or (pidfile or "/dev/null") != "/dev/null":
            yield seen(step.where, step.text)


def _managers(slug: Slug) -> Iterator[Evidence]:
    for step in steps(slug):
        if step.program in _MANAGERS and not (step.program == "pm2" and "runtime" in step.text):
            yield seen(step.where, step.text)


def _background(slug: Slug) -> Iterator[Evidence]:
    for step in steps(slug):
        if step.join == "&" and step.program not in ("", ")", "}", "sleep", "tail"):
            yield seen(step.where, f"{step.text} &")


def _python_daemons(slug: Slug) -> Iterator[Evidence]:
    """gunicorn's settings file: `daemon = True`, `pidfile = "…"`."""
    for path, text in app_python(slug).items():
        if "gunicorn" not in path.rpartition("/")[2]:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(r"(?:daemon\s*=\s*True|pidfile\s*=\s*['\"])", line):
                yield seen(f"{path}:{number}", line)


def shell_in_front(slug: Slug) -> list[Finding]:
    """A shell that stays before the program and does not pass SIGTERM on."""
    found = []
    for name in slug.procfile:
        if name == "release":
            continue
        chain = direct(slug, name)
        if len(chain) > 1 and _keeps_shell(chain):
            found.append(seen(procfile_place(slug, name), slug.procfile[name]))
        found += _scripts(slug, name)
    if not found:
        starts = [step for name in slug.procfile for step in direct(slug, name)]
        if any(step.program in ("npm", "yarn", "pnpm") for step in starts):
            return [_SHELL.absent("npm stands in front of the program, and passes SIGTERM on")]
        return [_SHELL.absent("no shell stays in front of the program")]
    why = "The shell ends at SIGTERM, at once or too late, and not when the program is done."
    fix = "Write exec before the last command, so that it takes the shell's place."
    return [_SHELL.warn("a shell stays in front of the program", found, why, fix)]


def _keeps_shell(chain: list[Step]) -> bool:
    """Whether the last command of a chain is a program that the shell waits for."""
    last = chain[-1]
    joined = {step.join for step in chain[:-1]}
    if "exec" in last.wrappers or not joined & {"&&", ";"} or joined & {"|", "&"}:
        return False
    return bool(last.words) and last.program not in ("exec", "wait", "exit", "cd", "export")


def _scripts(slug: Slug, process_type: str) -> Iterator[Evidence]:
    """The last line of a script that a command names: without exec, the shell waits for it."""
    inner = [
        step for step in steps(slug, process_type) if ".sh:" in step.where or "bin/" in step.where
    ]
    last = next((step for step in reversed(inner) if step.words), None)
    if last is None or "exec" in last.wrappers or last.join in ("&", "|"):
        return
    text = slug.files.get(last.where.rpartition(":")[0], "")
    if re.search(r"^\s*(?:trap|exec|wait)\b", text, re.M) or last.program in ("exit", "echo", "cd"):
        return
    yield seen(last.where, last.text)


def migrations(slug: Slug) -> list[Finding]:
    """Migrations when a web dyno starts, instead of once for each release."""
    found = [seen(step.where, step.text) for step in steps(slug) if _MIGRATIONS.match(_plain(step))]
    if found:
        why = (
            "Every dyno migrates at every start: two at once may collide, and none can fail early."
        )
        fix = "Move it to a line `release: …` of the Procfile, which runs once for each release."
        return [_MIGRATE.warn("migrates the database when a dyno starts", found, why, fix)]
    folder = _migration_folder(slug)
    if not folder:
        return []
    if "release" in slug.procfile:
        return [_MIGRATE.passed("migrations run in the release phase")]
    return [_MIGRATE.unseen(f"{folder} holds migrations; nothing in the Procfile runs them")]


def _migration_folder(slug: Slug) -> str:
    for path in sorted(slug.files):
        folder = path.rpartition("/")[0]
        if re.search(r"(?:^|/)(?:migrations|alembic/versions|db/migrate)$", folder):
            return folder
    return ""
