"""The relays between the router and the dynos of one app, there only while a fault wants them.

The law: the router is told another address, in the table that it reads anyway, and does nothing
else than before; a dyno that restarts meanwhile is behind a relay of its own again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from localku.chaos.relay import HERE, Fate, Relay, Trouble
from localku.chaos.scene import speak

if TYPE_CHECKING:
    from localku.dynos.runner import Run, Runner
    from localku.platform.app import App

Meets = Callable[["Runner"], bool]


class Combined(Trouble):
    """All troubles that meet a dyno now: their delays add up, the worst fate counts."""

    def __init__(self, troubles: Callable[[], list[Trouble]]) -> None:
        self._troubles = troubles

    def delay(self) -> float:
        """Seconds."""
        return sum(each.delay() for each in self._troubles())

    def fate(self, *, fresh: bool) -> Fate:
        """fresh: the first answer on its connection."""
        fates = [each.fate(fresh=fresh) for each in self._troubles()]
        return next((each for each in fates if each is not Fate.KEPT), Fate.KEPT)


class Detours:
    """add and remove say which dynos have what trouble, from the next request on."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._troubles: dict[Trouble, Meets] = {}
        self._relays: dict[int, Relay] = {}  # by the key of a run
        self._straight = False  # there was none to be had for a run

    def add(self, trouble: Trouble, meets: Meets) -> None:
        """Dynos that it meets have this trouble."""
        self._troubles[trouble] = meets
        self._app.bent.detour = self._address
        self._app.on_change()

    def remove(self, trouble: Trouble) -> None:
        """They have it no more; connections that are open go on without it."""
        if self._troubles.pop(trouble, None) is None:
            return
        for relay in self._relays.values():
            relay.release()
        if not self._troubles:
            self._app.bent.detour = None
            for key in list(self._relays):
                self._leave(key)
        self._app.on_change()

    def _address(self, runner: Runner, run: Run) -> tuple[str, int]:
        if not self._meeting(runner):
            self._leave(run.key)
            return run.host, run.port
        relay = self._relays.get(run.key)
        if relay is None:
            self._sweep()
            trouble = Combined(lambda: self._meeting(runner))
            try:
                relay = Relay((run.host, run.port), trouble)
            except OSError as error:  # out of descriptors: the table of all dynos must not break
                self._go_straight(runner, error)
                return run.host, run.port
            self._relays[run.key] = relay
            self._straight = False
        return HERE, relay.port

    def _go_straight(self, runner: Runner, error: OSError) -> None:
        if not self._straight:  # the table is built again and again: once is enough
            self._straight = True
            why = error.strerror or type(error).__name__
            speak(self._app, f"Chaos: no relay for {runner.spec.name}, it is met straight: {why}")

    def _meeting(self, runner: Runner) -> list[Trouble]:
        return [trouble for trouble, meets in self._troubles.items() if meets(runner)]

    def _sweep(self) -> None:
        """Close the relays of runs that are no more."""
        runners = self._app.supervisor.serving if self._app.supervisor is not None else []
        living = {runner.current.key for runner in runners if runner.current is not None}
        for key in self._relays.keys() - living:
            self._leave(key)

    def _leave(self, key: int) -> None:
        relay = self._relays.pop(key, None)
        if relay is not None:
            # the router learns of it in its next turn: until then it must find somebody
            asyncio.get_running_loop().call_later(LINGER, relay.close)


LINGER = 0.5  # seconds
