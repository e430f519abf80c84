"""What static probes read: the files of an app, once, and what its manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Slug:
    """An app's files. root: its folder. files: path in the folder (with /) -> text; only text
    files under a bounded size (512 KiB), as git would ship them where there is a git repository.
    skipped: path -> why it was not read. procfile: process type -> command. env: the config vars
    (.env, app.json's values): names may be shown, values never. git: what git says, or None where
    there is no repository."""

    root: str
    files: Mapping[str, str]
    skipped: Mapping[str, str]
    procfile: Mapping[str, str]
    env: Mapping[str, str]
    git: Git | None


@dataclass(frozen=True)
class Git:
    """tracked: paths that git tracks. untracked: paths that it neither tracks nor ignores.
    changed: tracked paths with changes that are not committed. top: the repository's folder."""

    tracked: frozenset[str]
    untracked: frozenset[str]
    changed: frozenset[str]
    top: str
