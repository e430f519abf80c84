"""Probe IV: are backing services named in the code instead of the environment? Pure.

A literal that stands behind a config var (`os.environ.get("DATABASE_URL", "sqlite:///dev.db")`)
is a default, and no finding: a file that asks the environment for the service is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from localku.check import jsfacts, places
from localku.check.commands import package_json, steps
from localku.check.evidence import Probing, line_of, seen
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import Call, Facts, facts_of
from localku.check.pymodules import app_python
from localku.check.slug import Slug

_HOSTS = Probing(4, "service-hosts")
_FILES = Probing(4, "database-files")
_READ = Probing(4, "database-url")
_SCHEME = r"(?:postgres(?:ql)?|mysql|mariadb|redis|rediss|amqps?|mongodb|mssql|memcached?|nats)"
_URL = re.compile(rf"{_SCHEME}(?:\+\w+)?://(?:[^\s@/]*@)?(?P<host>[\w.-]+)", re.IGNORECASE)
_ASKS = re.compile(
    r"DATABASE|REDIS|MONGO|AMQP|RABBIT|BROKER|POSTGRES|MYSQL|MEMCACHE|SQLALCHEMY|\bPG[A-Z]|\bDB_"
    r"|_DB\b|_UR[LI]\b|_DSN\b"
)
_ENVIRON = re.compile(
    r"environ|getenv|\benv\(|\bconfig\(|process\.env|dj_database_url|BaseSettings|env\.db|from_prefixed_env"
)
_CONNECTS = re.compile(
    r"(?:.*\.)?(?:Redis|StrictRedis|from_url|MongoClient|AsyncIOMotorClient|create_engine"
    r"|create_async_engine|create_pool|BlockingConnection|URLParameters|ConnectionParameters"
    r"|Celery|Elasticsearch|Database|AsyncConnectionPool|ConnectionPool)"
    r"|(?:psycopg2?|asyncpg|pymysql|MySQLdb|aiomysql|mysql\.connector|aio_pika|pika)\.connect(?:_robust)?"
)
_JS_CONNECT = re.compile(
    rf"(?:\bconnect|createClient|createPool|createConnection|\bnew\s+[\w.]+)\s*\(\s*(?:\{{[^}}]*?)?"
    rf"['\"]({_SCHEME}://[^'\"\s]+)['\"]"
)
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(?!/)(?!:memory:)(?!\?)(?P<path>[\w./-]+)")
_WHY = "Heroku names the service in a config var, and changes it at a failover or an upgrade."
_LOST = "A dyno's files are lost at each restart, once a day at least, and no other dyno sees them."


def hosts(slug: Slug) -> list[Finding]:
    """Literal hosts of services in calls that connect."""
    found = [*_python_hosts(slug), *_js_hosts(slug)]
    if not found:
        return [_HOSTS.absent("no call with the literal host of a service was found")]
    fix = "Read its URL from the environment: os.environ['DATABASE_URL'], process.env.REDIS_URL."
    return [_HOSTS.fail("connects to a backing service that the code names", found, _WHY, fix)]


def _python_hosts(slug: Slug) -> Iterator[Evidence]:
    for path, text in app_python(slug).items():
        if _asks_environment(text):
            continue
        facts = facts_of(text)
        for call in facts.calls if facts else ():
            host = _host(call) if _CONNECTS.fullmatch(call.name) else ""
            if host:
                yield seen(f"{path}:{call.line}", f"{call.name}(…) to {host}")


def _host(call: Call) -> str:
    """The host that a call which connects names as a literal, or ""."""
    values = [*call.args, *call.keywords.values()]
    for value in values:
        match = _URL.match(value) if isinstance(value, str) else None
        if match:
            return match["host"]
        inner = re.search(r"\bhost=([\w.-]+)", value) if isinstance(value, str) else None
        if inner:
            return inner[1]
    host = call.keywords.get("host")
    return host if isinstance(host, str) and re.fullmatch(r"[\w.-]+", host) else ""


def _js_hosts(slug: Slug) -> Iterator[Evidence]:
    for path, text in jsfacts.app_javascript(slug).items():
        plain = jsfacts.without_comments(text)
        if _asks_environment(plain):
            continue
        for match in _JS_CONNECT.finditer(plain):
            url = _URL.match(match[1])
            line = line_of(plain, match.start())
            if url:
                yield seen(f"{path}:{line}", f"connects to {url['host']}")


@lru_cache(maxsize=8192)
def _asks_environment(text: str) -> bool:
    """Whether a program asks the environment for a service: then a literal is its default."""
    return bool(_ENVIRON.search(text) and _ASKS.search(text))


def files(slug: Slug) -> list[Finding]:
    """SQLite databases in the slug, where no config var can name another."""
    found = list(_sqlite(slug))
    named = [
        f"{word} (at {step.where})"
        for step in steps(slug)
        for word in step.words[1:]
        if re.fullmatch(r"[\w./-]+\.(?:db|sqlite3?|dirty)", word) and not word.startswith("/")
    ]
    if not found and named:
        said = f"a command names {named[0]}: whether it is written is seen when it runs"
        return [_FILES.unseen(said)]
    if not found:
        return [_FILES.absent("no database in a file of the slug was found in the code")]
    fix = "Use a database service by DATABASE_URL (heroku addons:create heroku-postgresql)."
    return [_FILES.fail("keeps a database in a file of the dyno", found, _LOST, fix)]


def _sqlite(slug: Slug) -> Iterator[Evidence]:
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        if facts is None or _asks_environment(text):
            continue
        yield from (seen(f"{path}:{line}", said) for line, said in sqlite_uses(facts))


def sqlite_uses(facts: Facts) -> Iterator[tuple[int, str]]:
    """(line, what is said) of each SQLite file that a program names, relative to its folder."""
    for call in facts.calls:
        name = call.args[0] if call.args else call.keywords.get("database")
        if call.name in ("sqlite3.connect", "aiosqlite.connect") and isinstance(name, str):
            if name and not name.startswith((":memory:", "/", "file:")):
                yield call.line, f"{call.name}({name!r})"
        elif call.last in ("create_engine", "create_async_engine") and _is_sqlite(name):
            yield call.line, f"{call.last}({name!r})"
    for assign in facts.assigns:
        if assign.name == "SQLALCHEMY_DATABASE_URI" and _is_sqlite(assign.value):
            yield assign.line, f"{assign.name} = {assign.value!r}"
        if assign.name == "DATABASES" and isinstance(assign.value, dict):
            default = assign.value.get("default")
            engine = default.get("ENGINE") if isinstance(default, dict) else None
            if isinstance(engine, str) and engine.endswith("sqlite3"):
                yield assign.line, "DATABASES: the default engine is sqlite3"


def _is_sqlite(value: object) -> bool:
    return isinstance(value, str) and _SQLITE.match(value) is not None


def url_read(slug: Slug) -> list[Finding]:
    """Does anything read DATABASE_URL, where the app is given one?"""
    if "DATABASE_URL" not in slug.env:
        return []
    programs = [*app_python(slug), *jsfacts.app_javascript(slug)]
    if not programs or "Gemfile" in slug.files or package_json(slug).get("prisma"):
        return []
    told = re.compile(r"DATABASE_URL|dj_database_url|django_heroku|from_prefixed_env|BaseSettings")
    for path, text in sorted(slug.files.items()):
        if not path.rpartition("/")[2].startswith((".env", "app.json")) and not places.is_prose(
            path
        ):
            match = told.search(text)
            if match:
                line = line_of(text, match.start())
                return [_READ.passed(f"DATABASE_URL is read at {path}:{line}")]
    fix = "Connect to what os.environ['DATABASE_URL'] says."
    evidence = [Evidence("file", ".env", "DATABASE_URL is set")]
    return [
        _READ.warn("DATABASE_URL is set, and nothing in the code reads it", evidence, _WHY, fix)
    ]
