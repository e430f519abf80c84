"""Faults between the router and the dynos: slow, cut."""

from __future__ import annotations

import asyncio

from localku.chaos.deed import Deed
from localku.chaos.detours import Detours
from localku.chaos.faults import matches
from localku.chaos.relay import Fate, Trouble
from localku.chaos.scene import Scene
from localku.chaos.words import milliseconds, seconds

FINE = 1 << 30  # steps of chance between 0 and 1
DELAY = 500.0  # ms
RETRY = 1.0  # seconds in which the router comes again after a kept connection broke


class OnTheWay(Deed):
    """Answers of web dynos meet some trouble. detours: of the app."""

    trouble: Trouble

    def __init__(self, scene: Scene, detours: Detours) -> None:
        super().__init__(scene)
        self._detours = detours
        self._on = False

    def told(self) -> str:
        """What was done, in words."""
        raise NotImplementedError

    def act(self) -> None:
        """Put relays before them."""
        target = self.target or "web"
        self._on = True
        self._detours.add(self.trouble, lambda r: matches(target, r.spec.name, r.spec.type))
        self.scene.note(self.told())

    def undo(self, *, ending: bool = False) -> None:
        """Let the router go straight again."""
        if self._on:
            self._on = False
            self._detours.remove(self.trouble)
            self.scene.note(f"requests go straight to {self.target or 'web'} again")


class Slow(OnTheWay):
    """delay, jitter: ms."""

    def __init__(self, scene: Scene, detours: Detours) -> None:
        super().__init__(scene, detours)
        self.delay = scene.wish.number("delay", DELAY)
        self.jitter = scene.wish.number("jitter", 0.0)
        self.trouble = Late(self)

    @property
    def hint(self) -> str:
        """Whether it takes too long for the router."""
        patience = self.scene.settings.request_timeout
        if (self.delay + self.jitter) / 1000 >= patience:
            return f"answers that take {seconds(patience)} become H12"
        return f"service= in the router's lines is {milliseconds(self.delay)} more"

    def shown(self) -> dict[str, object]:
        """In ms."""
        return {"delay": self.delay, "jitter": self.jitter}

    def told(self) -> str:
        """What was done, in words."""
        more = f" and up to {milliseconds(self.jitter)} more" if self.jitter else ""
        return f"answers of {self.target or 'web'} come {milliseconds(self.delay)}{more} later"


class Late(Trouble):
    """Each answer is late: its delay, and something between 0 and its jitter."""

    def __init__(self, deed: Slow) -> None:
        self._deed = deed

    def delay(self) -> float:
        """Seconds."""
        deed = self._deed
        chance = deed.scene.below(FINE) / FINE if deed.jitter else 0.0
        return (deed.delay + deed.jitter * chance) / 1000


class Cut(OnTheWay):
    """share: of the answers, 0 to 1."""

    def __init__(self, scene: Scene, detours: Detours) -> None:
        super().__init__(scene, detours)
        self.share = scene.wish.number("share", 1.0)
        self.trouble = Torn(self)

    @property
    def hint(self) -> str:
        """What comes of it."""
        return "before the answer it is H13, inside it H18"

    def shown(self) -> dict[str, object]:
        """As it is."""
        return {"share": self.share}

    def told(self) -> str:
        """What was done, in words."""
        return f"{self.share * 100:.4g} % of the answers of {self.target or 'web'} are cut off"


class Torn(Trouble):
    """Half of what is cut is cut before the answer, half inside it."""

    def __init__(self, deed: Cut) -> None:
        self._deed = deed
        self._owed: list[float] = []  # when the router comes again with a request that was cut

    def fate(self, *, fresh: bool) -> Fate:
        """The router repeats what broke before any answer on a kept connection, on a new one: the
        repeat is cut, too, or nobody would see it."""
        now = asyncio.get_running_loop().time()
        self._owed = [moment for moment in self._owed if now - moment < RETRY]
        if fresh and self._owed:
            self._owed.pop()
            return Fate.LOST
        below = self._deed.scene.below
        if below(FINE) >= self._deed.share * FINE:
            return Fate.KEPT
        if below(2):
            return Fate.TORN
        if not fresh:
            self._owed.append(now)
        return Fate.LOST
