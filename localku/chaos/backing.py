"""The fault `backing`: a backing service is gone for a while, or slow, as seen by the dynos.

They are restarted once with a URL that leads through a relay, and once more at the end, with the
real one. No release is made: what `localku config` shows is as it was.
"""

from __future__ import annotations

import asyncio

from localku.chaos.deed import Deed
from localku.chaos.relay import HERE, Relay, Trouble
from localku.chaos.scene import Scene
from localku.chaos.swap import only, swapped, target
from localku.chaos.words import milliseconds
from localku.errors import UserError

GONE = 2 / 3  # of the time; the rest is for recovering
DELAY = 200.0  # ms
PATIENCE = 2.0  # seconds until somebody has used the service
LOOK = 0.02  # seconds between looks at the dynos, while they restart


class Late(Trouble):
    """Each answer of the service is late."""

    def __init__(self, delay: float) -> None:
        self._delay = delay / 1000

    def delay(self) -> float:
        """Seconds."""
        return self._delay


class Backing(Deed):
    """var: the variable with its URL. mode: drop or slow. delay: ms."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        app, wish = scene.app, scene.wish
        self._config = {**app.around.environ, **app.config}
        self.var = wish.text("var")
        self.mode = wish.text("mode", "drop")
        self.delay = wish.number("delay", DELAY)
        self._relay: Relay | None = None
        self._left: Relay | None = None  # behind which dynos may still stop

    def check(self) -> None:
        """The variable has to be there, and of a kind that can be led through a relay."""
        if self.scene.wish.dyno:
            raise UserError("backing takes no dyno: all dynos share the config vars")
        super().check()
        self.var = self.var or only(self.scene.app.config)
        if self.var not in self._config:
            raise UserError(f"there is no config var {self.var}")
        target(self.var, self._config[self.var])

    @property
    def about(self) -> str:
        """The variable."""
        return self.var

    @property
    def target(self) -> str:
        """All dynos."""
        return ""

    @property
    def hint(self) -> str:
        """How it goes."""
        if self.mode == "slow":
            return "the dynos restart, now and at the end"
        return "the dynos restart, now and at the end; for the last third the service is back"

    def shown(self) -> dict[str, object]:
        """Its wishes."""
        shown: dict[str, object] = {"var": self.var, "mode": self.mode}
        return {**shown, "delay": self.delay} if self.mode == "slow" else shown

    def clashes(self, other: Deed) -> bool:
        """One for each variable."""
        return isinstance(other, Backing) and other.var == self.var

    async def run(self) -> None:
        """Lead the dynos through a relay; when they are up, let it go wrong, and right again."""
        loop = asyncio.get_running_loop()
        scene, url = self.scene, self._config[self.var]
        slow = self.mode == "slow"
        try:
            self._relay = Relay(target(self.var, url), Late(self.delay) if slow else Trouble())
        except OSError as error:
            scene.note(f"no relay for {self.var}, nothing done: {error.strerror}")
            return
        scene.app.bent.env[self.var] = swapped(url, HERE, self._relay.port)
        scene.note(f"the dynos restart with {self.var} led through a relay")
        length = self.over_at - loop.time()
        scene.app.apply()
        await self._connected(self._relay)
        self.later(loop.time() + length - self.over_at)
        if slow:
            scene.note(f"{self.var}: answers come {milliseconds(self.delay)} later")
        else:
            self._relay.refuse()
            scene.note(f"{self.var}: connections are reset, new ones are refused")
            await asyncio.sleep(length * GONE)
            self._relay.accept()
            scene.note(f"{self.var}: connections pass again")
        await asyncio.sleep(self.over_at - loop.time())

    async def _connected(self, relay: Relay) -> None:
        """The dynos are up, and somebody uses the service, so that there is something to break."""
        await self._calm()
        try:
            await asyncio.wait_for(relay.answered.wait(), PATIENCE)
        except asyncio.TimeoutError:
            pass  # they may connect when they are asked to

    def undo(self, *, ending: bool = False) -> None:
        """The dynos get the real URL again."""
        if self._relay is None:
            return
        self.scene.app.bent.env.pop(self.var, None)
        self._left = relay = self._relay
        self._relay = None
        relay.release()
        if relay.refuses:
            relay.accept()
        if ending:
            return
        self.scene.note(f"the dynos restart with {self.var} as it is")
        self.scene.app.apply()

    async def settled(self) -> None:
        """Wait until the dynos have restarted; those that stopped could use the relay till then."""
        await self._calm()
        await self.close()

    async def close(self) -> None:
        """End the relay."""
        relay, self._left = self._left, None
        if relay is not None:
            await relay.end()

    async def _calm(self) -> None:
        """Wait until no dyno is starting any more, or until it should not be."""
        loop = asyncio.get_running_loop()
        runners = [r for r in self.scene.app.runners if not r.leaving]
        patience = max((r.spec.boot + r.spec.grace for r in runners), default=0.0)
        end = loop.time() + patience
        while loop.time() < end and any(
            r.state == "starting" for r in self.scene.app.runners if not r.leaving
        ):
            await asyncio.sleep(LOOK)
