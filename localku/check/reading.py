"""Reads an app's folder once, for the static probes. It opens files and asks git; it runs nothing.

What is read is what git would ship, as it stands in the folder: tracked files and those that git
neither tracks nor ignores. Without a repository it is what .gitignore leaves. What .slugignore
names is left out, as Heroku leaves it out of the slug; so are packages that were installed there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from localku.check.places import is_lock
from localku.check.repository import ask_git
from localku.check.slug import Slug
from localku.check.slugignore import SlugIgnore
from localku.manifest import manifest
from localku.watch.ignores import NEVER_FOLDERS

MAX_FILE = 512 * 1024  # bytes; a longer file is no source that a person wrote
MAX_LOCK = 4 * 1024 * 1024  # bytes of a lock file, which a package manager wrote
MAX_FILES = 20_000
MAX_TOTAL = 64 * 1024 * 1024  # bytes of all files together
# Folders of packages that somebody else wrote, by their usual names.
_INSTALLED = NEVER_FOLDERS | {"vendor", "site-packages", "bower_components", ".heroku", ".eggs"}


def read_slug(root: str) -> Slug:
    """The app in the folder root, as static probes see it.

    Raises UserError as `localku start` would: no folder, no Procfile, a file that cannot be read,
    a config var that app.json requires and that has no value.
    """
    app = manifest.load({"root": root}, os.environ)
    git = ask_git(app.root)
    paths = _surveyed(app.root) if git is None else git.tracked | git.untracked
    files, skipped = _read(app.root, sorted(paths))
    return Slug(
        root=app.root,
        files=files,
        skipped=skipped,
        procfile={name: entry.command for name, entry in app.entries.items()},
        env=dict(app.env),
        git=git,
    )


def _surveyed(root: str) -> set[str]:
    """The files below root that no .gitignore names, without a repository."""
    from localku.watch.survey import look_around

    survey = look_around(root)
    paths = {
        f"{folder}/{name}" if folder else name
        for folder, names in survey.folders.items()
        for name in names
    }
    return {path for path in paths if not survey.ignores.is_ignored(path)}


def _read(root: str, paths: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Texts by path, and why the other paths were not read."""
    ignores = SlugIgnore(_text(root, ".slugignore"))
    venvs = {os.path.dirname(path) for path in paths if os.path.basename(path) == "pyvenv.cfg"}
    files: dict[str, str] = {}
    skipped: dict[str, str] = {}
    total = 0
    for path in paths:
        installed = _installed(path, venvs)
        if installed:
            skipped[f"{installed}/"] = "packages that were installed there"
        elif ignores.is_ignored(path):
            skipped[path] = "named by .slugignore"
        elif len(files) >= MAX_FILES or total >= MAX_TOTAL:
            skipped[path] = f"after {len(files):,} files"
        else:
            text = _load(os.path.join(root, path), MAX_LOCK if is_lock(path) else MAX_FILE)
            if isinstance(text, Unread):
                skipped[path] = str(text)
            else:
                files[path] = text
                total += len(text)
    return files, skipped


def _installed(path: str, venvs: Iterable[str]) -> str:
    """The folder of installed packages that a path lies in, or ""."""
    parts = path.split("/")
    for length in range(1, len(parts)):
        folder = "/".join(parts[:length])
        if parts[length - 1] in _INSTALLED or folder in venvs:
            return folder
    return ""


class Unread(str):
    """Why a file was not read."""


def _load(path: str, most: int = MAX_FILE) -> str:
    """The text of a file, or an Unread. A link is not followed: it may lead anywhere."""
    try:
        state = os.lstat(path)
        if stat.S_ISLNK(state.st_mode):
            return Unread("a symbolic link")
        if not stat.S_ISREG(state.st_mode):
            return Unread("not a file")
        if state.st_size > most:
            return Unread(f"larger than {most // 1024:,} KiB")
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        return Unread(os.strerror(error.errno or 0).lower())
    if b"\0" in data:
        return Unread("not text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Unread("not UTF-8 text")


def _text(root: str, name: str) -> str:
    text = _load(os.path.join(root, name))
    return "" if isinstance(text, Unread) else text
