"""What git says of an app's folder. It asks git with a bound and writes nothing, not even an index.

Only read commands are used, with `--no-optional-locks`, so that the repository stays as it was.
"""

from __future__ import annotations

import os
import subprocess

from localku.check.slug import Git

PATIENCE = 10.0  # seconds for one question; a repository that needs more is not judged


def ask_git(root: str) -> Git | None:
    """What git says of the folder root (absolute): paths are relative to it, as in a Slug.

    None where there is no git, no repository, no answer within PATIENCE, or a repository around
    the folder that ignores it.
    """
    top = _git(root, "rev-parse", "--show-toplevel", "--show-prefix")
    if top is None:
        return None
    folder, _, prefix = top.rstrip("\n").partition("\n")
    tracked = _paths(_git(root, "ls-files", "-z"))
    status = _git(root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--", ".")
    if tracked is None or status is None:
        return None
    untracked, changed = _status(status, prefix)
    if not tracked and not untracked:
        return None
    return Git(frozenset(tracked), untracked, changed & frozenset(tracked), folder)


def _status(text: str, prefix: str) -> tuple[frozenset[str], frozenset[str]]:
    """Untracked and changed paths of `git status -z`, relative to the folder at prefix."""
    untracked: set[str] = set()
    changed: set[str] = set()
    entries = iter(text.split("\0"))
    for entry in entries:
        if len(entry) < 4:
            continue
        code, path = entry[:2], entry[3:].removeprefix(prefix)
        (untracked if code == "??" else changed).add(path)
        if "R" in code or "C" in code:  # the path that it was before follows
            next(entries, "")
    return frozenset(path for path in untracked if not path.endswith("/")), frozenset(changed)


def _paths(text: str | None) -> set[str] | None:
    return None if text is None else {path for path in text.split("\0") if path}


def _git(root: str, *words: str) -> str | None:
    """What git answers, or None. core.fsmonitor off: a repository may name a program there."""
    argv = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", root, *words]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            env={**environ, "LC_ALL": "C"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None
