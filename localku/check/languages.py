"""Which languages an app's commands run, and which distribution a program on them comes from.
Pure.
"""

from __future__ import annotations

import re

from localku.check.commands import Step, direct, steps
from localku.check.pymodules import console_script, reached_python
from localku.check.slug import Slug

# programs of Python distributions that people name in a Procfile -> the distribution
_TABLE = """
gunicorn gunicorn
uvicorn uvicorn
hypercorn hypercorn
daphne daphne
granian granian
waitress-serve waitress
uwsgi uwsgi
celery celery
flower flower
rq rq
huey_consumer huey
huey_consumer.py huey
dramatiq dramatiq
procrastinate procrastinate
flask flask
fastapi fastapi-cli
django-admin django
streamlit streamlit
datasette datasette
bokeh bokeh
panel panel
chainlit chainlit
scrapyd scrapyd
alembic alembic
aerich aerich
newrelic-admin newrelic
ddtrace-run ddtrace
"""
PROGRAMS = {words[0]: words[1] for words in map(str.split, _TABLE.split("\n")) if words}
_PYTHON = re.compile(r"python[\d.]*|pypy3?")
_RUBY = frozenset(("ruby", "bundle", "rails", "rake", "puma", "unicorn", "rackup", "thin"))
_RUBY |= {"sidekiq", "resque", "passenger", "camping"}
_NODE = frozenset(("node", "npm", "yarn", "pnpm", "npx", "next", "nodemon", "ts-node", "tsx"))


def python_step(slug: Slug) -> Step | None:
    """The first command that Python runs; None where there is none."""
    for step in steps(slug):
        program = step.program
        if _PYTHON.fullmatch(program) or program in PROGRAMS or program.endswith(".py"):
            return step
        if console_script(slug, program):
            return step
    return steps(slug)[0] if reached_python(slug) and steps(slug) else None


def node_step(slug: Slug) -> Step | None:
    """The first command that node or its package managers run."""
    return _first(slug, _NODE)


def ruby_step(slug: Slug) -> Step | None:
    """The first command that Ruby runs."""
    return _first(slug, _RUBY)


def _first(slug: Slug, programs: frozenset[str]) -> Step | None:
    written = [step for name in slug.procfile for step in direct(slug, name)]
    for step in (*written, *steps(slug)):
        if step.program in programs or "bundle exec" in step.wrappers and "bundle" in programs:
            return step
    return None
