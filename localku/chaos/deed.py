"""What a fault does to its scene, and takes back.

The law: `undo` can be called at any moment, does its work at once, and a second time does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from localku.chaos.course import Move, moves
from localku.chaos.faults import SECONDS
from localku.chaos.scene import Scene


class Deed:
    """One fault at work. over_at: on the loop's clock, when it has to be over. later(seconds): puts
    that off."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.over_at = 0.0
        self.later: Callable[[float], None] = lambda seconds: None

    def check(self) -> None:
        """UserError for what cannot be done."""
        self.scene.check_target()

    @property
    def target(self) -> str:
        """What the fault is about, as it is shown: a dyno, a process type, or "" for all dynos."""
        return self.scene.target

    @property
    def about(self) -> str:
        """The same, in words."""
        return self.target or "all dynos"

    @property
    def seconds(self) -> float:
        """How long it lasts when nobody says so."""
        return SECONDS

    @property
    def hint(self) -> str:
        """What will be seen of it, or why it will not. "" when there is nothing to say."""
        return ""

    def shown(self) -> dict[str, object]:
        """Its own wishes, as they are in force; no secrets."""
        return dict(self.scene.wish.own)

    def clashes(self, other: Deed) -> bool:
        """Whether the other, of the same kind, is about the same."""
        from localku.chaos.faults import overlap

        mine, others = self.target, other.target
        return not mine or not others or overlap(mine, others)

    async def run(self) -> None:
        """Act, and act again, until the end."""
        loop = asyncio.get_running_loop()
        wish = self.scene.wish
        begun = loop.time()
        for at, move in moves(self.over_at - begun, wish.every, lasts=wish.kind.lasts):
            left = begun + at - loop.time()
            if left > 0:
                await asyncio.sleep(left)
            if move is Move.ACT:
                self.act()
            elif move is Move.UNDO:
                self.undo()

    def act(self) -> None:
        """Do it once."""

    def undo(self, *, ending: bool = False) -> None:
        """Take it back. ending: the app or the platform ends, and the dynos with it."""

    async def settled(self) -> None:
        """Wait, not for long, until the app is as it was."""

    async def close(self) -> None:
        """The dynos have gone: end what they could use to their end."""
