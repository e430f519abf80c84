"""Probe II: does the app import Python packages that nothing declares? Pure.

An import that fails on purpose (try/except, `if TYPE_CHECKING`) is no finding. It is a fail only
where the Procfile's commands lead to an import that runs at the start; else it is a warning.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from localku.check import places
from localku.check.declared import Declared, declared
from localku.check.distributions import comes_along, distributions, is_satisfied, normalised
from localku.check.evidence import Probing, listed, seen
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import facts_of
from localku.check.pymodules import Modules
from localku.check.slug import Slug

_AT = Probing(2, "python-imports")
# modules that the standard library has lost (PEP 594, PEP 632), and those of other interpreters
_OLD = """
asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib nis
nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
"""
_STANDARD = sys.stdlib_module_names | frozenset(_OLD.split()) | {"__main__", "_typeshed"}
_WHY = "Heroku installs what is declared, and nothing else: the dyno ends with ModuleNotFoundError."


@dataclass(frozen=True)
class Missing:
    """An import that nothing declares. top: its first name. certain: it runs at the start."""

    top: str
    where: str
    line: str
    certain: bool
    along: str
    dev: bool


def probe(slug: Slug) -> list[Finding]:
    """Imports against declarations; nothing for an app without Python."""
    paths = dict(places.python(slug))
    modules = Modules(slug)
    reached = modules.reached()
    paths |= {path: slug.files[path] for path in reached}
    if not paths:
        return []
    found = declared(slug)
    missing = list(_missing(slug, paths, modules, reached, found))
    return list(_judged(missing, found, bool(reached)))


def _missing(
    slug: Slug, paths: dict[str, str], modules: Modules, reached: frozenset[str], found: Declared
) -> Iterator[Missing]:
    main = frozenset(found.main) | frozenset(found.extra)
    dev = frozenset(found.dev)
    locked = _locked(slug)
    for path, text in sorted(paths.items()):
        facts = facts_of(text)
        for each in facts.imports if facts else ():
            top = each.module.partition(".")[0]
            if each.optional or not top or top in _STANDARD or modules.is_own(each.module):
                continue
            if is_satisfied(top, main):
                continue
            along = comes_along(top, main) or ("a lock file" if distributions(top) & locked else "")
            certain = path in reached and not each.inside
            line = text.splitlines()[each.line - 1]
            is_dev = is_satisfied(top, dev)
            yield Missing(top, f"{path}:{each.line}", line, certain, along, is_dev)


def _judged(missing: list[Missing], found: Declared, entered: bool) -> Iterator[Finding]:
    undeclared = [each for each in missing if not each.along and not each.dev]
    certain = [each for each in undeclared if each.certain]
    places_ = ", ".join(found.files) or "no file"
    unsure = [*found.unreadable, *(f"{where} has no name" for where in found.unnamed)]
    if undeclared and unsure:
        names = listed(_tops(undeclared))
        yield _AT.unseen(f"{names}: not in {places_}, but not all could be read: {unsure[0]}")
    elif certain:
        names = listed(_tops(certain))
        said = f"imports {names}, which {places_} does not declare"
        fix = f"Add {listed([_advice(each) for each in _tops(certain)])} to requirements.txt."
        yield _AT.fail(said, _evidence(certain), _WHY, fix)
    elif undeclared:
        said = f"code that may run imports {listed(_tops(undeclared))}, declared nowhere"
        yield _AT.warn(said, _evidence(undeclared), _WHY, "Declare it, or remove the code.")
    dev = [each for each in missing if each.dev and not each.along and each.certain]
    if dev:
        said = f"imports {listed(_tops(dev))}, declared for development only"
        fix = "Move it to the dependencies that are installed everywhere."
        yield _AT.fail(said, _evidence(dev), "Heroku leaves out development packages.", fix)
    along = [each for each in missing if each.along and each.certain]
    if along:
        pairs = dict.fromkeys(f"{each.top} (comes with {each.along})" for each in along)
        said = f"imports what only comes along with something else: {listed(list(pairs))}"
        why = "A new version of the other package may leave it out."
        yield _AT.warn(said, _evidence(along), why, "Declare it as well.")
    if not missing:
        yield _AT.passed("every package that is imported is declared")
    elif not (undeclared or dev or along):
        yield _AT.passed("every package that is imported at the start is declared")


def _tops(missing: list[Missing]) -> list[str]:
    return list(dict.fromkeys(each.top for each in missing))


def _evidence(missing: list[Missing]) -> Iterator[Evidence]:
    return (seen(each.where, each.line) for each in missing)


def _advice(top: str) -> str:
    """The usual distribution of a module."""
    others = sorted(distributions(top) - {normalised(top)})
    return others[0] if others else normalised(top)


def _locked(slug: Slug) -> frozenset[str]:
    """The distributions in the app's lock files, normalised."""
    names: set[str] = set()
    for path in ("poetry.lock", "uv.lock"):
        names |= set(re.findall(r'^name = "([^"]+)"', slug.files.get(path, ""), re.M))
    try:
        names |= set(json.loads(slug.files.get("Pipfile.lock", "{}")).get("default", {}))
    except (ValueError, AttributeError, RecursionError):
        pass
    return frozenset(map(normalised, names))
