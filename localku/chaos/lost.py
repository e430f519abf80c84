"""The fault `drain`: nobody is at home at a log drain's receiver, for a while."""

from __future__ import annotations

from localku.chaos.deed import Deed
from localku.chaos.scene import Scene
from localku.errors import UserError
from localku.logs import drain_url
from localku.platform.state import DrainState

KEEP = 10  # lines that wait for it meanwhile, and not 1,024: what is lost is to be seen soon


class Lost(Deed):
    """drain: its id, token or URL; the only one when nobody says which."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._state: DrainState | None = None
        self._on = False

    def check(self) -> None:
        """There has to be such a drain."""
        drains, word = self.scene.app.drains, self.scene.wish.text("drain")
        if self.scene.wish.dyno:
            raise UserError("drain takes no dyno: a drain gets the log of all")
        if word:
            self._state = drains.find(word)
        elif len(drains.known) == 1:
            self._state = drains.known[0]
        if self._state is None:
            ids = ", ".join(each.id for each in drains.known)
            there = f"there are {ids}" if ids else "add one with `localku drains:add URL`"
            raise UserError("no such drain" if word else "which drain?", hint=there)

    @property
    def state(self) -> DrainState:
        """Which it is."""
        if self._state is None:
            raise AssertionError("check() has looked")
        return self._state

    @property
    def about(self) -> str:
        """Where it leads, without what is secret in its URL."""
        return drain_url.parse(self.state.url).place

    @property
    def target(self) -> str:
        """No dyno."""
        return ""

    @property
    def hint(self) -> str:
        """What comes of it."""
        return f"{KEEP} lines wait for it, older ones are lost: it gets an L10 that counts them"

    def shown(self) -> dict[str, object]:
        """Its id."""
        return {"drain": self.state.id}

    def clashes(self, other: Deed) -> bool:
        """One for each drain."""
        return isinstance(other, Lost) and other.state.id == self.state.id

    def act(self) -> None:
        """Nothing gets there."""
        work = self.scene.app.drains.working(self.state)
        self._on = True
        self._before = work.delivery.dropped
        work.lose("connection refused (chaos)", KEEP)
        self.scene.note(f"{self.about} takes no lines")

    def undo(self, *, ending: bool = False) -> None:
        """Lines get there again."""
        if not self._on:
            return
        self._on = False
        if self.state not in self.scene.app.drains.known:
            return  # it was removed meanwhile
        work = self.scene.app.drains.working(self.state)
        work.regain()
        lost = work.delivery.dropped - self._before
        told = f"it is told of {lost} lost lines with L10" if lost else "nothing was lost"
        self.scene.note(f"{self.about} takes lines again: {told}")
