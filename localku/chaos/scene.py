"""What one fault has to do with: its app, its wish, its chances, and the voice in the app's log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localku.chaos import course
from localku.chaos.faults import Wish, matches, usual_target
from localku.errors import UserError
from localku.logs.entry import Entry
from localku.logs.secrets import hidden
from localku.logs.words import sentence

if TYPE_CHECKING:
    from localku.dynos.runner import Runner
    from localku.dynos.supervisor import Supervisor
    from localku.manifest.settings import Settings
    from localku.platform.app import App
    from localku.platform.telemetry import Telemetry

LIVING = ("starting", "up")
DYNO = "chaos"  # who speaks in the log


@dataclass(slots=True)
class Scene:
    """settings: those that hold for the app. below: chance. note(text): what was done."""

    app: App
    wish: Wish
    settings: Settings
    telemetry: Telemetry
    below: Callable[[int], int]
    note: Callable[[str], None]

    @property
    def target(self) -> str:
        """The dyno or process type that is meant; "" for all dynos."""
        return self.wish.dyno or usual_target(self.wish.kind, self.app.commands)

    @property
    def supervisor(self) -> Supervisor:
        """Of the app's dynos. Raises UserError while there is none."""
        if self.app.supervisor is None:
            raise UserError(f"{self.app.name} has not begun")
        return self.app.supervisor

    def check_target(self) -> None:
        """UserError for a dyno or a process type that there is not, or of which nothing runs."""
        target, kind = self.target, self.wish.kind
        known = [runner.spec.name for runner in self.app.runners if not runner.leaving]
        if target and target not in known and target not in self.app.commands:
            there = f"there are {', '.join(known)}" if known else "there are no dynos"
            raise UserError(f"no such dyno or process type: {target} ({there})")
        if kind.web and target and not matches("web", target, target.rpartition(".")[0]):
            raise UserError(f"{kind.name} is about web dynos: {target} gets no requests")
        if not self._matching():
            raise UserError(f"no {target or 'dyno'} runs: scale it up first")
        if not kind.web and not self.living() and kind.name != "backing":
            states = ", ".join(f"{r.spec.name} is {r.state}" for r in self._matching())
            raise UserError(f"nothing to meet: {states}")

    def _matching(self) -> list[Runner]:
        found = [runner for runner in self.app.runners if not runner.leaving]
        return [r for r in found if matches(self.target, r.spec.name, r.spec.type)]

    def living(self) -> list[Runner]:
        """The dynos that are meant and run."""
        return [r for r in self._matching() if r.state in LIVING and r.current and r.current.pid]

    def chosen(self) -> list[Runner]:
        """Those that this act meets."""
        return course.choose(self.living(), self.below, one=self.wish.picks_one)

    def signal(self, key: int, number: int) -> None:
        """Signal a run of a dyno of ours: init knows whose processes they are."""
        self.supervisor.init.signal(key, (int(number),))


def speak(app: App, text: str) -> None:
    """A line of `heroku[chaos]`, without the app's secrets."""
    shown = sentence(hidden(text, app.config))
    app.stream.publish(Entry(time.time(), "heroku", DYNO, shown))
