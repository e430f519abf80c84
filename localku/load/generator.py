"""Sends requests when they are due, over a pool of connections that grows as it has to.

The law: a request is due when the schedule says so, whatever became of those before it (open loop).
One that finds no free connection keeps its moment and is sent when there is one: nothing is
dropped, and its latency counts from that moment. What waits is not stored: it is the rest of the
schedule. In the closed mode each connection sends as soon as it has its answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from math import inf
from random import Random

from localku.load.connection import CONNECT, RESET, TIMEOUT, UNSENT, Connection
from localku.load.pacer import best_alarm
from localku.load.plan import Plan
from localku.load.pool import Pool
from localku.load.result import CONSTANT, OPEN
from localku.load.tally import Tally
from localku.load.wire import Wire, deck, turns, wire

GAP = 0.00025  # seconds between two wakings at least: what is due meanwhile goes together
AGAIN = 0.1  # seconds until a connection of the closed mode is tried again
LOOKS = 50  # looks for timeouts in the time of one
WHYS = 5  # reasons that are kept

_clock = time.monotonic


class Generator:
    """One step's worth of requests. begin, end: of the measured time (time.monotonic()); before it
    it warms up. Call start(), and close() at last; `idle` is set when all is answered after the
    end."""

    def __init__(self, plan: Plan, begin: float, tally: Tally) -> None:
        self.plan = plan
        self.tally = tally
        self.begin = begin
        self.end = begin + plan.duration
        self.in_flight = 0
        self.in_flight_max = 0
        self.answers = 0  # of any status, warm-up included
        self.whys: dict[str, int] = {}
        self.idle = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._open = plan.mode == OPEN
        rng = Random(plan.seed)
        wires = [wire(ask, plan.target) for ask in plan.asks]
        cards = deck(plan.asks, None if plan.in_order else rng.shuffle)
        self._turns: Iterator[Wire] = turns(wires, cards)
        self._schedule = self._arrivals(rng)
        self._due = inf
        self._starved = False
        self._ended = False
        self._timers: set[asyncio.TimerHandle] = set()
        most = min(plan.max_connections, plan.max_in_flight)
        self._most = most if self._open else plan.connections
        self._pool = Pool(plan.target, self._most, self, self._connected)
        self._alarm = best_alarm(self._loop, self._ring)

    def _arrivals(self, rng: Random) -> Iterator[float]:
        plan = self.plan
        draw = None if plan.arrivals == CONSTANT else rng.random
        profile = plan.rate.over(plan.duration)
        warm = type(profile).flat(profile.first).over(plan.warmup) if plan.warmup else None
        if warm is not None:
            start = self.begin - plan.warmup
            for t in warm.arrivals(draw):
                yield start + t
        for t in profile.arrivals(draw):
            yield self.begin + t

    # -- its life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with the warm-up."""
        self._after(max(self.end - _clock(), 0), self.finish)
        self._look()
        if self._open:
            self._due = next(self._schedule, inf)
            self._alarm.set(max(self._due, _clock()))
        else:
            for _ in range(self._most):
                self._ask_again()

    def finish(self) -> None:
        """The measured time is over: what is due and was not sent never will be."""
        if self._ended:
            return
        self._ended = True
        self._alarm.clear()
        end = min(self.end, _clock())
        if self._open:
            self._give_up(end)
        self._pool.end_free()
        self._rest()

    def _give_up(self, end: float) -> None:
        due, tally = self._due, self.tally
        while due < end:
            if due >= self.begin:
                tally.due += 1
                tally.starved += 1
                tally.failed(UNSENT, end - due)
            due = next(self._schedule, inf)
        self._due = inf

    def close(self) -> None:
        """End everything at once."""
        self._ended = True
        self._alarm.close()
        for timer in self._timers:
            timer.cancel()
        self._pool.close()

    @property
    def waiting(self) -> int:
        """About how many arrivals are due and not sent."""
        behind = _clock() - self._due if self._starved else 0.0
        return int(behind * self.plan.rate.rate_at(self._due - self.begin)) if behind > 0 else 0

    @property
    def connections(self) -> int:
        """How many there are."""
        return self._pool.size

    # -- when it is due ------------------------------------------------------------------------

    def _ring(self) -> None:
        """Send all that is due, and set the alarm for the next."""
        due, now = self._due, _clock()
        begin, free, schedule, tally = self.begin, self._pool.free, self._schedule, self.tally
        late = tally.lates.append
        while due <= now:
            if self.in_flight >= self._most:
                break
            connection = free.pop() if free else self._pool.grow()
            if connection is None:
                break
            if due >= begin:
                tally.due += 1
                late(now - due)
            self._send(connection, due, now)
            due = next(schedule, inf)
            now = _clock()
        self._due = due
        self._starved = due <= now
        if self._starved or due == inf:
            self._alarm.clear()
        else:
            self._alarm.set(due if due > now + GAP else now + GAP)

    def _send(self, connection: Connection, due: float, now: float) -> None:
        self.in_flight += 1
        if self.in_flight > self.in_flight_max:
            self.in_flight_max = self.in_flight
        connection.retried = False
        connection.ask(next(self._turns), due, now, due >= self.begin)

    def _feed(self) -> None:
        """Give connections to those that have waited for one."""
        while self._starved and not self._ended:
            due, now = self._due, _clock()
            if due > now:
                self._starved = False
                self._alarm.set(max(due, now))
                return
            if self.in_flight >= self._most:
                return
            connection = self._pool.free.pop() if self._pool.free else self._pool.grow()
            if connection is None:
                return
            if due >= self.begin:
                self.tally.due += 1
                self.tally.starved += 1
            self._send(connection, due, now)
            self._due = next(self._schedule, inf)

    def _ask_again(self) -> None:
        """In the closed mode: the next request of one connection."""
        if self._ended:
            return
        connection = self._pool.free.pop() if self._pool.free else self._pool.grow(at_once=True)
        if connection is None:
            return
        now = _clock()
        if now >= self.begin:
            self.tally.due += 1
        self._send(connection, now, now)

    # -- how they end --------------------------------------------------------------------------

    def _connected(self) -> None:
        if self._starved:
            self._feed()

    def answered(self, connection: Connection, status: int) -> None:
        """A request is over."""
        self.in_flight -= 1
        self.answers += 1
        if connection.measured:
            now = _clock()
            self.tally.answered(status, now - connection.due, now - connection.sent)
        if not connection.is_open:
            self._pool.drop(connection)
        elif self._ended:
            self._pool.end(connection)
        else:
            self._pool.free.append(connection)
        self._go_on()

    def _go_on(self) -> None:
        if self._ended:
            self._rest()
        elif not self._open:
            self._ask_again()
        elif self._starved:
            self._feed()

    def lost(self, connection: Connection, kind: str, why: str) -> None:
        """A connection is gone, and perhaps its request with it."""
        self._pool.drop(connection)
        if not kind:
            return
        self.in_flight -= 1
        if kind == RESET and self._may_retry(connection):
            self._retry(connection)
            return
        self._fail(connection, kind, why)
        if self._open or self._ended:
            self._go_on()
        elif kind == CONNECT:
            self._after(AGAIN, self._ask_again)
        else:
            self._ask_again()

    def _may_retry(self, connection: Connection) -> bool:
        """A server may close an idle connection just when it is used again (RFC 9112 section
        9.3.1): what was not touched and is idempotent is sent once more, with its moment."""
        again = connection.reused and not connection.touched and not connection.retried
        return bool(again and connection.wire and connection.wire.idempotent)

    def _retry(self, old: Connection) -> None:
        connection = self._pool.grow(at_once=True)
        if connection is None or old.wire is None:
            self._fail(old, RESET, "the connection was closed before the answer")
            self._go_on()
            return
        self.in_flight += 1
        connection.retried = True
        connection.ask(old.wire, old.due, old.sent, old.measured)

    def _fail(self, connection: Connection, kind: str, why: str) -> None:
        if not connection.measured:
            return
        if kind == TIMEOUT:
            now = _clock()
            self.tally.failed(kind, now - connection.due, now - connection.sent)
        else:
            self.tally.failed(kind)
        if why in self.whys or len(self.whys) < WHYS:
            self.whys[why] = self.whys.get(why, 0) + 1

    def _rest(self) -> None:
        if not self.in_flight:
            self.idle.set()

    # -- time ----------------------------------------------------------------------------------

    def _look(self) -> None:
        """Give up what has waited too long."""
        limit = self.plan.timeout
        oldest = _clock() - limit
        for connection in self._pool.overdue(oldest):
            self.in_flight -= 1
            self._fail(connection, TIMEOUT, f"no answer within {limit:g} s")
            self._go_on()
        self._after(min(max(limit / LOOKS, 0.01), 1.0), self._look)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        timer: asyncio.TimerHandle

        def ring() -> None:
            self._timers.discard(timer)
            call()

        timer = self._loop.call_later(seconds, ring)
        self._timers.add(timer)
