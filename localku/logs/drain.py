"""One drain at work: takes batches from its delivery, gives them to its receiver, tells of trouble.

The law: a task of its own, which waits for its receiver alone; whatever that one does, nobody else
waits. What is said of a trouble is said once while it lasts, at most once in QUIET seconds, and
never to the drain that it is about: a complaint must not become a batch that fails.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Protocol

from localku.logs.delivery import Batch, Delivery
from localku.logs.drain_errors import DrainError
from localku.logs.drain_url import Target
from localku.logs.entry import Entry
from localku.logs.stream import LogStream

QUIET = 60.0  # seconds


class Sender(Protocol):
    """The way to one receiver. send raises DrainError when the batch was not taken."""

    async def send(self, batch: Batch) -> None: ...
    async def close(self) -> None: ...


def new_id() -> str:
    """A Logplex-Frame-Id: 32 upper-case hex digits."""
    return os.urandom(16).hex().upper()


class Drain:
    """Reads stream for a receiver. It collects from now on, and sends once `start` was called.

    last_error, failed_at: what went wrong last, and when (seconds since the epoch, 0.0 for never).
    """

    def __init__(
        self, stream: LogStream, delivery: Delivery, sender: Sender, target: Target
    ) -> None:
        self.delivery = delivery
        self.last_error = ""
        self.failed_at = 0.0
        self._stream = stream
        self._sender = sender
        self._target = target
        self._own: Entry | None = None  # what we say ourselves
        self._said_at: float | None = None
        self._trouble_said = False
        self._lost = ""
        self._ready: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        stream.subscribe(self)

    def offer(self, entry: Entry) -> None:
        """A reader of the stream: never waits."""
        if entry is not self._own:
            self.delivery.offer(entry)

    def start(self) -> None:
        """Begin to send. On the loop."""
        if self._task is None:
            self._ready = asyncio.Event()
            self.delivery.on_ready = self._ready.set
            self._task = asyncio.get_running_loop().create_task(self._run())

    def lose(self, why: str, keep: int) -> None:
        """Reach the receiver no more, as if it were gone. keep: lines that may wait for it."""
        self._lost = why
        self.delivery.keep(keep)

    def regain(self) -> None:
        """Reach it again, at once."""
        self._lost = ""
        self.delivery.keep(None)
        self.delivery.hurry()

    async def close(self, patience: float) -> None:
        """Hear no more, send what there is for at most patience seconds, and let go."""
        self._stream.unsubscribe(self)
        self.delivery.end()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=patience)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._sender.close()

    async def _run(self) -> None:
        assert self._ready is not None
        loop = asyncio.get_running_loop()
        delivery = self.delivery
        while True:
            self._ready.clear()
            step = delivery.step(loop.time())
            if isinstance(step, Batch):
                await self._attempt(step)
                if delivery.ending and delivery.trouble:
                    return  # there is no time for another try
            elif step is None and delivery.ending:
                return
            else:
                await self._rest(step)

    async def _rest(self, seconds: float | None) -> None:
        """Until there may be something to do."""
        assert self._ready is not None
        try:
            await asyncio.wait_for(self._ready.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    async def _attempt(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        try:
            if self._lost:
                raise DrainError(self._lost)
            await self._sender.send(batch)
        except DrainError as error:
            tell = self.delivery.refused if error.refused else self.delivery.failed
            tell(loop.time(), error.why)
            self.last_error, self.failed_at = error.why, time.time()
            self._complain(error, loop.time())
        else:
            self.delivery.succeeded(loop.time())
            if self._trouble_said:
                self._trouble_said = False
                self._say(f"Drain {self._target.place}: it takes lines again")

    def _complain(self, error: DrainError, now: float) -> None:
        if self._trouble_said or (self._said_at is not None and now - self._said_at < QUIET):
            return
        self._trouble_said, self._said_at = True, now
        if error.certificate:
            # heroku.md section 2: L14
            self._say(
                f'Error L14 (certificate validation): error="{error.why}" '
                f'uri="{self._target.place}/"'
            )
        elif error.refused:
            self._say(f"Drain {self._target.place}: {error.why}; what it refuses is dropped (L10)")
        else:
            self._say(f"Drain {self._target.place}: {error.why}; tried again until it takes lines")

    def _say(self, text: str) -> None:
        self._own = Entry(time.time(), "heroku", "logplex", os.fsencode(text) + b"\n")
        self._stream.publish(self._own)
        self._own = None
