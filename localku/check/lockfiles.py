"""Probe II: would Heroku install the very same packages again? Pure.

Sources: heroku-buildpack-python (exactly one of requirements.txt, Pipfile.lock, poetry.lock and
uv.lock; more or none fail the build since 2025), heroku-buildpack-nodejs (two lock files fail the
build), heroku-buildpack-ruby (a Gemfile.lock is required).
"""

from __future__ import annotations

from collections.abc import Iterator

from localku.check.commands import Step, package_json
from localku.check.declared import declared
from localku.check.evidence import Probing, counted, listed, seen
from localku.check.finding import Finding
from localku.check.languages import node_step, python_step, ruby_step
from localku.check.slug import Slug

_AT = Probing(2, "lock-files")
PYTHON_FILES = ("requirements.txt", "Pipfile.lock", "poetry.lock", "uv.lock")
NODE_FILES = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml")
_DRIFT = "Another build may install other versions than those that were tested."


def probe(slug: Slug) -> list[Finding]:
    """Lock files of Python, Node and Ruby; nothing for an app of another language."""
    return [*_python(slug), *_node(slug), *_ruby(slug)]


def _python(slug: Slug) -> Iterator[Finding]:
    run = python_step(slug)
    there = [name for name in PYTHON_FILES if _there(slug, name)]
    if not there and (run is None or (node_step(slug) and not _has_python(slug))):
        return
    if len(there) > 1:
        why = "Heroku's Python build fails: it wants exactly one package manager's file."
        fix = f"Keep one of {listed(there)}, and delete the others."
        evidence = [seen(name, "a package manager's file") for name in there]
        yield _AT.fail(f"there are {listed(there)}", evidence, why, fix)
    elif not there:
        yield _no_python_file(slug, run)
    elif there == ["requirements.txt"]:
        yield _requirements(slug)
    else:
        yield _AT.passed(f"{there[0]} says the exact version of each package")


def _has_python(slug: Slug) -> bool:
    return any(name in slug.files for name in ("pyproject.toml", "Pipfile", "setup.py"))


def _no_python_file(slug: Slug, run: Step | None) -> Finding:
    why = "Heroku's Python build fails without one; an empty requirements.txt is enough for none."
    fix = "Write requirements.txt, or commit poetry.lock, uv.lock or Pipfile.lock."
    said = "no requirements.txt, poetry.lock, uv.lock or Pipfile.lock in the app's folder"
    evidence = [seen(run.where, run.text) if run else seen("Procfile", "runs Python")]
    if _has_python(slug):
        return _AT.fail(said, evidence, why, fix)
    return _AT.warn(said, evidence, why, fix)


def _requirements(slug: Slug) -> Finding:
    found = declared(slug)
    if not found.loose:
        return _AT.passed("requirements.txt says the exact version of each package")
    number = counted(len(found.loose), "requirement")
    said = f"{number} in requirements.txt without an exact version"
    evidence = [seen(where, name) for name, where in found.loose.items()]
    fix = "Write the versions (pip freeze, pip-compile), or use a lock file (uv.lock)."
    return _AT.warn(said, evidence, _DRIFT, fix)


def _node(slug: Slug) -> Iterator[Finding]:
    package = package_json(slug)
    run = node_step(slug)
    if run is None:
        return
    if "package.json" not in slug.files:
        why = "Heroku finds no Node.js app there: node is not installed, and the dyno ends (H10)."
        said = "node runs the app, and there is no package.json in its folder"
        yield _AT.fail(said, [seen(run.where, run.text)], why, "npm init, or move it to the top.")
        return
    there = [name for name in NODE_FILES if _there(slug, name)]
    needs = any(package.get(key) for key in ("dependencies", "devDependencies"))
    if len(there) > 1:
        why = "Heroku's Node.js build fails: two different lock files."
        evidence = [seen(name, "a lock file") for name in there]
        yield _AT.fail(f"there are {listed(there)}", evidence, why, "Keep one, delete the others.")
    elif not there and needs:
        fix = "Run npm install, and commit package-lock.json."
        evidence = [seen("package.json", "has dependencies")]
        yield _AT.warn("no lock file beside package.json", evidence, _DRIFT, fix)
    elif there:
        yield _AT.passed(f"{there[0]} says the exact version of each package")


def _ruby(slug: Slug) -> Iterator[Finding]:
    run = ruby_step(slug)
    if "Gemfile" not in slug.files:
        if run is not None:
            why = "Heroku finds no Ruby app there: Ruby is not installed, and the dyno ends (H10)."
            said = "Ruby runs the app, and there is no Gemfile in its folder"
            yield _AT.fail(
                said, [seen(run.where, run.text)], why, "Write a Gemfile, bundle install."
            )
        return
    if _there(slug, "Gemfile.lock"):
        yield _AT.passed("Gemfile.lock says the exact version of each gem")
    else:
        why = "Heroku's Ruby build fails without a Gemfile.lock."
        evidence = [seen("Gemfile", "there is no Gemfile.lock")]
        yield _AT.fail("no Gemfile.lock", evidence, why, "Run bundle install and commit it.")


def _there(slug: Slug, name: str) -> bool:
    """A lock file may be larger than what is read."""
    return name in slug.files or "larger" in slug.skipped.get(name, "")
