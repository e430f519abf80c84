"""Probe II: does the app import npm packages that package.json does not declare? Pure.

Judged are the programs that node runs by the Procfile; what a bundler builds may use packages of
development. Heroku prunes devDependencies after the build (Dev Center, "Node.js Behavior").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from localku.check import jsfacts
from localku.check.commands import package_json
from localku.check.evidence import Probing, listed, seen
from localku.check.finding import Evidence, Finding
from localku.check.languages import node_step
from localku.check.remembered import once_for_a_slug
from localku.check.slug import Slug

_AT = Probing(2, "node-imports")
_BUILTIN_NAMES = """
assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel
dns domain events fs http http2 https inspector module net os path perf_hooks process punycode
querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm wasi
worker_threads zlib
"""
_BUILTINS = frozenset(_BUILTIN_NAMES.split())
_PACKAGE = re.compile(r"(?:@[a-z0-9~][\w.~-]*/)?[a-z0-9~][\w.~-]*", re.IGNORECASE)
_ALIASES = (".", "/", "#", "~", "@/", "node:", "bun:", "virtual:", "http:", "https:", "data:")
_DECLARING = ("dependencies", "optionalDependencies", "peerDependencies")
_KEEP_DEV = ("NPM_CONFIG_PRODUCTION", "YARN_PRODUCTION", "PNPM_SKIP_PRUNING", "YARN2_SKIP_PRUNING")


@dataclass(frozen=True)
class Row:
    """An import of a package that package.json does not declare for run time. certain: it runs at
    the start."""

    name: str
    seen: Evidence
    certain: bool


def probe(slug: Slug) -> list[Finding]:
    """Imports against package.json; nothing for an app without one."""
    if "package.json" not in slug.files:
        return []
    package = package_json(slug)
    if not package:
        return [_AT.unseen("package.json could not be read: it is not valid JSON")]
    reached = jsfacts.reached(slug)
    if not node_step(slug):
        return []  # its package.json builds a client, say
    if not reached:
        return [_AT.unseen("no program of the app's own that node runs was found in the Procfile")]
    return list(_judged(slug, package, reached))


def _judged(slug: Slug, package: dict[str, object], reached: frozenset[str]) -> Iterator[Finding]:
    main = {name for key in _DECLARING for name in _names(package, key)}
    main |= {"aws-sdk"} if any(name.startswith("aws-sdk") for name in main) else set()
    dev = _names(package, "devDependencies")
    own = _own_packages(slug)
    folders = _folders(slug)
    undeclared: list[Row] = []
    pruned: list[Row] = []
    started = jsfacts.started(slug)
    for path in sorted(reached):
        lines = slug.files[path].splitlines()
        for each in jsfacts.imports_of(slug.files[path]):
            name = package_of(each.name)
            if not name or each.guarded or name in main or name in own or name in folders:
                continue
            certain = path in started and each.top
            row = Row(name, seen(f"{path}:{each.line}", lines[each.line - 1]), certain)
            (pruned if name in dev else undeclared).append(row)
    if any(slug.env.get(name, "").lower() in ("false", "true") for name in _KEEP_DEV):
        pruned = []
    yield from _undeclared(undeclared, _locked(slug))
    yield from _pruned(pruned)
    if not undeclared and not pruned:
        yield _AT.passed("every package that the programs import is declared")


def _locked(slug: Slug) -> set[str] | None:
    """The packages that the lock file installs beside the app; None where that cannot be told."""
    try:
        packages = json.loads(slug.files["package-lock.json"])["packages"]
        return {path.removeprefix("node_modules/") for path in packages}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _undeclared(rows: list[Row], locked: set[str] | None) -> Iterator[Finding]:
    """A fail where the lock file shows that nothing else brings the package along."""
    missing = [row for row in rows if locked is not None and row.name not in locked]
    certain = [row for row in missing if row.certain]
    along = [row for row in rows if row.certain and row not in missing]
    why = "Heroku installs what package.json declares: the dyno ends with MODULE_NOT_FOUND."
    if certain:
        said = f"imports {_names_of(certain)}, which package.json does not declare"
        fix = f"npm install --save {' '.join(sorted({row.name for row in certain}))}"
        yield _AT.fail(said, [row.seen for row in certain], why, fix)
    if along:
        said = f"imports {_names_of(along)}, not declared, which may come with another package"
        why = "A new version of the other package may leave it out."
        yield _AT.warn(said, [row.seen for row in along], why, "Declare it as well.")
    if rows and not certain and not along:
        said = f"code that may run imports {_names_of(rows)}, which package.json does not declare"
        yield _AT.unseen(f"{said}: {rows[0].seen.where}")


def _pruned(rows: list[Row]) -> Iterator[Finding]:
    certain = [row for row in rows if row.certain]
    if certain:
        why = "Heroku prunes devDependencies after the build: the dyno ends with MODULE_NOT_FOUND."
        said = f"uses {_names_of(certain)} at run time, declared in devDependencies only"
        fix = "Move it from devDependencies to dependencies."
        yield _AT.fail(said, [row.seen for row in certain], why, fix)
    elif rows:
        said = f"code that may run imports {_names_of(rows)}, declared in devDependencies only"
        yield _AT.unseen(f"{said}: {rows[0].seen.where}")


def _names_of(rows: list[Row]) -> str:
    return listed(list(dict.fromkeys(row.name for row in rows)))


def package_of(name: str) -> str:
    """The npm package of an import, "" for node's own modules, files and aliases."""
    if name.startswith(_ALIASES) or "!" in name or "\0" in name or not name:
        return ""
    parts = name.split("/")
    package = "/".join(parts[:2]) if name.startswith("@") else parts[0]
    return "" if package in _BUILTINS or not _PACKAGE.fullmatch(package) else package


def _names(package: dict[str, object], key: str) -> set[str]:
    value = package.get(key)
    return set(value) if isinstance(value, dict) else set()


def _own_packages(slug: Slug) -> set[str]:
    """The names of the app's own packages: itself, and those of its workspaces."""
    found = set()
    for path, text in slug.files.items():
        if path.endswith("package.json"):
            try:
                name = json.loads(text).get("name")
            except (ValueError, AttributeError, RecursionError):
                continue
            found |= {name} if isinstance(name, str) else set()
    return found


@once_for_a_slug
def _folders(slug: Slug) -> frozenset[str]:
    """Names that an import may begin with because NODE_PATH or baseUrl lead to them."""
    tops = ("", "src/", "app/", "server/")
    rests = (path[len(top) :] for path in slug.files for top in tops if path.startswith(top))
    return frozenset(rest.partition("/")[0].partition(".")[0] for rest in rests)
