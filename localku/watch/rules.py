"""Which process types a changed path restarts, and which manifest files changed.

Pure. The law: a manifest file (.env, Procfile, ...) restarts nothing by itself, it is named; an
ignored path counts for nobody; a type with patterns restarts when they match, as a .gitignore's
would (`**/*.py`, `web/`, `!web/static/`; only negated ones mean "all but these"); a type without
patterns restarts for every path, but for those that a running app writes itself.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec, PathSpec

from localku.errors import UserError
from localku.watch.ignores import Ignores

if TYPE_CHECKING:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    Spec = PathSpec[GitIgnoreSpecPattern]

SHOWN_PATHS = 5
# What a running app writes beside its source, and what only git reads: a type that gives no
# patterns does not restart for these, or it would restart itself in a circle.
_WRITTEN = re.compile(
    r".*\.(?:log|pid|sock|db|sqlite|sqlite3|rdb|aof|tmp|part) | dump\.rdb | nohup\.out"
    r" | \.coverage(?:\..*)? | \.git(?:ignore|attributes|modules|keep)",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Change:
    """What a batch of changed paths means. False when it means nothing.

    types: process types to restart. manifest_files: those that changed, named as they were
    given. paths: the first few that restart a type, relative to the root, for the log line.
    """

    types: frozenset[str] = frozenset()
    manifest_files: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.types or self.manifest_files)

    def __or__(self, other: Change) -> Change:
        return Change(
            self.types | other.types,
            self.manifest_files | other.manifest_files,
            tuple(sorted({*self.paths, *other.paths})[:SHOWN_PATHS]),
        )


class RuleSet:
    """The rules of one app.

    root: absolute folder. patterns: type to its patterns, None or none for all files; empty to
    follow manifest files only. manifest_files: absolute, or relative to root, perhaps outside.
    ignores: the .gitignore rules, found by the watcher's survey. spared: files that count for
    nobody, such as the one that localku's own output goes to. Raises UserError for a pattern
    that cannot be read.
    """

    def __init__(
        self,
        root: str,
        patterns: Mapping[str, Sequence[str] | None],
        manifest_files: Iterable[str] = (),
        ignores: Ignores | None = None,
        spared: Iterable[str] = (),
    ) -> None:
        self.root = posixpath.normpath(root)
        self.manifest_files = tuple(manifest_files)
        self.ignores = ignores or Ignores()
        self._specs = {name: _spec(name, given or ()) for name, given in patterns.items()}
        self.spared = frozenset(self.absolute(path) for path in spared)
        self._manifest = {self.absolute(name): name for name in self.manifest_files}

    def with_ignores(self, ignores: Ignores) -> RuleSet:
        """The same rules with other ignore rules."""
        rules = RuleSet(self.root, {}, self.manifest_files, ignores, self.spared)
        rules._specs = self._specs
        return rules

    @property
    def types(self) -> frozenset[str]:
        """The types that a changed file may restart."""
        return frozenset(self._specs)

    def absolute(self, path: str) -> str:
        """A path, perhaps relative to the root, as an absolute one without `..`."""
        return posixpath.normpath(posixpath.join(self.root, path))

    def relative(self, path: str) -> str | None:
        """A path relative to the root, "" for the root; None when it lies outside."""
        path = self.absolute(path)
        if path == self.root:
            return ""
        base = self.root.rstrip("/") + "/"
        return path.removeprefix(base) if path.startswith(base) else None

    def classify(self, paths: Iterable[str]) -> Change:
        """What changed files (absolute paths, or relative to the root) mean together."""
        types: set[str] = set()
        manifest: set[str] = set()
        causes: list[str] = []
        for path in paths:
            name = self._manifest.get(self.absolute(path))
            if name is not None:
                manifest.add(name)
                continue
            if self.absolute(path) in self.spared:
                continue
            relative = self.relative(path)
            hit = self._types_of(relative) if relative else ()
            if hit and relative:
                types.update(hit)
                causes.append(relative)
        shown = tuple(sorted(set(causes))[:SHOWN_PATHS])
        return Change(frozenset(types), frozenset(manifest), shown)

    def _types_of(self, path: str) -> list[str]:
        if not self._specs or self.ignores.is_ignored(path):
            return []
        written = _WRITTEN.fullmatch(posixpath.basename(path)) is not None
        return [
            name
            for name, spec in self._specs.items()
            if (not written if spec is None else spec.match_file(path))
        ]


def _spec(name: str, patterns: Sequence[str]) -> Spec | None:
    """The matcher of a type's patterns, None for all files.

    The last pattern that matches decides, as people read such a list: `*.py`, `!tests/` takes no
    file in tests. (In a .gitignore `!tests/` would only have the folder back.)
    """
    lines = [pattern.strip().removeprefix("./") for pattern in patterns]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        return None
    if all(line.startswith("!") for line in lines):
        lines.insert(0, "**")
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError as error:
            raise UserError(
                f"cannot read the watch pattern {line!r} of {name}",
                hint="patterns are those of a .gitignore, as **/*.py",
            ) from error
    return PathSpec(GitIgnoreSpec.from_lines(lines).patterns)
