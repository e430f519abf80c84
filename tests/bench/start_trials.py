"""The five trials of start_bench.py. Each runs managers on a stage and gives back samples."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import peers
import start_proc
from start_stage import App, Stage

SETTLE = 2.0  # seconds from the last dyno's word until a manager counts as idle
PACE = 1.5  # seconds from one save to the next, at least: faster than that no person saves
SAMPLE = 6.0  # seconds of idling that are counted
ORDINARY_ENV = """\
# what a small web app has
DATABASE_URL=postgres://app:s3cret@localhost:5432/app_development?sslmode=disable
REDIS_URL=redis://localhost:6379/0
SECRET_KEY_BASE="0f2d6f5b4c2a49cfa9d6a7c0d37f3c6e"

RAILS_ENV=development
DEBUG=true
WEB_CONCURRENCY=2
MAIL_FROM='Ada Lovelace <ada@example.com>'
SMTP_HOST=localhost
LOG_LEVEL=info
GREETING=hello
"""
TWO = App(("web", "worker"))
SLEEPERS = App(("one", "two"))  # no `web`: one that never binds its port would be a failed boot
TEN = App(tuple(f"type{number}" for number in range(1, 11)))
FIFTY = App(tuple(f"type{number}" for number in range(1, 51)))

Say = Callable[[str], None]


@dataclass
class Setup:
    """What all trials share. runs: rounds of localku and honcho; others take part in a third."""

    managers: list[peers.Manager]
    home: str
    runs: int
    say: Say
    failures: list[str] = field(default_factory=list)

    def rounds(self) -> Iterator[peers.Manager]:
        """Every manager in turn, another one first in each round: load of the machine hits all."""
        for number in range(self.runs):
            shift = number % len(self.managers)
            for manager in self.managers[shift:] + self.managers[:shift]:
                if manager.name in ("localku", "honcho") or number % 3 == 0:
                    yield manager

    def failed(self, what: str, manager: str, error: Exception) -> None:
        """Note a run that gave no figure; the table says so."""
        self.failures.append(f"{what}, {manager}: {str(error).strip()}")
        self.say(f"{what}: {manager} FAILED: {str(error).strip().splitlines()[0]}")


Samples = dict[str, dict[str, list[float]]]  # manager -> figure -> one number a run


def start_trial(setup: Setup) -> dict[str, Samples]:
    """Milliseconds from the command to the word of the first dyno and of the last one."""
    cases = {
        "2 types": (TWO, False),
        ".env": (App(TWO.names, ORDINARY_ENV, ":$GREETING"), False),
        "10 types": (TEN, False),
        "terminal": (TWO, True),
    }
    found: dict[str, Samples] = {}
    for case, (app, terminal) in cases.items():
        samples = found[case] = {}
        for manager in setup.rounds():
            try:
                with Stage(manager, app, home=setup.home, terminal=terminal) as stage:
                    words = stage.said(len(app.names))
                    check_words(words, app)
                    own = samples.setdefault(manager.name, {"first": [], "last": []})
                    own["first"].append((words[0][0] - stage.began) * 1000)
                    own["last"].append((words[-1][0] - stage.began) * 1000)
                    time.sleep(0.2)  # honcho misses a signal that comes with its first message
            except RuntimeError as error:
                setup.failed(f"start, {case}", manager.name, error)
        setup.say(f"start: {case} done")
    return found


def check_words(words: list[tuple[float, str]], app: App) -> None:
    """RuntimeError unless each dyno said its word once, with what .env gives it."""
    value = ":hello" if app.suffix else ""
    wanted = sorted(name + value for name in app.names)
    if sorted(word for _, word in words) != wanted:
        raise RuntimeError(f"the dynos said {sorted(word for _, word in words)}")


@dataclass(frozen=True)
class Variant:
    """A way to run a manager. more: arguments. command: run once the dynos are there."""

    label: str
    manager: peers.Manager
    more: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def variants(managers: list[peers.Manager]) -> list[Variant]:
    """Every manager as started; localku also with a file watch, and after its API was used."""
    found = []
    for manager in managers:
        found.append(Variant(manager.name, manager))
        if manager.name == "localku":
            found.append(Variant("localku --watch", manager, ("--watch",)))
            after = (manager.path, "ps")
            found.append(Variant("localku, after `localku ps`", manager, command=after))
    return found


def settled(stage: Stage, variant: Variant) -> None:
    """Wait for the dynos, do what the variant does, and let the manager come to rest."""
    stage.said(len(stage.app.names))
    if variant.command:
        time.sleep(SETTLE / 2)
        subprocess.run(
            variant.command, cwd=stage.folder, env=stage.env, check=True, capture_output=True
        )
    time.sleep(SETTLE)


def idle_trial(setup: Setup) -> Samples:
    """Wake-ups a second and CPU in percent of manager and helpers, while two dynos sleep."""
    samples: Samples = {}
    for variant in variants(setup.managers):
        try:
            with Stage(variant.manager, SLEEPERS, home=setup.home, more=variant.more) as stage:
                settled(stage, variant)
                samples[variant.label] = idle(stage)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            setup.failed("idle", variant.label, error)
    setup.say("idle done")
    return samples


def idle(stage: Stage) -> dict[str, list[float]]:
    """The difference between two looks at the same processes. RuntimeError if they changed."""
    group = stage.helpers()
    before, began = start_proc.usage(group), time.monotonic()
    time.sleep(SAMPLE)
    after, seconds = start_proc.usage(group), time.monotonic() - began
    if sorted(stage.helpers()) != sorted(group):
        raise RuntimeError("processes came or went while the manager was idle")
    return {
        "wake-ups/s": [(after.switches - before.switches) / seconds],
        "CPU %": [(after.cpu - before.cpu) / seconds * 100],
        "processes": [float(len(group))],
    }


def memory_trial(setup: Setup) -> Samples:
    """Megabytes of manager and helpers with ten dynos. One manager at a time: they share pages."""
    samples: Samples = {}
    for variant in variants(setup.managers):
        try:
            with Stage(variant.manager, TEN, home=setup.home, more=variant.more) as stage:
                settled(stage, variant)
                found = start_proc.memory(stage.helpers())
                samples[variant.label] = {
                    "PSS": [found.pss],
                    "alone": [found.alone],
                    "processes": [float(found.processes)],
                }
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            setup.failed("memory", variant.label, error)
    setup.say("memory done")
    return samples


def scale_trial(setup: Setup) -> Samples:
    """Seconds until 50 dynos run, and from SIGTERM until nothing of them is left."""
    samples: Samples = {}
    for _ in range(max(1, setup.runs // 5)):
        for manager in setup.managers:
            try:
                with Stage(manager, FIFTY, home=setup.home) as stage:
                    words = stage.said(len(FIFTY.names))
                    check_words(words, FIFTY)
                    time.sleep(0.5)
                    ended = stage.stop()
            except RuntimeError as error:
                setup.failed("scale", manager.name, error)
                continue
            own = samples.setdefault(manager.name, {"start": [], "stop": [], "left": []})
            own["start"].append(words[-1][0] - stage.began)
            own["stop"].append(ended.seconds)
            own["left"].append(float(ended.left))
    setup.say("scale done")
    return samples


def watch_trial(setup: Setup, saves: int) -> Samples:
    """Milliseconds from saving a file to the word of the process that replaces the old one."""
    samples: Samples = {}
    for label, manager, more, command in watchers(setup.managers):
        try:
            app = App(("app",))
            with Stage(manager, app, home=setup.home, more=more, command=command) as stage:
                stage.said(1)
                time.sleep(SETTLE)
                samples[label] = {"save": [save(stage, number) for number in range(saves)]}
        except RuntimeError as error:
            setup.failed("watch", label, error)
    setup.say("watch done")
    return samples


@dataclass(frozen=True)
class Wrapped:
    """A watcher that runs one command. words: its own; line: how it takes a line of shell."""

    words: tuple[str, ...]
    line: Callable[[str], list[str]]

    def __call__(self, line: str) -> list[str]:
        return [*self.words, *self.line(line)]


def watchers(
    managers: list[peers.Manager],
) -> Iterator[tuple[str, peers.Manager, tuple[str, ...], Wrapped | None]]:
    """localku --watch; nodemon and watchfiles' own command where they are installed."""
    for manager in managers:
        if manager.name != "localku":
            continue
        yield "localku --watch", manager, ("--watch",), None
        nodemon, watchfiles = peers.find("nodemon"), peers.find("watchfiles")
        if nodemon:
            words = (nodemon, "-q", "-w", ".", "-e", "py", "--signal", "SIGTERM")
            yield "nodemon", manager, (), Wrapped(words, lambda line: ["-x", line])
        if watchfiles:
            shell = Wrapped((watchfiles,), lambda line: [shlex.join(["sh", "-c", line]), "."])
            yield "watchfiles", manager, (), shell


def save(stage: Stage, number: int) -> float:
    """Save a file, half of the times as editors do that rename a copy; ms to the next word."""
    path = f"{stage.folder}/app.py"
    draft = f"{stage.folder}/../app.py" if number % 2 else path
    began = time.monotonic()
    with open(draft, "w") as file:
        file.write(f"# {number}\n" * 50)
    if draft != path:
        os.rename(draft, path)
    ((when, _),) = stage.said(1)
    if not stage.is_silent(PACE + 0.05 * (number % 7)):
        raise RuntimeError("one save restarted the process twice")
    return (when - began) * 1000
