"""All faults of a platform: they begin, live and end here, whoever asked for them.

The law: a fault belongs to the platform, not to the client that asked: it has its own end. However
it ends (its time, an order, the app or the platform that goes), its deed is undone first.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from localku.chaos.backing import Backing
from localku.chaos.boot import Boot
from localku.chaos.deed import Deed
from localku.chaos.detours import Detours
from localku.chaos.faults import Wish
from localku.chaos.lost import Lost
from localku.chaos.memory import Memory
from localku.chaos.network import Cut, Slow
from localku.chaos.scene import Scene, speak
from localku.chaos.signals import Cycle, Freeze, Kill, Term
from localku.chaos.words import seconds
from localku.errors import UserError

if TYPE_CHECKING:
    from localku.platform.app import App
    from localku.platform.hosting import Hosting
    from localku.platform.telemetry import Telemetry

KEPT = 50  # faults of an app that are remembered
DONE = 200  # texts of what one did
DEEDS: dict[str, Callable[[Scene], Deed]] = {
    "kill": Kill,
    "term": Term,
    "freeze": Freeze,
    "cycle": Cycle,
    "memory": Memory,
    "boot": Boot,
    "backing": Backing,
    "drain": Lost,
}


class Clash(UserError):
    """There is a fault of that kind on that dyno already."""


class Fault:
    """One fault. Times are seconds since the epoch. done: what it did, newest last;
    count: how much that is with what is forgotten."""

    def __init__(self, id: str, app: App, wish: Wish, seed: int) -> None:
        self.id = id
        self.app = app
        self.wish = wish
        self.seed = seed
        self.created_at = time.time()
        self.seconds = 0.0
        self.ends_at = self.created_at
        self.on = True
        self.undone = False
        self.failed = ""  # why it could not be undone
        self.done: deque[str] = deque(maxlen=DONE)
        self.count = 0
        self.deed: Deed
        self.task: asyncio.Task[None]

    def later(self, seconds: float) -> None:
        """Its end comes later."""
        self.ends_at += seconds
        self.deed.over_at += seconds

    def note(self, text: str) -> None:
        """It did something: into the log and into `done`."""
        self.done.append(text)
        self.count += 1
        self.say(text)

    def say(self, text: str) -> None:
        """A line of it in the app's log."""
        speak(self.app, f"Chaos {self.id}: {text}")


class Chaos:
    """Of one platform."""

    def __init__(self, hosting: Hosting, telemetry: Telemetry) -> None:
        self._hosting = hosting
        self._telemetry = telemetry
        self._faults: dict[str, list[Fault]] = {}  # by the app's id, oldest first
        self._detours: dict[str, Detours] = {}
        self._counts: dict[str, int] = {}
        self._ending = False
        hosting.before_end.append(self.end)
        hosting.on_destroy.append(self.forget)
        hosting.on_gone.append(self.close)

    def of(self, app: App) -> list[Fault]:
        """Those that are on, and the last ones that were."""
        return list(self._faults.get(app.id, ()))

    def find(self, app: App, id: str) -> Fault | None:
        """The fault of that id."""
        return next((each for each in self.of(app) if each.id == id), None)

    def begin(self, app: App, wish: Wish) -> Fault:
        """Begin a fault. UserError for what cannot be done, Clash where there is one already."""
        self._refuse_end(app)
        seed = int.from_bytes(os.urandom(4), "big") if wish.seed is None else wish.seed
        count = self._counts.get(app.id, 0) + 1
        fault = Fault(f"{wish.kind.name}-{count}", app, wish, seed)
        fault.deed = self._deed(fault)
        fault.deed.check()
        self._refuse_clash(fault)
        self._counts[app.id] = count
        faults = self._faults.setdefault(app.id, [])
        for old in [each for each in faults if not each.on][: max(0, len(faults) + 1 - KEPT)]:
            faults.remove(old)
        faults.append(fault)
        self._start(fault)
        return fault

    def _deed(self, fault: Fault) -> Deed:
        app, wish = fault.app, fault.wish
        settings = app.manifest.settings if app.manifest is not None else self._hosting.settings
        chance = random.Random(fault.seed)
        scene = Scene(app, wish, settings, self._telemetry, chance.randrange, fault.note)
        if wish.kind.name in ("slow", "cut"):
            detours = self._detours.setdefault(app.id, Detours(app))
            return (Slow if wish.kind.name == "slow" else Cut)(scene, detours)
        return DEEDS[wish.kind.name](scene)

    def _refuse_end(self, app: App) -> None:
        if self._ending:
            raise UserError("the platform is ending")  # nobody would undo it
        if self._hosting.apps.get(app.name) is not app:
            raise UserError(f"{app.name} has been destroyed")

    def _refuse_clash(self, fault: Fault) -> None:
        for other in self.of(fault.app):
            if other.on and other.wish.kind is fault.wish.kind and fault.deed.clashes(other.deed):
                left = max(0.0, other.ends_at - time.time())
                raise Clash(
                    f"there is one on {other.deed.about} already, for {left:.0f} s more",
                    hint=f"`localku chaos:stop {other.id}` ends it",
                )

    def _start(self, fault: Fault) -> None:
        wish, deed = fault.wish, fault.deed
        lasting = wish.kind.lasts or wish.every is not None
        length = (wish.seconds if wish.seconds is not None else deed.seconds) if lasting else 0.0
        fault.seconds = length
        fault.ends_at = fault.created_at + length
        loop = asyncio.get_running_loop()
        deed.over_at = loop.time() + length
        deed.later = fault.later
        words = [deed.about]
        words += [f"for {seconds(length)}"] if lasting else []
        words += [f"every {seconds(wish.every)}"] if wish.every is not None else []
        hint = f"; {deed.hint}" if deed.hint else ""
        words += [f"seed {fault.seed}"]
        fault.say(f"begins, on purpose: {wish.kind.text} ({', '.join(words)}){hint}")
        fault.task = loop.create_task(self._live(fault))

    async def _live(self, fault: Fault) -> None:
        try:
            await fault.deed.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _report(fault, error)
        finally:
            self._undo(fault)
        await fault.deed.settled()
        self._over(fault)

    def _undo(self, fault: Fault, *, ending: bool = False) -> None:
        if fault.undone:
            return
        fault.undone = True
        fault.ends_at = min(fault.ends_at, time.time())
        try:
            fault.deed.undo(ending=ending)
        except Exception as error:  # the others have to be undone all the same
            fault.failed = type(error).__name__
            _report(fault, error)

    def _over(self, fault: Fault) -> None:
        if not fault.on:
            return
        fault.on = False
        if fault.failed:
            fault.say(f"over, but not all could be undone ({fault.failed}): restart the dynos")
        else:
            fault.say("over, all is undone" if fault.wish.kind.lasts else "over")

    async def stop(self, fault: Fault) -> None:
        """End a fault now; returns when it is undone."""
        self._undo(fault)
        fault.task.cancel()
        await asyncio.gather(fault.task, return_exceptions=True)
        await fault.deed.settled()
        self._over(fault)

    def end(self) -> None:
        """The platform's end begins: undo all."""
        self._ending = True
        for faults in self._faults.values():
            for fault in faults:
                self._leave(fault)

    def forget(self, app: App) -> None:
        """The app goes: undo all of it."""
        for fault in self.of(app):
            self._leave(fault)
        self._detours.pop(app.id, None)

    def _leave(self, fault: Fault) -> None:
        self._undo(fault, ending=True)
        self._over(fault)
        fault.task.cancel()

    async def close(self, app: App) -> None:
        """Its dynos have gone."""
        faults = self._faults.pop(app.id, ())
        await asyncio.gather(*(fault.deed.close() for fault in faults), return_exceptions=True)


def _report(fault: Fault, error: Exception) -> None:
    context = {"message": f"fault in chaos {fault.id}", "exception": error}
    asyncio.get_running_loop().call_exception_handler(context)
