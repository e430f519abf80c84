"""A real watcher over a real folder, for tests: what it told, with deadlines."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from localku.watch import debounce
from localku.watch.rules import Change, RuleSet
from localku.watch.watcher import Watcher

DEADLINE = 10.0  # seconds; a change takes some 30 ms, the rest is for a loaded machine
MANIFEST = (".env", "Procfile", "app.json", "localku.yml")


class Told:
    """What a watcher told, in order, and a way to wait for it."""

    def __init__(self, watcher: Watcher | None = None) -> None:
        self.changes: list[Change] = []
        self.warnings: list[str] = []
        self._news = asyncio.Event()

    def change(self, change: Change) -> None:
        self.changes.append(change)
        self._news.set()

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)
        self._news.set()

    async def until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE
        while not done():
            self._news.clear()
            left = end - time.monotonic()
            assert left > 0, f"nothing of the kind by the deadline: {self.changes} {self.warnings}"
            try:
                await asyncio.wait_for(self._news.wait(), min(left, 0.05))
            except asyncio.TimeoutError:
                continue

    async def next(self, number: int = 1) -> Change:
        """The change of this number (from 1), when it has come."""
        await self.until(lambda: len(self.changes) >= number)
        return self.changes[number - 1]

    @property
    def paths(self) -> set[str]:
        return {path for change in self.changes for path in change.paths}


def run(
    root: Path,
    scene: Callable[[Watcher, Told], Awaitable[None]],
    patterns: Mapping[str, Sequence[str] | None] | None = None,
    **options: object,
) -> Told:
    """Play a scene with a watcher that stands, and close it. Fails when a thread stays.

    hasty: tell changes as fast as if each were the first, as tests save faster than people.
    """
    given: Mapping[str, Sequence[str] | None] = {"web": None} if patterns is None else patterns
    manifest = options.pop("manifest", MANIFEST)
    quiets = debounce.BUSY_QUIETS
    debounce.BUSY_QUIETS = (0.02, 0.02) if options.pop("hasty", True) else quiets

    async def play() -> Told:
        told = Told()
        rules = RuleSet(str(root), given, manifest)  # type: ignore[arg-type]
        watcher = Watcher(rules, told.change, warn=told.warn, **options)  # type: ignore[arg-type]
        await watcher.start()
        try:
            await scene(watcher, told)
        finally:
            await watcher.close()
        return told

    before = threads()
    try:
        told = asyncio.run(play())
    finally:
        debounce.BUSY_QUIETS = quiets
    assert_no_more_threads_than(before)
    return told


def threads() -> int:
    """The threads of this process, those of libraries too, where /proc tells."""
    if os.path.isdir("/proc/self/task"):
        return len(os.listdir("/proc/self/task"))
    return threading.active_count()


def assert_no_more_threads_than(before: int) -> None:
    end = time.monotonic() + DEADLINE
    while threads() > before:
        assert time.monotonic() < end, f"{threads() - before} threads are left"
        time.sleep(0.005)


def write(path: Path, text: str = "x = 1\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
