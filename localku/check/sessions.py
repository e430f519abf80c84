"""Probe VI: is a session or a schedule kept in the memory or the files of one dyno? Pure.

Judged are known settings of known libraries only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localku.check import jsfacts
from localku.check.commands import steps
from localku.check.evidence import Probing, line_of, seen
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import Facts, facts_of
from localku.check.pymodules import app_python, reached_python
from localku.check.slug import Slug

_STORE = Probing(6, "session-store")
_CLOCK = Probing(6, "schedule-in-web")
_LOCAL_TYPES = frozenset(("filesystem", "cachelib", "memory", "simple", "SimpleCache"))
_SESSION = re.compile(r"\b(?:app|server|router)\.use\(\s*(\w+)\(")
_SCHEDULERS = r"(?:.*\.)?(?:BackgroundScheduler|AsyncIOScheduler|TwistedScheduler|GeventScheduler)"


def store(slug: Slug) -> list[Finding]:
    """Session stores that one dyno alone can see."""
    found = [*_python_stores(slug), *_express(slug)]
    if not found:
        return [_STORE.absent("no session store of one dyno was found in the code")]
    why = "The router sends the next request to another dyno, and a restart loses all sessions."
    fix = "Keep sessions in a signed cookie, or in Redis or the database."
    return [_STORE.fail("keeps sessions in one dyno", found, why, fix)]


def _python_stores(slug: Slug) -> Iterator[Evidence]:
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        for line, said in _settings(facts, text) if facts else ():
            yield seen(f"{path}:{line}", said)


def _settings(facts: Facts, text: str) -> Iterator[tuple[int, str]]:
    values = {each.name: each for each in facts.assigns}
    flask = values.get("SESSION_TYPE")
    if flask is not None and flask.value in _LOCAL_TYPES and "SESSION_" in text:
        yield flask.line, f"SESSION_TYPE = {flask.value!r}"
    for call in facts.calls:
        kind = call.keywords.get("SESSION_TYPE")
        if kind in _LOCAL_TYPES:
            yield call.line, f"SESSION_TYPE={kind!r}"
    django = values.get("SESSION_ENGINE")
    if django is None or not isinstance(django.value, str):
        return
    if django.value.endswith("sessions.backends.file"):
        yield django.line, f"SESSION_ENGINE = {django.value!r}"
    elif django.value.endswith("sessions.backends.cache") and _only_local_cache(facts):
        yield django.line, f"SESSION_ENGINE = {django.value!r}, with the cache in memory"


def _only_local_cache(facts: Facts) -> bool:
    caches = [each.value for each in facts.assigns if each.name == "CACHES"]
    if not caches:
        return True  # Django's default cache is locmem
    default = caches[-1].get("default") if isinstance(caches[-1], dict) else None
    backend = default.get("BACKEND") if isinstance(default, dict) else None
    return len(caches) == 1 and isinstance(backend, str) and "locmem" in backend.lower()


def _express(slug: Slug) -> Iterator[Evidence]:
    """express-session without `store`: its MemoryStore, as its document warns."""
    for path, text in jsfacts.app_javascript(slug).items():
        if not any(each.name == "express-session" for each in jsfacts.imports_of(text)):
            continue
        plain = jsfacts.without_comments(text)
        if re.search(r"\bstore\b", plain):
            continue
        for match in re.finditer(r"\b(\w*[sS]ession)\s*\(\s*(?=\{|\))", plain):
            line = line_of(plain, match.start())
            yield seen(f"{path}:{line}", f"{match[1]}(…) without a store: the MemoryStore")
            break


def schedule(slug: Slug) -> list[Finding]:
    """A scheduler that starts in the web process, and so in each web dyno."""
    if "web" not in slug.procfile:
        return []
    web = Slug(
        slug.root, slug.files, slug.skipped, {"web": slug.procfile["web"]}, slug.env, slug.git
    )
    found = [*_schedulers(web)]
    found += [
        seen(s.where, s.text) for s in steps(web) if s.program in ("cron", "crond", "crontab")
    ]
    if not found:
        return [_CLOCK.absent("no schedule was found in the web process")]
    why = "With two web dynos every job runs twice; with none awake it does not run at all."
    fix = "Move it to a process type of its own, `clock: …`, scaled to 1, or to Heroku Scheduler."
    return [_CLOCK.warn("runs a schedule in the web process", found, why, fix)]


def _schedulers(slug: Slug) -> Iterator[Evidence]:
    for path in sorted(reached_python(slug)):
        facts = facts_of(slug.files[path])
        for call in facts.calls if facts else ():
            if re.fullmatch(_SCHEDULERS, call.name):
                yield seen(f"{path}:{call.line}", f"{call.name}(…)")
    for path in sorted(jsfacts.reached(slug)):
        names = {each.name for each in jsfacts.imports_of(slug.files[path])}
        plain = jsfacts.without_comments(slug.files[path])
        match = re.search(r"\b(?:cron|schedule)\.(?:schedule|scheduleJob)\s*\(", plain)
        if match and names & {"node-cron", "node-schedule"}:
            line = line_of(plain, match.start())
            yield seen(f"{path}:{line}", match[0] + "…)")
