"""What is watched, and what changed on it: the tree of the app and its manifest files.

It knows the last survey of the tree, keeps the watchers over the folders that count, and turns
the paths that they report into changes. It belongs to the watch thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from localku.watch.advice import broken, gone, out_of_watches
from localku.watch.contents import Contents
from localku.watch.ignores import Ignores
from localku.watch.rules import Change, RuleSet
from localku.watch.source import OutOfWatches, Seen, Source, must_poll
from localku.watch.survey import Survey, look_around

FLOOD = 4_000  # paths in one look: inotify's queue of 16,384 events may have spilled some
TRIES = 5  # surveys in a row, while folders come and go
PAUSE = 1.0  # seconds between two looks for a root that is gone
RULE_FILES = (".gitignore", "pyvenv.cfg")
CLOCK_STEP = 0.01  # seconds by which a file's time may lag behind the clock (a kernel tick)


class Ground:
    """One app's files. extra_files: manifest files beside those of the rules."""

    def __init__(
        self,
        rules: RuleSet,
        extra_files: Iterable[str],
        source: Source,
        warn: Callable[[str], None],
    ) -> None:
        self._extra = tuple(extra_files)
        self._warn = warn
        self._source = source
        self._rules = rules
        self._root = os.path.realpath(rules.root)
        self._contents = Contents(rules.root)
        self._survey = Survey(Ignores())
        self._looked_at = 0.0
        self._pending = Change()
        self._matters = False
        self._survey_since: float | None = None
        self._survey_due = False
        self._moved: set[str] = set()

    @property
    def is_due(self) -> bool:
        """Whether the folders are to be surveyed still, as the root is gone."""
        return self._survey_due

    def stand(self, since: float | None) -> bool:
        """Begin to watch. True: `settle` may tell what changed at `since` (s) or later."""
        if must_poll(self._root):
            self._source.poll()
        self._contents.follow(self._manifest_files(), since)
        self._looked_at = time.time()
        self._watch(since)
        self._pending = self._classify(self._survey.recent)
        return since is not None

    def stand_again(self) -> None:
        """Make the watchers anew, after one broke down. `settle` tells what changed meanwhile."""
        self._source.drop()
        self._survey_anew(self._looked_at - CLOCK_STEP, set())

    def follow(self, rules: RuleSet) -> bool:
        """Go on with these rules. What they no longer ignore has not changed by that.

        True: `settle` has something to tell.
        """
        self._rules = rules
        self._contents.follow(self._manifest_files())
        if not self._survey_due:
            self._survey_anew(None, set())
        return bool(self._pending)

    def drop(self) -> None:
        """Watch nothing any more."""
        self._source.drop()

    def look(self) -> Seen:
        """The paths that changed since the last look. RuntimeError: a watcher broke down."""
        paths = self._source.look()
        if len(paths) >= FLOOD:
            self._survey_due = True
            self._survey_since = self._looked_at - CLOCK_STEP
        self._looked_at = time.time()
        return paths

    def take(self, seen: Seen) -> int:
        """Take in changed paths. Returns how many, 0 when `settle` has nothing to tell of them."""
        self._matters = len(seen) >= FLOOD
        files = [self._sort(path, moved) for path, moved in seen.items()]
        change = self._classify(path for path in files if path)
        self._pending |= change
        return len(seen) if self._matters or change else 0

    def git_at_work(self) -> tuple[int, int] | None:
        """What tells that git is changing the files: its lock, None without one."""
        if not self._survey.git:
            return None
        try:
            lock = os.stat(os.path.join(self._survey.git, "index.lock"))
        except OSError:
            return None
        return lock.st_ino, lock.st_mtime_ns

    def settle(self) -> Change:
        """All that changed since the last call, now that the files are at rest."""
        if self._survey_due:
            since, moved = self._survey_since, self._moved
            self._survey_due, self._moved, self._survey_since = False, set(), None
            self._survey_anew(since, moved)
        change, self._pending = self._pending, Change()
        return change | Change(manifest_files=self._contents.changed())

    def _survey_anew(self, since: float | None, moved: set[str]) -> None:
        """Survey and watch the tree as it is now; what is another than before is pending."""
        before = self._survey
        self._patiently_watch(since)
        paths = {*self._survey.recent, *self._survey.files_moved(before, moved)}
        paths.update(filter(self._exists, self._survey.files_new_since(before)))
        paths.update(p for p in before.files_new_since(self._survey) if not self._exists(p))
        self._pending |= self._classify(paths)

    def _exists(self, path: str) -> bool:
        return os.path.lexists(os.path.join(self._root, path))

    def _sort(self, path: str, moved: bool) -> str | None:
        """A path that is a file of the app, relative to the root; else None, and what is due.

        moved: it came or went. A folder that was only modified (its mode, its time) is nothing.
        """
        if self._contents.names(path):
            self._matters = True
            return None
        relative = self._relative(path)
        if relative is None or not self._rules.types:
            if moved and self._contents.leads_to(path):
                self._folder_moved(path, relative)
            return None
        if relative in self._survey.folders:
            if moved:
                self._folder_moved(path, relative)
            return None
        if os.path.isdir(path) and not os.path.islink(path):
            ignored = self._survey.ignores.is_ignored(relative, folder=True)
            if moved and (not ignored or self._contents.leads_to(path)):
                self._folder_moved(path, relative)
            return None
        if os.path.basename(path) in RULE_FILES:
            self._matters = self._survey_due = True
        return relative if self._survey.is_news(relative, os.path.lexists(path)) else None

    def _folder_moved(self, path: str, relative: str | None) -> None:
        self._matters = self._survey_due = True
        self._source.lose(path)
        if relative is not None:
            self._moved.add(relative)

    def _classify(self, paths: Iterable[str]) -> Change:
        return self._rules.with_ignores(self._survey.ignores).classify(paths)

    def _relative(self, path: str) -> str | None:
        if path == self._root:
            return ""
        base = self._root.rstrip("/") + "/"
        return path.removeprefix(base) if path.startswith(base) else None

    def _manifest_files(self) -> list[str]:
        return list(dict.fromkeys((*self._rules.manifest_files, *self._extra)))

    def _patiently_watch(self, since: float | None) -> None:
        """Watch the tree as it is now; when that fails, as the root is gone, until it works."""
        told = False
        while True:
            try:
                self._watch(since)
                return
            except OSError as error:
                problem = error
            if not told:
                told = True
                there = os.path.isdir(self._root) and os.access(self._root, os.R_OK | os.X_OK)
                self._warn(broken(str(problem)) if there else gone(self._root))
                self._source.drop()
            if self._source.alarm.pause(PAUSE):  # somebody rang: to be gone on with after that
                self._survey_due = True
                self._moved.add("")
                return

    def _watch(self, since: float | None) -> None:
        """Survey and watch, until a survey shows that all that it saw was watched before it."""
        problem: OSError | None = None
        for _ in range(TRIES):
            self._survey = self._look_around(since)
            folders = {os.path.join(self._root, path) for path in self._survey.folders}
            folders = {path.rstrip("/") or "/" for path in folders} | self._contents.folders()
            try:
                if not self._source.cover(self._root, folders):
                    return
            except OutOfWatches as error:
                self._warn(out_of_watches(str(error), len(folders), self._survey.file_count))
                self._source.poll()
            except OSError as error:  # a folder went away since the survey: look again
                problem = error
        if problem is not None:
            raise problem

    def _look_around(self, since: float | None) -> Survey:
        if self._rules.types:
            return look_around(self._root, since)
        return Survey(Ignores())
