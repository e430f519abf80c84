"""The fault `memory`: the quota shrinks until what a dyno really uses is too much: R14, then R15.

Nothing is filled and no machine is brought to its knees: Heroku's rule is applied to what was
measured, with a smaller quota than the dyno has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from localku.chaos.deed import Deed
from localku.chaos.scene import LIVING, Scene
from localku.chaos.words import megabytes
from localku.dynos.metering import EVERY, LOOK_MIN, judge

if TYPE_CHECKING:
    from localku.dynos.runner import Runner
    from localku.dynos.usage import Usage

FULL, VAST = 1.2, 2.2  # times the quota: enough for R14, and for R15
TWICE = 2.0  # times the quota: from there on it is R15, which does not count the cache


class Memory(Deed):
    """quota: bytes; fill: how full it is to be (1.2: 120 %); without both: R14, later R15."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        wish = scene.wish
        self.quota = int(wish.number("quota", 0.0))
        self.fill = wish.number("fill", 0.0)
        self._squeezed: set[str] = set()

    @property
    def hint(self) -> str:
        """What comes when."""
        if self.quota or self.fill:
            return "above the quota it is R14, above twice the quota R15 and SIGKILL"
        return "first R14, at half of the time R15 and SIGKILL"

    async def run(self) -> None:
        """Shrink, judge as often as Heroku does, and shrink more."""
        loop = asyncio.get_running_loop()
        pause = max(EVERY * self.scene.settings.time_scale, LOOK_MIN)
        begun = loop.time()
        half = begun + (self.over_at - begun) / 2
        if self.quota or self.fill:
            await self._squeeze(self.fill or FULL)
            await self._again(self.over_at, pause)
            return
        await self._squeeze(FULL)
        await self._again(half, pause)
        await self._squeeze(VAST)
        self.undo()  # the next run must not be judged by it
        await asyncio.sleep(self.over_at - loop.time())

    async def _again(self, until: float, pause: float) -> None:
        """Judge until that moment."""
        loop = asyncio.get_running_loop()
        while loop.time() + pause < until:
            await asyncio.sleep(pause)
            for runner, usage in await self._measured():
                if runner.spec.name in self._squeezed:
                    judge(runner, usage)
        await asyncio.sleep(until - loop.time())

    async def _squeeze(self, fill: float) -> None:
        """Give those that run a quota that is so full now."""
        found = await self._measured()
        memory = self.scene.app.bent.memory
        for runner, usage in found:
            used = usage.total if fill <= TWICE else usage.total - usage.cache
            quota = self.quota or max(1, int(used / fill))
            memory[runner.spec.name] = quota
            self._squeezed.add(runner.spec.name)
            self.scene.note(
                f"the quota of {runner.spec.name} is {megabytes(quota)}; "
                f"it uses {megabytes(usage.total)}"
            )
        self.scene.app.apply()
        for runner, usage in found:
            judge(runner, usage)
        if not found:
            self.scene.note("no dyno runs now: nothing done")

    async def _measured(self) -> list[tuple[Runner, Usage]]:
        found = []
        for runner in self.scene.chosen():
            usage = await self.scene.telemetry.usage(runner)
            if usage is not None and usage.total and runner.state in LIVING:
                found.append((runner, usage))
        return found

    def undo(self, *, ending: bool = False) -> None:
        """Give them their quotas back."""
        squeezed, self._squeezed = self._squeezed, set()
        for name in squeezed:
            self.scene.app.bent.memory.pop(name, None)
        if squeezed and not ending:
            self.scene.app.apply()
            self.scene.note(f"quotas of {', '.join(sorted(squeezed))} are what they were")
