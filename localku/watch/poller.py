"""Changed paths by asking: the times of all files, again and again.

For a system that has no more inotify watches, and for folders of another machine. watchfiles
can poll too, but compares whole seconds: of two saves in one second it loses the second.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator

INTERVAL = 1.0  # seconds between two rounds
SHARE = 0.05  # of one processor, which long rounds take at the most

State = tuple[int, ...]


class Poller:
    """Remembers what it saw in each folder (absolute paths)."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, State]] = {}
        self.interval = INTERVAL

    def cover(self, folders: set[str]) -> bool:
        """Ask about these folders and no others. Returns whether there was a new one."""
        new = folders - self._seen.keys()
        kept = {folder: self._seen[folder] for folder in folders - new}
        self._seen = kept | {folder: _states(folder) for folder in new}
        return bool(new)

    def lose(self, folder: str) -> None:
        """A folder went, or came anew: what was seen in it and below is forgotten."""
        base = folder + "/"
        self._seen = {f: s for f, s in self._seen.items() if f != folder and not f.startswith(base)}

    def look(self) -> dict[str, bool]:
        """The paths that changed since the last look, to whether they came or went."""
        began = time.monotonic()
        changed: dict[str, bool] = {}
        for folder, before in self._seen.items():
            now = _states(folder)
            if now != before:
                self._seen[folder] = now
                changed.update(_differences(folder, before, now))
        self.interval = max(INTERVAL, (time.monotonic() - began) / SHARE)
        return changed


def _differences(
    folder: str, before: dict[str, State], now: dict[str, State]
) -> Iterator[tuple[str, bool]]:
    for name in {name for name, _ in now.items() ^ before.items()}:
        old, new = before.get(name, ()), now.get(name, ())
        yield os.path.join(folder, name) if name else folder, len(old) != len(new) or len(new) == 1


def _states(folder: str) -> dict[str, State]:
    """What would be another after a change of each name in a folder; "" stands for itself."""
    states: dict[str, State] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                states[entry.name] = _state(entry)
    except OSError as error:
        return {"": (error.errno or 0,)}
    return states


def _state(entry: os.DirEntry[str]) -> State:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:  # it went away since it was listed
        return (error.errno or 0,)
    if stat.S_ISDIR(status.st_mode):
        return (status.st_ino,)  # what happens inside it is not its own change
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
