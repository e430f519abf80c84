"""The formation of a sweep: scaled through the API, watched, and put back.

Whatever happens to the command, the formation comes back: `restore` in its own process, and when
that is killed, the guard (localku.load.guard) in another one.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping

from localku.cli.client import Client, as_list, as_object
from localku.errors import UserError

PATIENCE = 70.0  # seconds until all are up: Heroku's 60 s to bind the port, and some to end others
POLL = 0.1
LOOK = 0.5  # seconds between looks at the dynos while a step is measured
DEAD_AFTER = 3.0  # seconds in which a crashed dyno may come up again: Heroku restarts it once
GUARD = "localku.load.guard"


class NotUp(UserError):
    """The dynos that were asked for did not all come up."""


class Formation:
    """One process type of an app that runs. before: how many there were."""

    def __init__(self, client: Client, kind: str) -> None:
        # one of its own: other connections are used at the same time
        self._client = Client(client.path, client.app, client.pid)
        self.kind = kind
        self.before = -1
        self._guard: subprocess.Popen[bytes] | None = None

    async def take(self) -> None:
        """Remember how it is, and have it guarded. Raises UserError for an unknown type."""
        found = await self._ask("GET", self._client.at("formation"))
        known = {str(each["type"]): int(each["quantity"]) for each in as_list(found)}
        if self.kind not in known:
            what = f"{self._client.app} has no process type {self.kind}"
            raise UserError(what, where="--scale", hint=f"there are {', '.join(sorted(known))}")
        self.before = known[self.kind]
        self._guard = self._guarded()

    def _guarded(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", GUARD, self._client.path, *self._order()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C, or a kill of the group, is not for it
        )

    def _order(self) -> tuple[str, str]:
        updates = {"updates": [{"type": self.kind, "quantity": str(self.before)}]}
        return self._client.at("formation"), json.dumps(updates)

    async def scale(self, count: int) -> None:
        """Ask for so many. Raises UserError."""
        updates = {"updates": [{"type": self.kind, "quantity": str(count)}]}
        await self._ask("PATCH", self._client.at("formation"), updates)

    async def wait_up(self, count: int, stop: asyncio.Event, patience: float = PATIENCE) -> None:
        """Until exactly so many are up, or stop is set. Raises NotUp."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        crashed_at: dict[str, float] = {}
        while not stop.is_set():
            states = {name: state for name, (state, _) in (await self.look()).items()}
            if is_complete(states, self.kind, count):
                return
            now = loop.time()
            crashed = [name for name, state in states.items() if state == "crashed"]
            crashed_at = {name: crashed_at.get(name, now) for name in crashed}
            is_dead = any(now - since > DEAD_AFTER for since in crashed_at.values())
            if is_dead or now - begin > patience:
                raise NotUp(
                    f"{self.kind}={count} did not come up: {in_words(states, self.kind, count)}",
                    hint="see `localku logs`",
                )
            await pause(stop, POLL)

    async def look(self) -> dict[str, tuple[str, str]]:
        """The dynos of the type: name to state and id (another one after each restart)."""
        dynos = as_list(await self._ask("GET", self._client.at("dynos")))
        return {
            str(each["name"]): (str(each["state"]), str(each["id"]))
            for each in dynos
            if each["type"] == self.kind
        }

    async def until_changed(self, before: Mapping[str, tuple[str, str]]) -> str:
        """Returns when the dynos are no longer those: what happened to them, in words."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                now = await self.look()
            except UserError as error:
                return error.message
            if now != before:
                return change(before, now)

    async def restore(self) -> None:
        """Put it back as it was, and dismiss the guard. Raises UserError: then it is not."""
        if self.before < 0:
            return
        try:
            as_list(await self._ask("PATCH", *self._restoring()))
        except UserError as error:
            self._dismiss()
            how = f"`localku ps:scale {self.kind}={self.before}` does it"
            what = f"the formation could not be put back: {error.message}"
            raise UserError(what, hint=how) from None
        self._dismiss()

    def _restoring(self) -> tuple[str, object]:
        path, order = self._order()
        return path, as_object(json.loads(order))

    def _dismiss(self) -> None:
        guard, self._guard = self._guard, None
        if guard is None or guard.stdin is None:
            return
        try:
            guard.stdin.write(b"done")
            guard.stdin.close()
        except BrokenPipeError:
            pass
        guard.wait()

    async def _ask(self, method: str, path: str, body: object = None) -> object:
        return await asyncio.to_thread(self._client.request, method, path, body)


def is_complete(states: Mapping[str, str], kind: str, count: int) -> bool:
    """Whether exactly the wanted dynos are there, all up."""
    wanted = {f"{kind}.{number}" for number in range(1, count + 1)}
    return set(states) == wanted and all(state == "up" for state in states.values())


def in_words(states: Mapping[str, str], kind: str, count: int) -> str:
    """What they are instead: `web.2 is crashed, web.3 is missing`."""
    wanted = [f"{kind}.{number}" for number in range(1, count + 1)]
    lines = [
        f"{name} is {states.get(name, 'missing')}" for name in wanted if states.get(name) != "up"
    ]
    lines += [f"{name} is still {state}" for name, state in states.items() if name not in wanted]
    return ", ".join(lines)


def change(before: Mapping[str, tuple[str, str]], now: Mapping[str, tuple[str, str]]) -> str:
    """What became of the dynos: `web.2 crashed`, `web.1 was restarted`."""
    lines = []
    for name, (_, run) in before.items():
        state, other = now.get(name, ("gone", run))
        if state == "crashed":
            lines.append(f"{name} crashed")
        elif state == "gone":
            lines.append(f"{name} was taken away")
        elif state != "up":
            lines.append(f"{name} is {state}")
        elif other != run:
            lines.append(f"{name} was restarted")
    lines += [f"{name} was added" for name in now if name not in before]
    return ", ".join(lines)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not when stop is set."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except asyncio.TimeoutError:
        pass
