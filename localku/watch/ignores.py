"""Which paths of an app never count: git's rules, and names that no app is made of.

Pure: it is given the texts of the .gitignore files, top-down, by the survey of the folder tree.
The rules are those of the gitignore manual: the last pattern that matches decides, a file
deeper down has more weight than one above it, .git/info/exclude has the least, and nothing
below an ignored folder can be had back. Paths are relative to the root, with "/", "" is the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pathspec import GitIgnoreSpec

# Folders in which no person edits an app's source. A folder with a pyvenv.cfg is one as well.
NEVER_FOLDERS = frozenset(
    (".git", ".hg", ".svn", ".localku", ".venv", "node_modules", "__pycache__")
    + (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox")
    + (".idea", ".bundle", ".sass-cache", ".parcel-cache")
)
# Byte code, editors' swap and probe files (vim probes with 4913), SQLite's side files.
_NEVER_FILES = re.compile(
    r"\.git | 4913 | \.DS_Store | .*\.py[co] | .*~ | \#.*\# | \.\#.* | \..*\.sw[a-z]"
    r" | .*___jb_(?:tmp|old)___ | \.goutputstream-.* | \..*\.kate-swp"
    r" | .*\.[^.]+-(?:wal|shm|journal)",
    re.VERBOSE,
)
_GLOB = re.compile(r"([\\*?\[])")

Specs = tuple[GitIgnoreSpec, GitIgnoreSpec]


class Ignores:
    """A table of ignore rules that grows top-down: `add` a folder's before asking below it.

    above: the way from the repository's top to the root, as `backend/app`, "" when they are one.
    """

    def __init__(self, above: str = "") -> None:
        self._above = above
        self._lines: list[tuple[str, list[str]]] = []
        self._specs: dict[str, Specs] = {}
        self._folders: dict[str, bool] = {"": False}

    def add(self, folder: str, text: str) -> None:
        """Take the text of folder/.gitignore, the folder being relative to the root."""
        self.add_above(_join(self._above, folder), text)

    def add_above(self, folder: str, text: str) -> None:
        """The same for a folder that is relative to the repository's top; "" takes the excludes."""
        lines = [line for line in (rebased(raw, folder) for raw in text.splitlines()) if line]
        inherited = [old for place, olds in self._lines if _is_in(folder, place) for old in olds]
        self._lines.append((folder, lines))
        self._specs[folder] = _compiled(inherited + lines)

    def add_folder(self, folder: str) -> None:
        """Ignore one folder, whatever the patterns say: a virtual environment."""
        self._folders[folder] = True

    def is_ignored(self, path: str, *, folder: bool = False) -> bool:
        """Whether a path, or a folder that it lies in, is ignored."""
        parent, _, name = path.rpartition("/")
        if folder:
            return self._ignores_folder(path)
        if self._ignores_folder(parent):
            return True
        return _NEVER_FILES.fullmatch(name) is not None or self._matches(path, 0)

    def ignores_root(self) -> bool:
        """Whether the rules above the root ignore the root itself."""
        parts = self._above.split("/") if self._above else []
        ways = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        return any(self._matches_above(way, 1) for way in ways)

    def _ignores_folder(self, path: str) -> bool:
        known = self._folders.get(path)
        if known is None:
            parent, _, name = path.rpartition("/")
            known = self._ignores_folder(parent) or name in NEVER_FOLDERS or self._matches(path, 1)
            self._folders[path] = known
        return known

    def _matches(self, path: str, kind: int) -> bool:
        return bool(self._specs) and self._matches_above(_join(self._above, path), kind)

    def _matches_above(self, path: str, kind: int) -> bool:
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            specs = self._specs.get(folder)
            if specs is not None:
                return specs[kind].check_file(path).include is True
        return False


def rebased(line: str, folder: str) -> str:
    """A .gitignore line of `folder` as a line of the repository's top; "" when it has no rule."""
    if not line.strip() or line.startswith("#"):
        return ""
    if not line.endswith("\\ "):
        line = line.rstrip(" \r")
    sign, body = ("!", line[1:]) if line.startswith("!") else ("", line)
    if not body.strip("/"):
        return ""
    if f"/{body}".endswith("/**/"):  # any folder; the library would take it for any path
        body += "*/"
    if not folder:
        return sign + body
    base = "/" + _GLOB.sub(r"\\\1", folder)
    anchored = "/" in body.rstrip("/")
    return f"{sign}{base}/{body.removeprefix('/')}" if anchored else f"{sign}{base}/**/{body}"


def _compiled(lines: list[str]) -> Specs:
    """One matcher for files and one for folders.

    A folder is asked about by itself, without its slash, so a line `name/` is `name` to it: with
    the slash, the library takes `name/**` for the folder itself, and lets a folder inside a
    matched one inherit the match.
    """
    return _spec(lines), _spec([line.rstrip("/") for line in lines])


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    lines = list(lines)
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:  # git passes over a line that it cannot read
        return GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line))


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _join(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder and path else folder or path


def _is_in(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(folder + "/")
