"""What keeps the state of `localku top` fed: one stream of events, and after the platform has gone
the next one, as soon as it is there again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from localku.cli import top_link
from localku.cli.client import Client, as_list, as_object
from localku.errors import UserError
from localku.top.loglines import Lines
from localku.top.state import State
from localku.top.window import MINUTE, RECENT, Point
from localku.top.wishes import Wish

SELDOM = 5  # seconds
PAST = 7200  # seconds of which the events are shown
PAUSE = 0.5  # seconds between two tries to find the platform again
HISTORY = 200  # lines that the log pane begins with
# no dyno has that name: without the log pane no line is sent to us
NO_LINES = "lines=0&dyno=-"


class Feed:
    """client: the platform at first. find: finds it again; may block; raises UserError. changed:
    called whenever there is something new in `state` or `lines`."""

    def __init__(
        self, client: Client, find: Callable[[], Client], changed: Callable[[], None]
    ) -> None:
        self.client = client
        self.state = State()
        self.lines = Lines()
        self.wants_lines = False
        self._find = find
        self._changed = changed
        self._again = asyncio.Event()  # set: the stream that there is is not the one wanted
        self._second = asyncio.Event()  # set: a second is over

    async def run(self) -> None:
        """Follow the platform until cancelled; when it goes, look for it."""
        merging = asyncio.get_running_loop().create_task(self._merge())
        try:
            while True:
                try:
                    await self._follow()
                except UserError as error:
                    self._lose(str(error))
                if not self._again.is_set():
                    await self._return()
        finally:
            merging.cancel()

    def show_lines(self, wanted: bool) -> None:
        """From now on with the lines of the log, or without."""
        if wanted != self.wants_lines:
            self.wants_lines = wanted
            self.lines.clear()
            self._again.set()

    async def grant(self, wish: Wish) -> None:
        """Ask the platform for something. Raises UserError."""
        path = self.client.at(*wish.words)
        await top_link.request(self.client.path, wish.method, path, wish.body)

    async def _follow(self) -> None:
        """Read one stream to its end, or until another one is wanted. Raises UserError."""
        self._again.clear()
        what = f"lines={HISTORY}" if self.wants_lines else NO_LINES
        await past(self.client, self.state)
        reading = asyncio.ensure_future(self._read(f"{self._at('live')}?{what}"))
        again = asyncio.ensure_future(self._again.wait())
        try:
            await asyncio.wait([reading, again], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            for task in (reading, again):
                task.cancel()
            await asyncio.gather(reading, again, return_exceptions=True)

    async def _read(self, target: str) -> None:
        async for events in top_link.events(self.client.path, target):
            for name, data in events:
                if name == "lines":
                    self.lines.add(data)
                else:
                    self.state.take(name, data)
                    if name == "point":
                        self._second.set()
            if events:
                self._changed()
        self._lose("The platform has ended")

    async def _merge(self) -> None:
        """After each second, the last ones as one point, with percentiles of them all; the last
        minute not as often, as it is more work."""
        state, seconds = self.state, 0
        while True:
            await self._second.wait()
            self._second.clear()
            seconds += 1
            try:
                state.summary = await merged(self.client, state, RECENT)
                if seconds % SELDOM == 1:
                    state.minute = await merged(self.client, state, MINUTE)
            except UserError:
                continue  # the stream knows of it, too, and says so
            self._changed()

    def _at(self, what: str) -> str:
        return "/localku" + self.client.at(what)

    def _lose(self, why: str) -> None:
        self.state.lose(why)
        self._changed()

    async def _return(self) -> None:
        """Wait until there is a platform again."""
        while True:
            await asyncio.sleep(PAUSE)
            try:
                self.client = await in_thread(self._find)
            except UserError:
                continue
            return


async def past(client: Client, state: State) -> None:
    """Put what was before we looked into the state: the last minute by the second, and the events
    of two hours. Raises UserError."""
    now = time.time()
    state.events(await _metrics(client, now - PAST, MINUTE))
    state.past(await _metrics(client, now - MINUTE, 1))


async def merged(client: Client, state: State, seconds: int) -> Point | None:
    """The last so many seconds as one point, None when nothing happened in them. UserError."""
    if state.window.is_silent(seconds):
        return None
    answer = await _metrics(client, state.window.now - seconds, 0)
    points = as_list(answer.get("points"))
    return points[-1] if points else None


async def _metrics(client: Client, since: float, resolution: int) -> dict[str, Any]:
    target = f"/localku{client.at('metrics')}?since={since:.0f}&resolution={resolution}"
    return as_object(await top_link.request(client.path, "GET", target))


async def in_thread(find: Callable[[], Client]) -> Client:
    """What find() returns or raises; whoever leaves does not wait for it."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Client] = loop.create_future()

    def settle(client: Client | None, error: BaseException | None) -> None:
        if found.done():
            return
        if client is not None:
            found.set_result(client)
        elif error is not None:
            found.set_exception(error)

    def work() -> None:
        client, error = None, None
        try:
            client = find()
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, client, error)
        except RuntimeError:
            pass  # the loop is closed: we have left

    threading.Thread(target=work, daemon=True).start()
    return await found
