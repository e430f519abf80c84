"""One init process for the dynos of several apps: who is told what, and who has which port.

Each run of a dyno has a key that nobody else has; its events go to the supervisor that took it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Protocol

from localku.dynos.census import STRAY
from localku.dynos.ports import PortBook
from localku.dynos.process import InitClient


class Owner(Protocol):
    """Who has runs: a supervisor."""

    def event(self, message: tuple[object, ...]) -> None:
        """Something happened to a run of its own; see wire."""


class InitHub:
    """Between the init process and its supervisors. on_lost(why): the init process is gone."""

    def __init__(self, init: InitClient) -> None:
        self.init = init
        self.ports = PortBook()
        self._keys = itertools.count(1)
        self._owners: dict[int, Owner] = {}
        self._on_lost: Callable[[str], None] = lambda _: None

    def attach(self, loop: asyncio.AbstractEventLoop, on_lost: Callable[[str], None]) -> None:
        """Deliver events from `loop`; what happened before it was there comes first."""
        self._on_lost = on_lost
        self.init.attach(loop, self._event)

    def next_key(self, owner: Owner) -> int:
        """A key for a new run of that owner."""
        key = next(self._keys)
        self._owners[key] = owner
        return key

    def forget(self, key: int) -> None:
        """The run with that key is gone."""
        self._owners.pop(key, None)

    def signal_strays(self, numbers: tuple[int, ...]) -> None:
        """Signal what belongs to no dyno: daemons that cannot be traced back to one."""
        self.init.signal(STRAY, numbers)

    def _event(self, message: tuple[object, ...]) -> None:
        if message[0] in ("lost", "trouble"):
            self._on_lost(str(message[1]) if len(message) > 1 else "it was killed")
            return
        owner = self._owners.get(message[1])  # type: ignore[call-overload]
        if owner is not None:
            owner.event(message)
