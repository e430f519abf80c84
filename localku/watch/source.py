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
from localku.watch.poller import Poller

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

Seen = dict[str, bool]  # absolute path to whether it came or went; else it was only modified
MODIFIED = 2  # watchfiles.Change.modified, of which RustNotify gives the number
LOOK_STEP = 1  # ms: a look takes two steps when there is something, LOOKS + 1 when not
LOOKS = 2
LOOK_CAP = 0  # ms: two steps are enough, even when more comes in between them
MOST_PARTS = 8  # watchers, each an inotify instance (128 a user) and a thread
FIRST_PARTS = 4  # of these at first, or when all are made anew
PART_SIZE = 250  # folders of one watcher, while that makes no more than FIRST_PARTS
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

    def __init__(self, folders: list[str], *, deep: bool) -> None:
        from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

        try:
            self.notify: RustNotify = RustNotify(folders, False, False, 0, deep, False)
        except (OSError, WatchfilesRustInternalError) as error:
            if "limit reached" in str(error) or "os error 24" in str(error):
                raise OutOfWatches(str(error)) from error
            raise
        self.folders = set(folders)

    def look_into(self, seen: Seen) -> None:
        """Add the paths that changed since the last look. RuntimeError: it has broken down."""
        try:
            found = self.notify.watch(LOOK_CAP, LOOK_STEP, 0, _Looks())
        except _Nothing:
            return
        for kind, path in found if isinstance(found, set) else ():
            seen[path] = kind != MODIFIED or seen.get(path, False)


class Source:
    """Watches folders. All methods belong to the thread that sleeps at the alarm.

    recursive: watch the root as one tree; by default where that is cheaper.
    """

    def __init__(self, alarm: Alarm, *, recursive: bool | None = None) -> None:
        self.recursive = sys.platform == "darwin" if recursive is None else recursive
        self.poller: Poller | None = None
        self.alarm = alarm
        self._parts: list[_Part] = []
        self._lost: set[str] = set()
        self._kept: Seen = {}
        self._broken: RuntimeError | None = None

    def cover(self, root: str, folders: set[str]) -> bool:
        """Watch these folders (absolute) from now on. Returns whether anything was to do.

        Folders of earlier calls may go on being watched. Raises OutOfWatches, and OSError for a
        folder that is gone by now; what was watched before is still watched then.
        """
        if self.poller is not None:
            news = self.poller.cover(folders)
            self._retire(self._parts)
            self._parts = []
            return news
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
        self.alarm.hear(sorted(inotify_descriptors() - before), min(missing))
        self._retire(old)
        return True

    def _retire(self, parts: list[_Part]) -> None:
        """Close watchers, after others took over: between the two nothing is missed."""
        for part in parts:
            try:
                part.look_into(self._kept)
            except RuntimeError as error:
                self._broken = error
            part.notify.close()

    def _watchers(self, root: str, folders: set[str]) -> list[_Part]:
        made: list[_Part] = []
        try:
            if self.recursive and root in folders:
                made.append(_Part([root], deep=True))
                folders = folders - {root}
            for chunk in _chunks(sorted(folders)):
                made.append(_Part(chunk, deep=False))
        except BaseException:
            for part in made:
                part.notify.close()
            raise
        return made

    def lose(self, folder: str) -> None:
        """A folder went, or came anew: its watch, and those below it, are no longer good."""
        if self.poller is not None:
            self.poller.lose(folder)
        base = folder + "/"
        for part in self._parts:
            self._lost.update(p for p in part.folders if p == folder or p.startswith(base))

    def look(self) -> Seen:
        """The paths that changed since the last look. RuntimeError when a watcher broke down."""
        broken, self._broken = self._broken, None
        if broken is not None:
            raise broken
        seen, self._kept = self._kept, {}
        if self.poller is not None:
            seen.update(self.poller.look())
            self.alarm.interval = self.poller.interval
        for part in self._parts:
            part.look_into(seen)
        return seen

    def poll(self) -> None:
        """From now on, ask the file system at intervals instead of being told."""
        self.poller = Poller()
        self.alarm.has_signal = False
        self.alarm.interval = self.poller.interval

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
