"""The file watch of one app, for the event loop: start, refresh, close, and one callback.

It owns one thread (`localku-watch`), which imports watchfiles and does all the rest, so that
dynos, router and logs go on meanwhile. While no file changes the thread sleeps: it takes no
wake-ups on Linux.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from localku.watch.advice import ended
from localku.watch.alarm import Alarm
from localku.watch.debounce import Debounce
from localku.watch.ground import Ground
from localku.watch.lookout import Lookout, Voice
from localku.watch.rules import Change, RuleSet
from localku.watch.source import STEP, Source

_T = TypeVar("_T")

QUIET = 0.02  # seconds without a change before a first one is told


class Watcher:
    """Watches the files that `rules` speak of, and tells `on_change` in the event loop.

    rules: a RuleSet, or what makes one; it is asked at `start` and at each `refresh`, in the
    loop. A RuleSet without types watches manifest files only. extra_files: further manifest
    files. debounce: seconds without a change before a first one is told. since: when the app's
    files were read, in seconds since the epoch: what changed later, but before the watch stood,
    is told too (the file system's clock is believed; deleted files are not noticed by this).
    warn: takes a sentence for the log, in the loop.
    """

    def __init__(
        self,
        rules: RuleSet | Callable[[], RuleSet],
        on_change: Callable[[Change], None],
        *,
        extra_files: Iterable[str] = (),
        debounce: float = QUIET,
        since: float | None = None,
        warn: Callable[[str], None] = lambda sentence: None,
        recursive: bool | None = None,
    ) -> None:
        self._rules = rules
        self._on_change = on_change
        self._extra_files = tuple(extra_files)
        self._quiet = debounce
        self._since = since
        self._warn = warn
        self._recursive = recursive
        self._thread: threading.Thread | None = None
        self._lookout: Lookout | None = None
        self._closed = False

    async def start(self) -> None:
        """Return when the watch stands. Raises OSError when the root cannot be read."""
        self._loop = asyncio.get_running_loop()
        self._standing = self._loop.create_future()
        self._ended = self._loop.create_future()
        voice = Voice(self._poster(self._tell), self._poster(self._say))
        alarm = Alarm(STEP)
        source = Source(alarm, recursive=self._recursive)
        ground = Ground(self._current_rules(), self._extra_files, source, voice.warn)
        self._lookout = Lookout(ground, Debounce(self._quiet), alarm, voice)
        work = (self._lookout, ground, alarm)
        self._thread = threading.Thread(
            target=self._run, args=work, name="localku-watch", daemon=True
        )
        self._thread.start()
        await asyncio.shield(self._standing)

    def refresh(self) -> None:
        """Ask for the rules again, after a reload. Nothing is told for what they now include."""
        if self._lookout is not None:
            self._lookout.follow(self._current_rules())

    async def close(self) -> None:
        """End the watch and its thread; on_change is not called any more."""
        self._closed = True
        if self._thread is None or self._lookout is None:
            return
        self._lookout.end()
        await asyncio.shield(self._ended)
        self._thread.join()
        self._thread = None

    def _current_rules(self) -> RuleSet:
        return self._rules if isinstance(self._rules, RuleSet) else self._rules()

    # -- called in the loop, for the thread ------------------------------------------------------

    def _tell(self, change: Change) -> None:
        if not self._closed:
            self._on_change(change)

    def _say(self, sentence: str) -> None:
        if not self._closed:
            self._warn(sentence)

    def _stands(self) -> None:
        if not self._standing.done():
            self._standing.set_result(None)

    def _over(self, error: BaseException | None) -> None:
        self._ended.set_result(None)
        if not self._standing.done() and error is not None:
            self._standing.set_exception(error)
        elif error is not None:
            self._say(ended(error))
            self._loop.call_exception_handler({"message": "file watch", "exception": error})
        else:
            self._stands()

    # -- in the thread ---------------------------------------------------------------------------

    def _run(self, lookout: Lookout, ground: Ground, alarm: Alarm) -> None:
        error: BaseException | None = None
        try:
            alarm.bind()
            lookout.stand(self._since)
            self._post(self._stands)
            lookout.run()
        except BaseException as problem:  # it goes to the loop, there is nobody else here
            error = problem
        finally:
            ground.drop()
            alarm.release()
        self._post(self._over, error)

    def _poster(self, function: Callable[[_T], None]) -> Callable[[_T], None]:
        return lambda value: self._post(function, value)

    def _post(self, function: Callable[..., None], *values: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *values)
        except RuntimeError:  # the loop was closed before the watch: nobody listens
            if self._lookout is not None:
                self._lookout.end()
