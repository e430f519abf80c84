"""The Python distributions that an app declares, from the files that say so. Pure.

requirements.txt (with what it includes), pyproject.toml (PEP 621, Poetry, dependency groups),
Pipfile, setup.cfg, setup.py. What is only for development or optional is kept apart.
"""

from __future__ import annotations

import configparser
import importlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from localku.check.distributions import normalised
from localku.check.places import is_aside
from localku.check.pyfacts import facts_of
from localku.check.slug import Slug

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][\w.-]*)")
_DEV = re.compile(r"dev|test|doc|lint|ci\b|tool|local|type")
_REQUIREMENTS = re.compile(
    r"(?:.*/)?(?:requirements[^/]*|[^/]*requirements)\.txt|requirements/.*\.txt"
)


@dataclass
class Declared:
    """main: distributions, normalised, that are installed on Heroku -> `file:line`. dev, extra:
    those that are for development, or optional. loose: main ones of a requirements.txt without an
    exact version. unnamed: requirements whose name only pip would learn. files: read.
    unreadable: files that could not be read, with the reason."""

    main: dict[str, str] = field(default_factory=dict)
    dev: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    loose: dict[str, str] = field(default_factory=dict)
    unnamed: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def declared(slug: Slug) -> Declared:
    """What the files in the app's folder declare."""
    found = Declared()
    _requirements(slug, "requirements.txt", found.main, found, set())
    others = [path for path in sorted(slug.files) if _REQUIREMENTS.fullmatch(path)]
    others = [path for path in others if not is_aside(path)]
    for path in others:
        if path not in found.files:
            names = found.dev if _DEV.search(path.lower()) else found.extra
            _requirements(slug, path, names, Declared(), set())
    _toml(slug, "pyproject.toml", found, _pyproject)
    _toml(slug, "Pipfile", found, _pipfile)
    _setup_cfg(slug, found)
    _setup_py(slug, found)
    return found


def _requirements(
    slug: Slug, path: str, names: dict[str, str], found: Declared, seen: set[str]
) -> None:
    """Read one requirements file, and those that it includes."""
    text = slug.files.get(path)
    if text is None or path in seen:
        return
    seen.add(path)
    found.files.append(path)
    for number, line in _joined(text):
        where = f"{path}:{number}"
        include = re.match(r"(?:-r|--requirement)[ =]?\s*(\S+)", line)
        if include:
            inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[1]))
            _requirements(slug, inner, names, found, seen)
        elif re.match(r"(?:-e|--editable)[ =]?\s*\.(?:\[|/?\s*$)|\.(?:\[.*)?$", line):
            continue  # the app itself: its own files say what it needs
        elif re.match(r"-(?!e\b|-editable)", line):
            continue  # an option of pip
        else:
            _requirement(line, where, names, found)


def _requirement(line: str, where: str, names: dict[str, str], found: Declared) -> None:
    line = re.sub(r"^(?:-e|--editable)[ =]?\s*", "", line)
    egg = _EGG.search(line)
    match = _NAME.fullmatch(line.partition(" --")[0])
    if egg:
        names[normalised(egg[1])] = where
    elif "://" in line.partition("@")[0] or line.startswith((".", "/")) or match is None:
        found.unnamed.append(where)
    else:
        name, version = normalised(match[1]), match[2].partition(";")[0].strip()
        names[name] = where
        if not version.startswith(("==", "@", "(==")) and names is found.main:
            found.loose[name] = where


def _joined(text: str) -> Iterable[tuple[int, str]]:
    """(number, line) without comments; lines that end with a backslash are one."""
    held, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        start = start or number
        line = re.sub(r"(?:^|\s)#.*", "", raw).strip()
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if (held + line).strip():
            yield start, (held + line).strip()
        held, start = "", 0


def _toml(slug: Slug, path: str, found: Declared, read: Any) -> None:
    text = slug.files.get(path)
    if text is None:
        return
    try:
        tree = importlib.import_module("tomllib").loads(text)
    except ImportError:
        found.unreadable.append(f"{path} (reading it needs Python 3.11)")
        return
    except ValueError:
        found.unreadable.append(f"{path} (not valid TOML)")
        return
    found.files.append(path)
    read(tree, found)


def _pyproject(tree: dict[str, Any], found: Declared) -> None:
    place = "pyproject.toml"
    project, tool = _table(tree, "project"), _table(tree, "tool")
    _texts(project.get("dependencies"), place, found.main)
    for names in _table(project, "optional-dependencies").values():
        _texts(names, place, found.extra)
    for group, names in _table(tree, "dependency-groups").items():
        _texts(names, place, found.dev if _DEV.search(group.lower()) else found.extra)
    if "dependencies" in (project.get("dynamic") or ()):
        found.unreadable.append(f"{place} (its dependencies are dynamic)")
    poetry = _table(tool, "poetry")
    for name, wish in _table(poetry, "dependencies").items():
        optional = isinstance(wish, dict) and wish.get("optional")
        (found.extra if optional else found.main)[normalised(name)] = place
    _keys(_table(poetry, "dev-dependencies"), place, found.dev)
    for name, group in _table(poetry, "group").items():
        names = found.dev if _DEV.search(name.lower()) else found.extra
        _keys(_table(group, "dependencies") if isinstance(group, dict) else {}, place, names)


def _pipfile(tree: dict[str, Any], found: Declared) -> None:
    _keys(_table(tree, "packages"), "Pipfile", found.main)
    _keys(_table(tree, "dev-packages"), "Pipfile", found.dev)


def _setup_cfg(slug: Slug, found: Declared) -> None:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(slug.files.get("setup.cfg", ""))
    except configparser.Error:
        return
    needs = parser.get("options", "install_requires", fallback="")
    _texts(re.split(r"[\n;]", needs), "setup.cfg", found.main)
    if parser.has_section("options.extras_require"):
        for _, names in parser.items("options.extras_require"):
            _texts(names.splitlines(), "setup.cfg", found.extra)


def _setup_py(slug: Slug, found: Declared) -> None:
    """What setup.py says in literals, in its call of setup() or in a list of a telling name."""
    facts = facts_of(slug.files.get("setup.py", ""))
    for call in facts.calls if facts else ():
        if call.last != "setup" or "install_requires" not in call.keywords:
            continue
        needs = call.keywords["install_requires"]
        if not isinstance(needs, tuple):
            found.unreadable.append("setup.py (its dependencies are computed)")
        _texts(needs, "setup.py", found.main)
        extras = call.keywords.get("extras_require")
        for names in extras.values() if isinstance(extras, dict) else ():
            _texts(names, "setup.py", found.extra)
    for assign in facts.assigns if facts else ():
        if re.search(r"require|depend", assign.name.lower()):
            _texts(assign.value, "setup.py", found.main)


def _table(tree: dict[str, Any], key: str) -> dict[str, Any]:
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def _keys(table: dict[str, Any], where: str, names: dict[str, str]) -> None:
    for name in table:
        names[normalised(name)] = where


def _texts(values: Any, where: str, names: dict[str, str]) -> None:
    for value in values if isinstance(values, (list, tuple)) else ():
        match = _NAME.match(value) if isinstance(value, str) else None
        if match:
            names[normalised(match[1])] = where
