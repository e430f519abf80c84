"""Probe I: is what runs here what git has, and is it one app? Pure.

Heroku builds a slug from a commit: a file that git does not track is not in it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from localku.check import jsfacts, places
from localku.check.commands import steps
from localku.check.evidence import Probing, counted, line_at, seen
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import facts_of
from localku.check.pymodules import app_python, reached_python
from localku.check.slug import Git, Slug

_GIT = Probing(1, "git")
_ONE = Probing(1, "one-app")
_BRANCH = Probing(1, "environment-names")
# names of the variable and of the environments, as frameworks and people write them
_VARIABLE = frozenset(
    ("env", "environment", "app_env", "flask_env", "django_env", "application_env")
)
_VARIABLE |= {"stage", "deploy_env", "deployment", "run_env", "python_env", "settings_env"}
_NAMES = frozenset(("production", "prod", "staging", "development", "dev", "stage", "live"))


def git(slug: Slug) -> list[Finding]:
    """Files that the app uses and git does not have as they are."""
    if slug.git is None:
        why = "Heroku builds what git has: a release is a commit, and can be gone back to."
        said = "the app is in no git repository"
        evidence = [Evidence("git", "", "no repository holds this folder")]
        return [_GIT.warn(said, evidence, why, "git init, git add, git commit")]
    return list(_of_git(slug, slug.git)) or [_GIT.passed("what the app uses is committed")]


def _of_git(slug: Slug, git: Git) -> Iterator[Finding]:
    if not git.tracked or git.tracked <= git.changed:
        why = "Heroku builds a commit."
        evidence = [
            Evidence("git", "", f"{counted(len(git.tracked), 'file')} added, none committed")
        ]
        yield _GIT.warn("nothing of the app is committed", evidence, why, "git commit")
        return
    used = _used(slug)
    lost = sorted(used & git.untracked)
    if lost:
        why = "It is not in the slug: on Heroku the app ends when it needs it."
        evidence = [Evidence("git", path, f"not tracked; {used_by(slug, path)}") for path in lost]
        said = f"uses {counted(len(lost), 'file')} that git does not track"
        yield _GIT.fail(said, evidence, why, f"git add {' '.join(lost[:3])}")
    changed = sorted(used & git.changed)
    if changed:
        why = "What was tried here is not what a push would release."
        evidence = [Evidence("git", path, "changed since the last commit") for path in changed]
        said = f"uses {counted(len(changed), 'file')} with changes that are not committed"
        yield _GIT.warn(said, evidence, why, "Commit it before the next push.")


def _used(slug: Slug) -> frozenset[str]:
    """The files that the Procfile's commands certainly lead to."""
    scripts = {step.where.rpartition(":")[0] for step in steps(slug)}
    named = {posixpath.normpath(word) for step in steps(slug) for word in step.words if "/" in word}
    return reached_python(slug) | jsfacts.reached(slug) | ((scripts | named) & slug.files.keys())


def used_by(slug: Slug, path: str) -> str:
    """Where a file is used: the command that names it, or that it is imported."""
    for step in steps(slug):
        if any(posixpath.normpath(word) == path for word in step.words):
            return f"named at {step.where}"
    return "imported"


def one_app(slug: Slug) -> list[Finding]:
    """Several Procfiles are several apps in one folder."""
    others = [
        path
        for path in sorted(slug.files)
        if posixpath.basename(path) == "Procfile"
        and path != "Procfile"
        and not places.is_aside(path)
    ]
    if not others:
        return [_ONE.passed("one Procfile: one app")]
    why = "Heroku runs the Procfile at the top alone; two apps share one version of everything."
    fix = "Give each app a repository, or put it on Heroku by its folder (git subtree)."
    evidence = [seen(path, "another Procfile") for path in others]
    said = f"{counted(len(others), 'more Procfile')} in the app's folder"
    return [_ONE.warn(said, evidence, why, fix)]


def environment_names(slug: Slug) -> list[Finding]:
    """Branches on the name of an environment. NODE_ENV is left out: node's packages ask it."""
    found = []
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        for line, left, value in facts.compares if facts else ():
            if _is_variable(left) and value.lower() in _NAMES:
                found.append(seen(f"{path}:{line}", line_at(text, line)))
    if not found:
        return [_BRANCH.passed("no branch on an environment's name was found")]
    why = "A new environment (a review app, a second region) falls into none of the branches."
    fix = "Ask for what differs, each by a config var of its own (DEBUG, LOG_LEVEL, MAIL_URL)."
    return [_BRANCH.warn("branches on the name of an environment", found, why, fix)]


def _is_variable(left: str) -> bool:
    """`ENV`, `settings.ENV`, `os.environ[APP_ENV]`, `getenv[ENV]`."""
    base, _, key = left.partition("[")
    asked = key.rstrip("]") if key else base.rpartition(".")[2]
    return asked.lower() in _VARIABLE
