"""Slugs for static probes, made of texts: no file is written."""

from __future__ import annotations

from localku.check.finding import Finding, Verdict
from localku.check.probes import STATIC
from localku.check.slug import Git, Slug
from localku.check.static import run_probe

WEB = "web: python app.py"


def slug(
    files: dict[str, str] | None = None,
    *,
    env: dict[str, str] | None = None,
    git: Git | None = None,
    skipped: dict[str, str] | None = None,
) -> Slug:
    """An app of these files; a Procfile that runs app.py where none is given."""
    files = {"Procfile": WEB, **(files or {})}
    lines = [line.partition(": ") for line in files["Procfile"].splitlines()]
    procfile = {name: command for name, _, command in lines}
    return Slug("/app", files, skipped or {}, procfile, env or {}, git)


def repository(
    *tracked: str, untracked: tuple[str, ...] = (), changed: tuple[str, ...] = ()
) -> Git:
    """What git says of an app with these files."""
    return Git(frozenset(tracked), frozenset(untracked), frozenset(changed), "/app")


def found(name: str, app: Slug) -> list[Finding]:
    """What one probe of the table says of an app."""
    return run_probe(next(probe for probe in STATIC if probe.name == name), app)


def bad(name: str, app: Slug) -> list[Finding]:
    """Its warnings and failures."""
    return [each for each in found(name, app) if each.verdict in (Verdict.WARN, Verdict.FAIL)]
