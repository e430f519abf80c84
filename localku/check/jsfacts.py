"""What a JavaScript or TypeScript program says of itself: imports, and its text without comments.
Pure. No parser: a scan that knows strings and comments, which is enough to see what is imported.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from localku.check.commands import package_json, steps
from localku.check.evidence import line_of
from localku.check.places import javascript
from localku.check.remembered import once_for_a_slug
from localku.check.slug import Slug

_TOKENS = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*`""",
    re.VERBOSE | re.DOTALL,
)
_IMPORT = re.compile(
    r"""(?P<type>\bimport\s+type\b[^;'"]{0,600}from\s*['"][^'"]+['"])
    | (?P<call>\b(?:require|import)\s*\(\s*)['"](?P<a>[^'"\n]+)['"]\s*\)
    | \b(?:import|export)\b[\w\s{},*$]{0,600}?\bfrom\s*['"](?P<b>[^'"\n]+)['"]
    | (?<![@'"`\w.$])import\s*['"](?P<c>[^'"\n]+)['"]""",
    re.VERBOSE,
)
_BRANCH = re.compile(r"=>|&&|\|\||\?|\b(?:if|else|for|while|switch|function)\b")
_GUARD = re.compile(r"\btry\s*\{[^{}]*$")
_TRIED: tuple[str, ...] = (
    "",
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".tsx",
    ".jsx",
    ".json",
    "/index.js",
    "/index.ts",
)
_TRIED += ("/index.mjs", "/index.cjs")
_FROM_TS = re.compile(r"\.([cm]?)js$")  # a TypeScript program imports x.ts as x.js


@dataclass(frozen=True)
class Import:
    """name: as written. guarded: within a try. top: not indented, so that it runs at the start."""

    name: str
    line: int
    guarded: bool
    top: bool


@lru_cache(maxsize=8192)
def without_comments(text: str) -> str:
    """The program with blanks in place of its comments; lines stay where they are."""
    return _TOKENS.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    text = match[0]
    return re.sub(r"[^\n]", " ", text) if text.startswith("/") else text


@lru_cache(maxsize=8192)
def imports_of(text: str) -> tuple[Import, ...]:
    """What a program imports or requires, by literal names."""
    plain = without_comments(text)
    found = []
    for match in _IMPORT.finditer(plain):
        name = match["a"] or match["b"] or match["c"]
        if not name:
            continue
        before = plain[max(0, match.start() - 400) : match.start()]
        line = before.rpartition("\n")[2]
        number = line_of(plain, match.start())
        top = line[:1] not in (" ", "\t", "}") and not _BRANCH.search(line)
        found.append(Import(name, number, bool(_GUARD.search(before)), top))
    return tuple(found)


@once_for_a_slug
def reached(slug: Slug) -> frozenset[str]:
    """The app's programs that node runs by the Procfile's commands; empty where none was seen."""
    return _followed(slug, certainly=False)


@once_for_a_slug
def started(slug: Slug) -> frozenset[str]:
    """Those that certainly run at the start: by imports that stand in no function and no branch."""
    return _followed(slug, certainly=True)


def _followed(slug: Slug, *, certainly: bool) -> frozenset[str]:
    todo = [path for path in _entries(slug) if path]
    done: set[str] = set()
    while todo:
        path = todo.pop()
        if path in done:
            continue
        done.add(path)
        for each in imports_of(slug.files[path]) if not path.endswith(".json") else ():
            if each.name.startswith(".") and (not certainly or (each.top and not each.guarded)):
                found = resolved(slug, posixpath.join(posixpath.dirname(path), each.name))
                todo += [found] if found else []
    return frozenset(path for path in done if not path.endswith(".json"))


@once_for_a_slug
def app_javascript(slug: Slug) -> dict[str, str]:
    """path -> text of the JavaScript programs to judge: what node runs by the Procfile, or, where
    that cannot be told, all that are the app's."""
    paths = reached(slug)
    return {path: slug.files[path] for path in sorted(paths)} if paths else dict(javascript(slug))


def _entries(slug: Slug) -> Iterator[str]:
    for step in steps(slug):
        if step.program not in ("node", "nodemon", "ts-node", "tsx", "pm2-runtime", "bun", "deno"):
            continue
        for word in step.words[1:]:
            if word.startswith("-"):
                continue
            yield resolved(
                slug, str(package_json(slug).get("main") or ".") if word == "." else word
            )
            break


def resolved(slug: Slug, path: str) -> str:
    """The file that node would take for a path, or ""."""
    path = posixpath.normpath(path)
    bases = [path, _FROM_TS.sub(r".\1ts", path)]
    names = (posixpath.normpath(base + end) for base in bases for end in _TRIED)
    return next((name for name in names if name in slug.files), "")
