"""Probe X: is development like production? Pure.

SQLite by default where production has PostgreSQL, and the version of the language that the app
asks for against the interpreter that is used here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

from localku.check import places
from localku.check.backing import sqlite_uses
from localku.check.commands import package_json
from localku.check.declared import declared
from localku.check.evidence import Probing, line_at, seen
from localku.check.finding import Evidence, Finding
from localku.check.languages import node_step, python_step
from localku.check.pyfacts import facts_of
from localku.check.pymodules import app_python
from localku.check.slug import Slug

_DATABASE = Probing(10, "same-database")
_VERSION = Probing(10, "language-version")
_POSTGRES = frozenset(
    ("psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "asyncpg", "pg8000")
)
_MYSQL = frozenset(("mysqlclient", "pymysql", "aiomysql", "mysql-connector-python"))
_REQUIRES = re.compile(r"""requires-python\s*=\s*["']([^"']+)""")
_FALLBACK = re.compile(r"sqlite(?:\+\w+)?:///?(?!:memory:)[^\s'\"]|backends\.sqlite3")


def database(slug: Slug) -> list[Finding]:
    """SQLite as the default beside a driver for another database."""
    drivers = sorted(
        (_POSTGRES | _MYSQL) & (declared(slug).main.keys() | declared(slug).extra.keys())
    )
    if not drivers or slug.env.get("DATABASE_URL", "").startswith(("postgres", "mysql")):
        return []
    found = list(_sqlite_defaults(slug))
    if not found:
        return [_DATABASE.passed("no second database was found beside the one of production")]
    why = f"SQLite takes what {drivers[0]}'s database refuses: types, lengths, locks, dates."
    fix = "Use the same database here: a local PostgreSQL, named by DATABASE_URL in .env."
    said = f"SQLite by default, {drivers[0]} for production"
    return [_DATABASE.warn(said, found, why, fix)]


def _sqlite_defaults(slug: Slug) -> Iterator[Evidence]:
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        if facts is None or not _FALLBACK.search(text):
            continue
        lines = {line for line, _ in sqlite_uses(facts)}
        lines |= {line for line, value in facts.strings if _FALLBACK.search(value)}
        yield from (seen(f"{path}:{line}", line_at(text, line)) for line in sorted(lines))


def version(slug: Slug) -> list[Finding]:
    """The version that Heroku would use, named or not."""
    return [*_python(slug), *_node(slug)]


def _python(slug: Slug) -> Iterator[Finding]:
    if python_step(slug) is None or (node_step(slug) and not any(places.python(slug))):
        return
    where, wanted = asked_python(slug)
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not where:
        why = "Heroku takes its default version, which moves on when the build cache is cleared."
        fix = f"Write .python-version with one line, such as {here}."
        evidence = [Evidence("file", ".python-version", "there is no such file")]
        said = "the Python version is not said"
        asks = re.search(
            r"""requires-python\s*=\s*["']([^"']+)""", slug.files.get("pyproject.toml", "")
        )
        if asks:
            said = f"pyproject.toml says Python {asks[1]}, which Heroku does not read"
        yield _VERSION.warn(f"{said}: there is no .python-version", evidence, why, fix)
    elif wanted and wanted != here:
        said = f"asks for Python {wanted}; localku runs on {here} here"
        yield _VERSION.unseen(f"{said}: whether the app does too is seen when it runs")
    else:
        yield _VERSION.passed(f"{where} says the Python version")


def asked_python(slug: Slug) -> tuple[str, str]:
    """(file, "3.12") of the Python version that Heroku's buildpack would read; ("", "") for none.
    The order is the buildpack's: runtime.txt, .python-version, Pipfile.lock."""
    runtime = re.match(r"\s*python-(\d+\.\d+)", slug.files.get("runtime.txt", ""))
    if runtime:
        return "runtime.txt", runtime[1]
    text = re.sub(r"#.*", "", slug.files.get(".python-version", "")).strip()
    match = re.match(r"(\d+\.\d+)", text)
    if match:
        return ".python-version", match[1]
    try:
        requires = json.loads(slug.files.get("Pipfile.lock", "{}"))["_meta"]["requires"]
        asked = str(requires.get("python_full_version") or requires.get("python_version") or "")
        match = re.match(r"(\d+\.\d+)", asked)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        match = None
    return ("Pipfile.lock", match[1]) if match else ("", "")


def _node(slug: Slug) -> Iterator[Finding]:
    package = package_json(slug)
    if not package or node_step(slug) is None:
        return
    engines = package.get("engines")
    if isinstance(engines, dict) and engines.get("node"):
        asked = str(engines["node"]).strip()
        if asked in ("*", "x", "latest") or (asked.startswith(">") and "<" not in asked):
            why = "Heroku takes the newest version that fits: a new major version comes unasked."
            evidence = [seen("package.json", f"engines.node is {engines['node']}")]
            yield _VERSION.warn("any newer Node.js fits", evidence, why, 'Write such as "22.x".')
        else:
            yield _VERSION.passed("package.json says the Node.js version")
    else:
        why = "Heroku takes the newest long-term version, which is another one next year."
        evidence = [seen("package.json", "has no engines.node")]
        fix = 'Write "engines": {"node": "22.x"} with the version that is used here.'
        yield _VERSION.warn("the Node.js version is not said", evidence, why, fix)
