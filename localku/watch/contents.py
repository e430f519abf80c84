"""What the manifest files hold, as digests: a save that changes no byte is no change.

It reads these few files and nothing else. A file that is missing, or cannot be read, has a
digest of its own, so deleting and making one are changes; a pipe or a device is never read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable

NANO = 1_000_000_000


class Contents:
    """The manifest files of one app. root: absolute; names: absolute, or relative to root."""

    def __init__(self, root: str, names: Iterable[str] = (), since: float | None = None) -> None:
        self._root = root
        self._digests: dict[str, bytes] = {}
        self._places: dict[str, str] = {}
        self._unread: set[str] = set()
        self.follow(names, since)

    def follow(self, names: Iterable[str], since: float | None = None) -> None:
        """Follow these files from now on. Those followed before keep their digest.

        since: seconds since the epoch; a new one that was changed later counts as changed.
        """
        known = self._digests
        self._digests = {}
        for name in dict.fromkeys(names):
            path = os.path.join(self._root, name)
            self._digests[name] = known[name] if name in known else _digest(path)
            if name not in known and since is not None and _ctime(path) >= since * NANO:
                self._unread.add(name)
        self._unread &= self._digests.keys()
        self.locate()

    def locate(self) -> None:
        """Find out anew where the files really are, past symbolic links."""
        self._places = {}
        for name in self._digests:
            path = os.path.normpath(os.path.join(self._root, name))
            folder, last = os.path.split(path)
            self._places[os.path.join(os.path.realpath(folder), last)] = name
            self._places[os.path.realpath(path)] = name

    def names(self, path: str) -> bool:
        """Whether an absolute path is one of the files, or what it is a link to."""
        return path in self._places

    def leads_to(self, path: str) -> bool:
        """Whether an absolute path is a folder on the way to one of the files."""
        return any(place.startswith(path + os.sep) for place in self._places)

    def folders(self) -> set[str]:
        """The folders to watch: those of the files, or the nearest that exists."""
        return {_existing(os.path.dirname(place)) for place in self._places}

    def changed(self) -> frozenset[str]:
        """The files, as named, whose bytes are not those of the last call."""
        changed = self._unread
        self._unread = set()
        for name, before in self._digests.items():
            now = _digest(os.path.join(self._root, name))
            if now != before:
                self._digests[name] = now
                changed.add(name)
        if changed:
            self.locate()
        return frozenset(changed)


def _digest(path: str) -> bytes:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return f"not a file {status.st_ino}".encode()
        with open(path, "rb") as file:
            return hashlib.blake2b(file.read(), digest_size=16).digest()
    except OSError as error:
        return f"errno {error.errno}".encode()


def _ctime(path: str) -> int:
    try:
        return os.stat(path).st_ctime_ns
    except OSError:
        return 0


def _existing(folder: str) -> str:
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder
