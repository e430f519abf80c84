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

from localku.check.commands import steps
from localku.check.declared import Declared, declared
from localku.check.distributions import comes_along, distributions, is_satisfied, normalised
from localku.check.evidence import Probing, line_at, listed, seen
from localku.check.finding import Evidence, Finding
from localku.check.languages import PROGRAMS
from localku.check.pyfacts import facts_of
from localku.check.pymodules import app_python, console_script, modules_of, started_python
from localku.check.slug import Slug

_AT = Probing(2, "python-imports")
# modules that the standard library has lost (PEP 594, PEP 632), or has had since 3.11: the app
# may run on another Python than this one
_OLD = """
asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib nis
nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
tomllib compression annotationlib
"""
_STANDARD = sys.stdlib_module_names | frozenset(_OLD.split()) | {"__main__", "_typeshed"}
_VENDORED = re.compile(r"(?:^|/)_?(?:vendor|vendored|third_party|extern|externals)/")
_NO_PROGRAM = "Heroku installs what is declared: the dyno ends with `command not found` (H10)."
# what so many packages depend on that an app has it nearly always
_EVERYWHERE = frozenset(("typing_extensions", "packaging", "setuptools", "pkg_resources", "six"))
_EVERYWHERE |= {"certifi", "urllib3", "idna", "click", "attr", "attrs", "pytz", "dateutil"}
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
    paths = app_python(slug)
    if not paths:
        return []
    found = declared(slug)
    missing = list(_missing(slug, paths, found))
    return [*_programs(slug, found), *_judged(missing, found, bool(started_python(slug)))]


def _programs(slug: Slug, found: Declared) -> Iterator[Finding]:
    """Programs of the Procfile that come with a Python distribution, such as gunicorn."""
    lost: dict[str, Evidence] = {}
    for step in steps(slug):
        wanted = PROGRAMS.get(step.program, "")
        if step.words[1:2] == ("-m",) and step.words[2:]:
            wanted = PROGRAMS.get(step.words[2].partition(".")[0], "")
        if not wanted or is_satisfied(wanted.replace("-", "_"), frozenset(found.main)):
            continue
        if comes_along(wanted, frozenset(found.main)) or console_script(slug, step.program):
            continue
        if modules_of(slug).is_own(wanted):
            continue
        if wanted in found.extra:
            said = f"{wanted} is declared as an extra only ({found.extra[wanted]})"
            fix = "Declare it among the dependencies that are always installed."
            yield _AT.warn(said, [seen(step.where, step.text)], _NO_PROGRAM, fix)
        else:
            lost.setdefault(wanted, seen(step.where, step.text))
    if lost and not (found.unreadable or found.unnamed):
        said = f"the Procfile runs {listed(list(lost))}, which {_files(found)}"
        fix = f"Add {listed(list(lost))} to {_place(found)}."
        yield _AT.fail(said, lost.values(), _NO_PROGRAM, fix)


def _missing(slug: Slug, paths: dict[str, str], found: Declared) -> Iterator[Missing]:
    modules = modules_of(slug)
    started = started_python(slug)
    main = frozenset(found.main) | frozenset(found.extra)
    dev = frozenset(found.dev)
    locked = _locked(slug)
    for path, text in sorted(paths.items()):
        facts = facts_of(text)
        for each in facts.imports if facts else ():
            top = each.module.partition(".")[0]
            if each.optional or not top or top in _STANDARD or modules.is_own(each.module):
                continue
            if _VENDORED.search(path):
                continue  # a copy of somebody else's code, of which the app uses a part
            if is_satisfied(top, main):
                continue
            along = comes_along(top, main) or ("a lock file" if distributions(top) & locked else "")
            if top in _EVERYWHERE and main and not along:
                along = "many packages"
            certain = path in started and not each.inside
            line = line_at(text, each.line)
            is_dev = is_satisfied(top, dev)
            yield Missing(top, f"{path}:{each.line}", line, certain, along, is_dev)


def _judged(missing: list[Missing], found: Declared, entered: bool) -> Iterator[Finding]:
    undeclared = [each for each in missing if not each.along and not each.dev]
    certain = [each for each in undeclared if each.certain]
    unsure = [*found.unreadable, *(f"{where} has no name" for where in found.unnamed)]
    if undeclared and unsure:
        names = listed(_tops(undeclared))
        yield _AT.unseen(
            f"{names}: not seen to be declared, but not all could be read: {unsure[0]}"
        )
    elif certain:
        names = listed(_tops(certain))
        said = f"imports {names}, which {_files(found)}"
        fix = f"Add {listed([_advice(each) for each in _tops(certain)])} to {_place(found)}."
        yield _AT.fail(said, _evidence(certain), _WHY, fix)
    elif undeclared:
        said = f"code that may run imports {listed(_tops(undeclared))}, declared nowhere"
        if entered:
            yield _AT.unseen(f"{said}: {undeclared[0].where}")
        else:
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


def _files(found: Declared) -> str:
    """`requirements.txt does not declare`; what is wrong where there is no such file."""
    if not found.files:
        return "nothing declares: there is no requirements.txt"
    return (
        f"{' and '.join(found.files[:3])} {'does' if len(found.files) == 1 else 'do'} not declare"
    )


def _place(found: Declared) -> str:
    """The file to declare a distribution in."""
    names = ("requirements.txt", "pyproject.toml", "Pipfile", "setup.cfg", "setup.py")
    return next((name for name in names if name in found.files), "requirements.txt")


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
