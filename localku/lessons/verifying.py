"""`localku learn verify` and `watch`: the learner's app is found, or started, and judged."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import IO

from localku.cli.client import Client, as_list, say
from localku.errors import UserError
from localku.lessons import pages
from localku.lessons.lesson import Lesson
from localku.lessons.paper import DIM, YELLOW, Paper, show
from localku.lessons.place import Place
from localku.lessons.verdict import Verdict, app_in, judge, other_running

START = "import sys; from localku.cli.entry import main; sys.exit(main())"
BOOT = 20.0  # seconds until `localku start` has announced itself
STOP = 15.0  # seconds from SIGTERM until it has ended
TAIL = 10  # lines of the log that are shown when something is wrong
POLL = 0.2  # seconds between looks whether the app runs, and what of it
CALM = 0.4  # seconds after a file was saved: editors save in several steps
TAKEN_UP = 0.6  # seconds until localku has begun to restart what a saved file belongs to
QUIET = 1.0  # seconds after a check in which what it changed comes back


class Verifying:
    """One lesson of a course folder. here: where the learner types."""

    def __init__(self, paper: Paper, place: Place, lesson: Lesson, here: str) -> None:
        self.paper = paper
        self.place = place
        self.lesson = lesson
        self.here = here
        self.folder = place.folder(lesson)

    def once(self, *, start: bool, as_json: bool) -> int:
        """Judge the app that runs; start: or one that is started for it. Returns the exit status.
        Raises UserError."""
        client = app_in(self.folder)
        if client is not None:
            return self._told(self._judged(client, as_json), as_json)
        if not start:
            return self._absent(as_json)
        if not as_json:
            where = pages.shown_path(self.folder, self.here)
            show([self.paper.ink(DIM, f"Starting it for the time of the check: {where}")])
        with started(self.folder) as (client, log):
            verdict = self._judged(client, as_json)
            if not verdict.passed and not as_json:
                show([self.paper.ink(DIM, "What the app said last:"), *tail(log)])
        return self._told(verdict, as_json)

    def _absent(self, as_json: bool) -> int:
        """Say how it is started."""
        what = f"the app of lesson {self.lesson.number} does not run"
        if as_json:
            return self._told(Verdict(wrong=what, look="localku start"), True)
        plain = Paper(self.paper.width, colored=False, utf8=False)
        for line in [
            f"localku: {what}",
            *pages.missing(plain, self.lesson, self.folder, other_running(self.place, self.lesson)),
        ]:
            say(line)
        say("Or `localku learn verify --start` runs it for the time of the check.")
        return 1

    def _judged(self, client: Client, silent: bool) -> Verdict:
        def saw(text: str) -> None:
            if not silent:
                show(pages.seen(self.paper, text))

        if not silent:
            show(pages.head(self.paper, self.place, self.lesson)[:1])
        return asyncio.run(judge(self.lesson, client, self.folder, saw))

    def _told(self, verdict: Verdict, as_json: bool) -> int:
        """Say it and write it down."""
        if verdict.passed and not self.place.is_done(self.lesson):
            now = datetime.now(timezone.utc)
            self.place.progress.done[self.lesson.folder] = now.isoformat(timespec="seconds")
            self.place.progress.current = self.lesson.folder
            self.place.save()
        if as_json:
            import json

            told = {"lesson": self.lesson.folder, "done": verdict.passed, "saw": verdict.saw}
            show([json.dumps({**told, "wrong": verdict.wrong, "look": verdict.look}, indent=2)])
        elif verdict.passed:
            show(pages.praise(self.paper, self.place, self.lesson))
        else:
            show(pages.still(self.paper, verdict))
            show(["", self.paper.codes("Not yet. Stuck? `localku learn hint`")])
        return 0 if verdict.passed else 1

    # -- watch -----------------------------------------------------------------------------------

    def watch(self) -> int:
        """Judge it again whenever files are saved or the app restarted, until it is right."""
        from watchfiles import watch

        show([self.paper.ink(DIM, "Verifies again when you save a file. Ctrl-C ends it.")])
        absent, seen = False, None
        changes = watch(self.folder, watch_filter=_is_work, rust_timeout=int(POLL * 1000),
                        yield_on_timeout=True, debounce=int(CALM * 1000),
                        raise_interrupt=True)  # fmt: skip
        for changed in changes:
            client = app_in(self.folder)
            if client is None:
                if not absent:
                    show(
                        pages.missing(
                            self.paper,
                            self.lesson,
                            self.folder,
                            other_running(self.place, self.lesson),
                        )
                    )
                absent, seen = True, None
                continue
            absent = False
            if not changed and seen is not None and self._runs(client) in ("", seen):
                continue
            if changed:
                time.sleep(TAKEN_UP)
            clock = time.strftime("%H:%M:%S")
            show(["", self.paper.ink(YELLOW, f"--- {clock} {'-' * (self.paper.width - 14)}")])
            try:
                if self._told(self._judged(client, False), False) == 0:
                    return 0
            except UserError as error:
                show([str(error)])
            time.sleep(QUIET)
            seen = self._runs(client)
        return 1

    def _runs(self, client: Client) -> str:
        """Which runs of dynos there are: others than before after a restart. "" while not all are
        up: an app that crashes again and again has nothing new to show."""
        try:
            dynos = as_list(client.get(client.at("dynos")))
        except UserError:
            return ""
        own = [each for each in dynos if each["type"] != "run"]
        is_up = all(each["state"] == "up" for each in own)
        return " ".join(sorted(str(each["id"]) for each in own)) if is_up else ""


def _is_work(change: object, path: str) -> bool:
    """Whether a saved file is the learner's."""
    parts = path.split(os.sep)
    return not {".localku", "__pycache__", ".git"} & set(parts) and not path.endswith(
        (".db", ".log", ".pid", "~", ".swp", ".pyc")
    )


@contextmanager
def started(folder: str) -> Iterator[tuple[Client, IO[bytes]]]:
    """`localku start` in that folder, and the file with what it says. Raises UserError with its own
    words when it does not start."""
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-c", START, "start", "--root", folder, "-p", "0"]
        known = {each: signal.signal(each, _leave) for each in (signal.SIGTERM, signal.SIGHUP)}
        process = subprocess.Popen(
            [*command, "--no-color"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield _announced(process, folder, log), log
        finally:
            _end(process)
            for number, handler in known.items():
                signal.signal(number, handler)


def _leave(number: int, frame: object) -> None:
    """End as a signal asks, but not without the app that was started."""
    sys.exit(128 + number)


def _announced(process: subprocess.Popen[bytes], folder: str, log: IO[bytes]) -> Client:
    deadline = time.monotonic() + BOOT
    while process.poll() is None and time.monotonic() < deadline:
        client = app_in(folder)
        if client is not None and client.pid == str(process.pid):
            return client
        time.sleep(0.05)
    said = [line.removeprefix("localku: ") for line in tail(log)]
    how = "did not start" if process.poll() is not None else f"did not start in {BOOT:g} s"
    raise UserError("\n".join([f"the app {how}", *said]))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tail(log: IO[bytes]) -> list[str]:
    """The last lines of a file that another process writes."""
    size = os.fstat(log.fileno()).st_size
    text = os.pread(log.fileno(), 64 << 10, max(0, size - (64 << 10)))
    return text.decode("utf-8", "replace").splitlines()[-TAIL:]
