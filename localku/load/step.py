"""One step of a load test, from its first request to what was found. Drives the generator."""

from __future__ import annotations

import asyncio
import gc
import math
import ssl
import time
from collections.abc import Callable

from localku.errors import UserError
from localku.load import verdict
from localku.load.connection import UNSENT
from localku.load.generator import Generator
from localku.load.percentiles import bars, of_microseconds
from localku.load.plan import Plan, Progress, RouterView
from localku.load.result import OPEN, GeneratorUse, MachineUse, Step
from localku.load.tally import Tally
from localku.load.usage import Usage

CONNECT_TIMEOUT = 5.0
SETTLE = 0.3  # seconds after a full one until the router's lines of it are counted
LEAD = 0.05  # seconds from now to the first request
SHORTEST = 0.5  # seconds: of less, shares say nothing
STRANGERS = 0.02  # of the router's lines: so many more than our requests are somebody else's


async def run_step(plan: Plan, watch: Callable[[Progress], None], stop: asyncio.Event) -> Step:
    """Warm up, measure, wait for what is under way; returns what was found.

    watch: told once a second. stop: set it to end early (Ctrl-C): what was measured so far is
    returned, marked as interrupted. Raises UserError when nobody listens at the target.
    """
    await probe(plan)
    gc.collect()
    gc.freeze()  # what there is now is never looked through again: a look would be lateness
    try:
        return await _Run(plan, watch, stop).run()
    finally:
        gc.unfreeze()


async def probe(plan: Plan) -> None:
    """See that somebody listens. Raises UserError."""
    target = plan.target
    name = target.server_name if target.tls else None
    opening = asyncio.open_connection(
        target.address, target.port, ssl=target.tls, server_hostname=name
    )
    hint = ""
    try:
        _, writer = await asyncio.wait_for(opening, CONNECT_TIMEOUT)
    except asyncio.TimeoutError:
        why = f"no answer within {CONNECT_TIMEOUT:g} s"
    except ConnectionRefusedError:
        why = "nobody listens there"
    except ssl.SSLCertVerificationError as error:
        why = f"its certificate is not trusted: {error.verify_message}"
        hint = "see `localku certs`; of a URL, -k takes any"
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
    else:
        writer.transport.abort()
        return
    raise UserError(f"cannot reach {target.url}: {why}", hint=hint)


class _Run:
    """The state of one step. begin, end: of the measured time."""

    def __init__(self, plan: Plan, watch: Callable[[Progress], None], stop: asyncio.Event) -> None:
        self.plan = plan
        self.watch = watch
        self.stop = stop
        now = time.time()
        self.wall = now + LEAD + plan.warmup
        if plan.router is not None:  # its lines are counted by whole seconds
            self.wall = float(math.ceil(self.wall))
        self.begin = time.monotonic() + (self.wall - now)
        self.tally = Tally()
        self.generator = Generator(plan, self.begin, self.tally)
        self.usage = Usage()
        self.answers_at: list[int] = []  # answers by the second, the first one at the begin
        self.answers_at_half = -1
        self.in_flight_at_begin = 0
        self.total = 0

    async def run(self) -> Step:
        plan, generator = self.plan, self.generator
        try:
            await self._sleep_until(self.begin - plan.warmup)
            generator.start()
            await self._warm_up()
            if not self.stop.is_set():
                await self._measure()
            use = self.usage.own(), self.usage.all()
            ended = time.monotonic()
            generator.finish()
            outstanding = generator.in_flight
            if not self.stop.is_set():
                await self._wait_for_answers()
            interrupted = self.stop.is_set()
        finally:
            generator.close()
        step = self._step(max(min(ended, generator.end) - self.begin, 0.0), interrupted)
        self._judge(step, use)
        await self._add_router(step)
        step.troubles = verdict.troubles(step, generator.whys, self._is_unmet(step, outstanding))
        return step

    # -- the phases ----------------------------------------------------------------------------

    async def _warm_up(self) -> None:
        start = self.begin - self.plan.warmup
        while time.monotonic() < self.begin and not self.stop.is_set():
            await self._sleep_until(min(time.monotonic() + 1.0, self.begin))
            self._show("warm-up", time.monotonic() - start, self.plan.warmup)
        self.usage = Usage()
        self.answers_at.append(self.generator.answers)
        self.in_flight_at_begin = self.generator.in_flight
        self.generator.in_flight_max = self.in_flight_at_begin

    async def _measure(self) -> None:
        t, end = 0, self.generator.end
        half = asyncio.get_running_loop().call_later(
            (self.begin + end) / 2 - time.monotonic(), self._half
        )
        while time.monotonic() < end and not self.stop.is_set():
            await self._sleep_until(min(self.begin + t + 1, end))
            self.answers_at.append(self.generator.answers)
            self._settle(t)
            t += 1
            self._show("measured", min(time.monotonic(), end) - self.begin, self.plan.duration)
        half.cancel()

    def _half(self) -> None:
        self.answers_at_half = self.generator.answers

    async def _wait_for_answers(self) -> None:
        """What is under way at the end is waited for: it was due."""
        idle = asyncio.ensure_future(self.generator.idle.wait())
        stopped = asyncio.ensure_future(self.stop.wait())
        t = len(self.tally.timeline)
        start = time.monotonic()
        try:
            while True:
                both = (idle, stopped)
                done, _ = await asyncio.wait(both, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                self._settle(t)
                t += 1
                if done:
                    return
                self._show("ending", time.monotonic() - start, self.plan.timeout)
        finally:
            for task in (idle, stopped):
                task.cancel()
            await asyncio.gather(idle, stopped, return_exceptions=True)

    async def _sleep_until(self, moment: float) -> None:
        """Sleep, but for a stop."""
        left = moment - time.monotonic()
        if left <= 0:
            return
        try:
            await asyncio.wait_for(self.stop.wait(), left)
        except asyncio.TimeoutError:
            pass

    def _settle(self, t: int) -> None:
        self.total += self.tally.settle(t).requests

    def _show(self, phase: str, t: float, duration: float) -> None:
        plan, generator = self.plan, self.generator
        last = self.tally.timeline[-1] if self.tally.timeline else None
        is_open = plan.mode == OPEN
        rate = plan.rate.over(plan.duration).rate_at(max(t, 0) if phase != "warm-up" else 0)
        self.watch(
            Progress(
                phase,
                max(t, 0.0),
                duration,
                (0.0 if phase == "ending" else rate) if is_open else None,
                last.requests if last else 0,
                last.errors if last else 0,
                self.total if phase != "warm-up" else generator.answers,
                generator.in_flight,
                generator.waiting,
                generator.connections,
                last.p50 if last else 0.0,
                last.p99 if last else 0.0,
                self.usage.own(),
            )
        )

    # -- what was found ------------------------------------------------------------------------

    def _step(self, duration: float, interrupted: bool) -> Step:
        plan, tally, generator = self.plan, self.tally, self.generator
        if tally.has_more:
            self._settle(len(tally.timeline))
        latency, sent = tally.percentiles()
        answered = sum(tally.status.values())
        requests = answered + sum(tally.errors.values()) if interrupted else tally.due
        inside = self.answers_at[-1] - self.answers_at[0] if self.answers_at else 0
        return Step(
            dynos=dict(plan.dynos),
            repeat=plan.repeat,
            offered=round(tally.due / duration, 3) if plan.mode == OPEN and duration else None,
            achieved=round(inside / duration, 3) if duration else 0.0,
            duration=round(duration, 3),
            requests=requests,
            in_flight_max=generator.in_flight_max,
            late=tally.starved,
            status={str(code): times for code, times in sorted(tally.status.items())},
            errors=dict(sorted(tally.errors.items())),
            latency=latency,
            sent_latency=sent,
            timeline=tally.timeline,
            histogram=bars(tally.latency),
            interrupted=interrupted,
        )

    def _judge(self, step: Step, use: tuple[float, float]) -> None:
        own, everybody = use
        late = of_microseconds(self.tally.late).p99
        word = ""
        if step.duration >= SHORTEST:
            word = verdict.bottleneck(own, late, step.latency.p99, everybody)
        step.generator = GeneratorUse(round(own, 4), late, word)
        step.machine = MachineUse(round(everybody, 4), everybody >= verdict.FULL)
        if step.late:
            most = min(self.plan.max_connections, self.plan.max_in_flight)
            step.notes.append(
                f"{step.late:,} of {step.requests:,} requests waited for one of"
                f" {most:,} connections; their latency counts from when they were due"
            )

    def _is_unmet(self, step: Step, outstanding: int) -> bool:
        if self.plan.mode != OPEN or step.interrupted or self.answers_at_half < 0:
            return False
        more = outstanding + step.errors.get(UNSENT, 0) - self.in_flight_at_begin
        answers = self.answers_at[-1] - self.answers_at_half
        whole = self.plan.rate.over(self.plan.duration)
        half = whole.over(self.plan.duration / 2)
        due = whole.mean * whole.length - half.mean * half.length
        return verdict.unmet(step.requests, more, answers, due)

    async def _add_router(self, step: Step) -> None:
        """What the router's own lines say of the measured seconds."""
        if self.plan.router is None or not step.requests:
            return
        now = time.time()
        await asyncio.sleep(math.ceil(now) + SETTLE - now)
        try:
            view = await self.plan.router.since(self.wall)
        except UserError as error:
            step.notes.append(f"the router's own lines are missing: {error}")
            return
        add_view(step, view)


def add_view(step: Step, view: RouterView) -> None:
    """Put what the router said into a step."""
    step.codes = dict(sorted(view.codes.items()))
    step.connect, step.service = view.connect, view.service
    step.share = dict(sorted(view.share.items(), key=lambda pair: dyno_order(pair[0])))
    ours = sum(step.status.values())
    if view.seen > ours * (1 + STRANGERS) + step.in_flight_max + 10:
        step.notes.append(
            f"the router saw {view.seen:,} requests, {ours:,} of them ours: somebody else's are"
            " in codes, service, connect and share"
        )


def dyno_order(name: str) -> tuple[str, int]:
    """web.2 before web.10."""
    kind, _, number = name.rpartition(".")
    return kind, int(number) if number.isdecimal() else 0
