"""A copy of an app to run: what git would ship, what is installed there as links; and what changed.

The app's own folder is only read.
"""

from __future__ import annotations

import glob
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable

from localku.errors import UserError

MODULES = "node_modules"
LINKED = (MODULES, ".venv", "venv", "env", "virtualenv", ".bundle", "bundle")
_NEVER = {".git", ".localku", ".hg", ".svn", "__pycache__", ".mypy_cache", ".pytest_cache"}
_NEVER |= {".ruff_cache", ".tox", ".nox"}
MAX_BYTES = 1 << 30
PATIENCE = 20.0  # seconds for git


def copy_app(root: str, target: str) -> None:
    """Copy the app in root to the new folder target. Raises UserError."""
    os.makedirs(target)
    links = list(_installed(root))
    total = 0
    for path in sorted(_files(root, links)):
        source, place = os.path.join(root, path), os.path.join(target, path)
        try:
            state = os.lstat(source)
            total += state.st_size
            if total > MAX_BYTES:
                raise UserError("the app is larger than 1 GiB", where=root)
            if os.path.isdir(source) and not os.path.islink(source):
                os.makedirs(place, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(place), exist_ok=True)
            if stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode):  # no pipe, no socket
                shutil.copy2(source, place, follow_symlinks=False)
        except FileNotFoundError:
            continue  # it is in git, and was removed here
        except OSError as error:
            raise UserError(f"cannot copy {path}: {error.strerror or error}") from None
    for name in links:
        source, place = os.path.join(root, name), os.path.join(target, name)
        if not os.path.lexists(place):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            if os.path.basename(name) == MODULES:
                _link_modules(root, target, source, place)
            else:
                os.symlink(os.path.realpath(source), place)


def _link_modules(root: str, target: str, source: str, place: str) -> None:
    """A folder of links to the packages of node_modules. A link of npm's workspaces leads to the
    app's own code: it has to lead to the copy of that."""
    os.makedirs(place, exist_ok=True)
    base = os.path.join(os.path.realpath(root), "")
    for entry in os.scandir(source):
        path = os.path.join(place, entry.name)
        if entry.name.startswith("@") and not entry.is_symlink() and entry.is_dir():
            _link_modules(root, target, entry.path, path)
            continue
        real = os.path.realpath(entry.path)
        if entry.is_symlink() and real.startswith(base) and f"/{MODULES}/" not in real:
            real = os.path.join(target, real[len(base) :])
        os.symlink(real, path)


def _installed(root: str) -> Iterable[str]:
    """Folders of installed packages, by their paths in root, at any depth."""
    for folder, folders, _ in os.walk(root):
        prefix = "" if folder == root else os.path.relpath(folder, root) + os.sep
        found = [name for name in folders if _is_installed(os.path.join(folder, name))]
        folders[:] = [name for name in folders if name not in found and name not in _NEVER]
        yield from (prefix + name for name in found)


def _is_installed(path: str) -> bool:
    """Whether it is a folder of installed packages: an `env` that is a folder of the app is not."""
    name = os.path.basename(path)
    if name not in LINKED:
        return os.path.isfile(os.path.join(path, "pyvenv.cfg"))
    if name == "bundle":
        return os.path.basename(os.path.dirname(path)) == "vendor"
    if name in (MODULES, ".bundle"):
        return not os.path.islink(path) or os.path.isdir(path)
    return os.path.isfile(os.path.join(path, "pyvenv.cfg"))


def editable(root: str) -> list[str]:
    """Folders of the app, relative to root, that its virtual environments import code from (`pip
    install -e .`): a copy has to be found before them."""
    real = os.path.realpath(root)
    venvs = [os.path.join(root, name) for name in (".venv", "venv", "env")]
    found: dict[str, None] = {}
    for venv in [*venvs, os.environ.get("VIRTUAL_ENV", "")]:
        for site in (
            glob.glob(os.path.join(venv, "lib", "python*", "site-packages")) if venv else ()
        ):
            for path in glob.glob(os.path.join(site, "*.pth")):
                for line in _lines(path):
                    if os.path.isabs(line) and os.path.realpath(line) == real:
                        found["."] = None
                    elif os.path.isabs(line) and os.path.realpath(line).startswith(real + os.sep):
                        found[os.path.relpath(os.path.realpath(line), real)] = None
            for path in glob.glob(os.path.join(site, "*.dist-info", "direct_url.json")):
                if any(f'"file://{real}"' in line and "editable" in line for line in _lines(path)):
                    found |= dict.fromkeys([".", "src"])
    return [name for name in found if os.path.isdir(os.path.join(root, name))]


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _files(root: str, links: list[str]) -> set[str]:
    found = _of_git(root)
    if found is None:
        found = set(_walk(root, links))
    inside = tuple(f"{name}/" for name in links)
    return {path for path in found if not path.startswith(inside) and path not in links}


def _of_git(root: str) -> set[str] | None:
    """What git tracks, or would, in that folder; None without a repository, or in a folder of one
    that ignores it."""
    words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    argv = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", root, *words]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            argv, capture_output=True, timeout=PATIENCE, check=False, env=environ, stdin=-3
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = {os.fsdecode(path) for path in done.stdout.split(b"\0") if path}
    return found if done.returncode == 0 and found else None


def _walk(root: str, links: Iterable[str]) -> Iterable[str]:
    for folder, folders, names in os.walk(root):
        relative = os.path.relpath(folder, root)
        prefix = "" if relative == "." else relative + os.sep
        folders[:] = [
            name
            for name in folders
            if name not in _NEVER
            and prefix + name not in links
            and not os.path.isfile(os.path.join(folder, name, "pyvenv.cfg"))
        ]
        if folder != root and not names and not folders:
            yield relative  # an empty folder, which an app may need
        for name in [*names, *(each for each in folders if os.path.islink(folder + "/" + each))]:
            if not name.endswith(".pyc"):
                yield prefix + name


Snapshot = dict[str, tuple[int, int, int]]  # path -> size, time of change in ns, inode


def snapshot(root: str) -> Snapshot:
    """What is in the copy now, but for what localku and compilers keep there."""
    found: Snapshot = {}
    for path in _walk(root, ()):
        try:
            state = os.lstat(os.path.join(root, path))
        except OSError:
            continue
        if not stat.S_ISDIR(state.st_mode):
            found[path] = (state.st_size, state.st_mtime_ns, state.st_ino)
    return found


def changes(before: Snapshot, after: Snapshot) -> list[str]:
    """The paths that are new, different or gone."""
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
