"""The changed paths, from watchfiles: which folders it watches, and a look at what it has seen.

Folders are watched one by one, not recursively, so that ignored trees take no inotify watch;
where a watch of a tree costs nothing (macOS), the root is watched recursively. Three habits of
watchfiles shape this file: its constructor holds the GIL for some 50 us a folder, so a new
folder is a further, small watcher and not a new big one; told to ignore denied permissions it
ignores a full inotify table too; and when `watch` times out or is stopped it throws away what
came in that instant, so it is left by an exception instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from localku.watch.alarm import Alarm, inotify_descriptors

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

LOOK_STEP = 1  # ms: a look takes two steps when there is something, LOOKS when there is nothing
LOOKS = 2
LOOK_CAP = 50  # ms: a look at a burst ends even when more comes in
MOST_PARTS = 8  # watchers, each an inotify instance (128 a user) and a thread
FIRST_PARTS = 4  # of these at first, or when all are made anew
PART_SIZE = 250  # folders of one watcher, while that makes no more than FIRST_PARTS
POLL_DELAY = 1.0  # seconds between two rounds of polling
STEP = 0.02  # seconds between two looks where no signal tells


class OutOfWatches(Exception):
    """The kernel gives no more inotify watches or instances."""


class _Nothing(Exception):
    """Ends a look at nothing."""


class _Looks:
    """A stop event for watchfiles that counts the looks, and ends them by an exception."""

    def __init__(self) -> None:
        self.left = LOOKS

    def is_set(self) -> bool:
        self.left -= 1
        if self.left < 0:
            raise _Nothing
        return False


class _Part:
    """One watcher of watchfiles and its folders."""

    def __init__(self, folders: list[str], *, deep: bool, polling: bool) -> None:
        from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

        try:
            self.notify: RustNotify = RustNotify(
                folders, False, polling, int(POLL_DELAY * 1000), deep, False
            )
        except (OSError, WatchfilesRustInternalError) as error:
            if "limit reached" in str(error) or "os error 24" in str(error):
                raise OutOfWatches(str(error)) from error
            raise
        self.folders = set(folders)

    def look(self) -> set[str]:
        """The paths that changed since the last look. RuntimeError: it has broken down."""
        try:
            seen = self.notify.watch(LOOK_CAP, LOOK_STEP, 0, _Looks())
        except _Nothing:
            return set()
        return {path for _, path in seen} if isinstance(seen, set) else set()


class Source:
    """Watches folders. All methods belong to the thread that sleeps at the alarm.

    recursive: watch the root as one tree; by default where that is cheaper.
    """

    def __init__(self, alarm: Alarm, *, recursive: bool | None = None) -> None:
        self.recursive = sys.platform == "darwin" if recursive is None else recursive
        self.polling = False
        self.alarm = alarm
        self._parts: list[_Part] = []
        self._lost: set[str] = set()
        self._kept: set[str] = set()

    def cover(self, root: str, folders: set[str]) -> bool:
        """Watch these folders (absolute) from now on. Returns whether anything was to do.

        Folders of earlier calls may go on being watched. Raises OutOfWatches, and OSError for a
        folder that is gone by now; what was watched before is still watched then.
        """
        if self.recursive and root in folders:
            base = root.rstrip("/") + "/"
            folders = {root} | {path for path in folders if not path.startswith(base)}
        have = set().union(*(part.folders for part in self._parts)) - self._lost
        missing = folders - have
        if not missing:
            return False
        old: list[_Part] = []
        if self._parts and len(self._parts) + _count(missing) > MOST_PARTS:
            old, missing = self._parts, folders
        before = inotify_descriptors()
        new = self._watchers(root, missing)
        self._parts = [part for part in self._parts if part not in old] + new
        self._lost -= folders
        self.alarm.interval = POLL_DELAY / 2 if self.polling else STEP
        self.alarm.hear(sorted(inotify_descriptors() - before), min(missing))
        for part in old:  # closed last: between the two nothing is missed
            self._kept.update(part.look())
            part.notify.close()
        return True

    def _watchers(self, root: str, folders: set[str]) -> list[_Part]:
        made: list[_Part] = []
        try:
            if self.recursive and root in folders:
                made.append(_Part([root], deep=True, polling=self.polling))
                folders = folders - {root}
            for chunk in _chunks(sorted(folders)):
                made.append(_Part(chunk, deep=False, polling=self.polling))
        except BaseException:
            for part in made:
                part.notify.close()
            raise
        return made

    def lose(self, folder: str) -> None:
        """A folder went, or came anew: its watch, and those below it, are no longer good."""
        base = folder + "/"
        for part in self._parts:
            self._lost.update(p for p in part.folders if p == folder or p.startswith(base))

    def look(self) -> set[str]:
        """The paths that changed since the last look. RuntimeError when a watcher broke down."""
        seen, self._kept = self._kept, set()
        return seen.union(*(part.look() for part in self._parts))

    def poll(self) -> None:
        """From now on, ask the file system at intervals instead of being told."""
        self.drop()
        self.polling = True

    def drop(self) -> None:
        """Watch nothing."""
        for part in self._parts:
            part.notify.close()
        self._parts = []
        self._lost = set()


def must_poll(root: str) -> bool:
    """Whether watchfiles was told to poll, or the root is a Windows drive seen from WSL."""
    told = os.environ.get("WATCHFILES_FORCE_POLLING", "")
    if told:
        return told.lower() not in ("false", "disable", "disabled")
    return root.startswith("/mnt/") and "microsoft" in os.uname().release.lower()


def _count(folders: set[str]) -> int:
    return len(list(_chunks(sorted(folders))))


def _chunks(folders: list[str]) -> Iterable[list[str]]:
    size = max(PART_SIZE, -(-len(folders) // FIRST_PARTS))
    return (folders[i : i + size] for i in range(0, len(folders), size))
