"""A look at the folder tree: which folders count, what is in them, what git ignores there.

It reads the file system and watches nothing. Folders that are ignored are never entered, so a
node_modules of 50,000 folders costs one name. Symbolic links are names, as for git: a linked
folder is not entered.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from localku.watch.ignores import Ignores

NANO = 1_000_000_000


@dataclass
class Survey:
    """What was seen. Paths are relative to the root, "" for the root itself.

    folders: each folder that counts, with the names in it that are not folders. recent: files
    whose inode changed at `since` or later. ignores: the rules that held. git: git's own folder
    (absolute), "" when there is none.
    """

    ignores: Ignores
    git: str = ""
    folders: dict[str, set[str]] = field(default_factory=dict)
    recent: list[str] = field(default_factory=list)

    @property
    def file_count(self) -> int:
        """How many files there are in the folders that count."""
        return sum(map(len, self.folders.values()))

    def is_news(self, path: str, there: bool) -> bool:
        """Note that a file is there, or is not. False for one that came and went unseen."""
        folder, _, name = path.rpartition("/")
        names = self.folders.get(folder)
        if names is None:
            return True
        known = name in names
        if there:
            names.add(name)
        else:
            names.discard(name)
        return there or known

    def files_moved(self, before: Survey, moved: set[str]) -> Iterator[str]:
        """The files in and below the folders that came or went, as they are and as they were."""
        for survey in (self, before):
            for folder, names in survey.folders.items():
                if any(_is_in(folder, top) for top in moved):
                    yield from (_join(folder, name) for name in names)

    def files_new_since(self, before: Survey) -> Iterator[str]:
        """The files that `before` did not have, although it did not ignore them."""
        for folder, names in self.folders.items() if before.folders else ():
            for name in names.difference(before.folders.get(folder, ())):
                path = _join(folder, name)
                if not before.ignores.is_ignored(path):
                    yield path


def look_around(root: str, since: float | None = None) -> Survey:
    """Survey the tree below root (absolute). since: seconds since the epoch, for `recent`.

    It is compared with the time at which the kernel last changed a file's inode (a write, a
    rename, a touch), as the file system's clock gives it. Raises OSError when the root itself
    cannot be read; a folder below that cannot be read is left out.
    """
    top, git = _repository(root)
    survey = Survey(_ignores_above(root, top, git), git)
    since_ns = None if since is None else int(since * NANO)
    todo = [""]
    while todo:
        folder = todo.pop()
        try:
            todo.extend(_enter(root, folder, survey, since_ns))
        except OSError:  # gone meanwhile, or not ours to read: nothing to watch either way
            if not folder:
                raise
    return survey


def _enter(root: str, folder: str, survey: Survey, since_ns: int | None) -> list[str]:
    """Note one folder; returns the folders in it that count."""
    with os.scandir(os.path.join(root, folder) if folder else root) as entries:
        listed = list(entries)
    names = {entry.name for entry in listed}
    if folder and "pyvenv.cfg" in names:
        survey.ignores.add_folder(folder)
        return []
    if ".gitignore" in names:
        survey.ignores.add(folder, _text(os.path.join(root, folder, ".gitignore")))
    below = {entry.name for entry in listed if entry.is_dir(follow_symlinks=False)}
    survey.folders[folder] = names - below
    if since_ns is not None:
        recent = (e.name for e in listed if e.name not in below and _is_newer(e, since_ns))
        survey.recent.extend(_join(folder, name) for name in recent)
    paths = (_join(folder, name) for name in below if _is_text(name))
    return [path for path in paths if not survey.ignores.is_ignored(path, folder=True)]


def _ignores_above(root: str, top: str, git: str) -> Ignores:
    """What the repository that the root lies in says above it, unless it ignores the root.

    An app in an ignored folder is run nevertheless, and then its own rules hold.
    """
    if not top:
        return Ignores()
    above = os.path.relpath(root, top)
    ignores = Ignores("" if above == os.curdir else above)
    common = _text(os.path.join(git, "commondir")).strip()  # of a worktree
    ignores.add_above("", _text(os.path.join(git, common, "info", "exclude")))
    if top == root:
        return ignores
    parts = above.split(os.sep)
    for depth in range(len(parts)):
        folder = "/".join(parts[:depth])
        ignores.add_above(folder, _text(os.path.join(top, folder, ".gitignore")))
    return Ignores() if ignores.ignores_root() else ignores


def _repository(root: str) -> tuple[str, str]:
    """The top folder of the repository that the root lies in, and git's folder; "" for none."""
    top = root
    while not os.path.lexists(os.path.join(top, ".git")):
        parent = os.path.dirname(top)
        if parent == top:
            return "", ""
        top = parent
    git = os.path.join(top, ".git")
    if os.path.isfile(git):  # a worktree or a submodule: the file leads to it
        git = os.path.join(top, _text(git).removeprefix("gitdir:").strip())
    return top, git


def _text(path: str) -> str:
    """A small file's text, "" when it is not a file that can be read."""
    try:
        if os.path.isfile(path):  # opening a named pipe would wait for a writer
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
    except OSError:  # an ignore file that cannot be read ignores nothing, as with git
        pass
    return ""


def _is_newer(entry: os.DirEntry[str], since_ns: int) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_ctime_ns >= since_ns
    except OSError:
        return True  # it went away since it was listed: a change too


def _is_text(name: str) -> bool:
    """Whether the name is UTF-8: watchfiles takes no other."""
    return name.isascii() or not any("\udc80" <= char <= "\udcff" for char in name)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_in(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(folder + "/")
