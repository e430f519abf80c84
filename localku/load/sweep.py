"""A sweep: the same load on 1, 2, 4, 8 dynos of a process type. Drives the formation and the steps.

The formation is put back in every case: at the end, on Ctrl-C and SIGTERM (`stop`), after an error,
when the app dies; and by the guard when this process is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from random import Random

from localku.cli.client import Client
from localku.errors import UserError
from localku.load.formation import PATIENCE, Formation, change, pause
from localku.load.goal import Goal
from localku.load.order import order
from localku.load.plan import Plan, Progress
from localku.load.rates import Profile
from localku.load.result import Step
from localku.load.search import PROBES, Search
from localku.manifest.formation import MAX_QUANTITY

QUIET = 0.5  # seconds after the last dyno came up: what follows a boot is not to be measured
REWARM = 0.5  # seconds of warm-up before each further probe of the same formation

RunStep = Callable[[Plan, Callable[[Progress], None], asyncio.Event], Awaitable[Step]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scaling:
    """What is asked for. goal: search the highest rate that fulfils it. concurrency: requests that
    a dyno works on at once, for the prediction."""

    kind: str
    counts: tuple[int, ...]
    repeats: int = 1
    goal: Goal | None = None
    patience: float = PATIENCE
    probes: int = PROBES
    quiet: float = QUIET
    concurrency: int = 1


@dataclass(slots=True)
class Outcome:
    """What came of it. best: the highest rate that each count sustained, of a search, and whether
    a higher one is known to fail. trouble: why the sweep ended early, or ""; it then failed."""

    steps: list[Step] = field(default_factory=list)
    best: dict[int, float] = field(default_factory=dict)
    is_bracketed: dict[int, bool] = field(default_factory=dict)
    trouble: str = ""
    interrupted: bool = False
    before: int = 0


def parse_scale(text: str) -> tuple[str, tuple[int, ...]]:
    """`web=1,2,4,8` as a process type and its counts, each once. Raises UserError."""
    kind, sign, rest = text.partition("=")
    words = [word.strip() for word in rest.split(",")]
    if not kind or not sign or not all(word.isascii() and word.isdigit() for word in words):
        hint = "write it as web=1,2,4,8"
        raise UserError(f"these are no counts: {text}", where="--scale", hint=hint, status=2)
    counts = tuple(dict.fromkeys(int(word) for word in words))
    for count in counts:
        if not 1 <= count <= MAX_QUANTITY:
            what = f"{kind}={count} cannot be measured"
            hint = f"from 1 to {MAX_QUANTITY}"
            raise UserError(what, where="--scale", hint=hint, status=2)
    return kind.strip(), counts


class Sweep:
    """run_step: measures one step. say: progress, a line. watch: what run_step tells."""

    def __init__(
        self,
        client: Client,
        plan: Plan,
        scaling: Scaling,
        run_step: RunStep,
        say: Say,
        watch: Callable[[Progress], None],
        stop: asyncio.Event,
    ) -> None:
        self.formation = Formation(client, scaling.kind)
        self.plan = plan
        self.scaling = scaling
        self.outcome = Outcome()
        self._run_step = run_step
        self._say = say
        self._watch = watch
        self._stop = stop
        self._found: dict[int, list[float]] = {}

    async def run(self) -> Outcome:
        """Measure all; the formation is as before when this returns or raises. UserError when
        there is nothing to measure, or when the formation could not be put back."""
        await self.formation.take()
        self.outcome.before = self.formation.before
        try:
            await self._measure_all()
        except UserError as error:
            self.outcome.trouble = str(error)
        finally:
            await self._put_back()
        self.outcome.interrupted = self._stop.is_set()
        return self.outcome

    async def _put_back(self) -> None:
        kind, before = self.formation.kind, self.formation.before
        try:
            await self.formation.restore()
        except UserError as error:
            if not self.outcome.trouble:
                raise
            self.outcome.trouble += f"; {error}"
            return
        self._say(f"the formation is {kind}={before} again")

    async def _measure_all(self) -> None:
        scaling = self.scaling
        for count, repeat in order(scaling.counts, scaling.repeats, Random(self.plan.seed)):
            if self._stop.is_set():
                return
            await self.formation.scale(count)
            self._say(f"{scaling.kind}={count}: waiting until it is up")
            await self.formation.wait_up(count, self._stop, scaling.patience)
            await pause(self._stop, scaling.quiet)
            if self._stop.is_set():
                return
            # the same arrivals for all counts, others in each repeat
            seed = self.plan.seed + repeat - 1
            plan = replace(self.plan, dynos={scaling.kind: count}, repeat=repeat, seed=seed)
            if scaling.goal is None:
                await self._measure(plan)
            else:
                await self._search(plan, count, scaling.goal)

    async def _measure(self, plan: Plan) -> Step | None:
        """One step. Raises UserError when the dynos were not the same all the time."""
        inner = asyncio.Event()
        before = await self.formation.look()
        watching = asyncio.create_task(self.formation.until_changed(before))
        stopping = asyncio.create_task(self._stop.wait())
        running = asyncio.ensure_future(self._run_step(plan, self._watch, inner))
        try:
            tasks: set[asyncio.Future[object]] = {watching, stopping, running}  # type: ignore[arg-type]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            inner.set()
            try:
                step = await running
            except UserError as error:
                raise UserError(await self._cause(watching, error.message)) from None
        finally:
            for task in (watching, stopping):
                if not task.done():
                    task.cancel()
        if self._stop.is_set():
            step.interrupted = True
        if step.requests:
            self.outcome.steps.append(step)
        if watching.done() and not watching.cancelled():
            return self._died(step, watching.result())
        after = await self.formation.look()
        if after != before:
            return self._died(step, change(before, after))
        return step

    async def _cause(self, watching: asyncio.Task[str], message: str) -> str:
        """Why a step could not be measured: what became of a dyno says more than the symptom."""
        done, _ = await asyncio.wait({watching}, timeout=1.0)
        return f"{watching.result()}: {message}" if done else message

    def _died(self, step: Step, what: str) -> Step:
        trouble = f"{what} while {self._names(step)} was measured"
        step.troubles.append(trouble)
        raise UserError(trouble, hint="see `localku logs`")

    def _names(self, step: Step) -> str:
        return " ".join(f"{kind}={count}" for kind, count in step.dynos.items())

    async def _search(self, plan: Plan, count: int, goal: Goal) -> None:
        """The highest rate of one count."""
        search = Search(self._guess(count), self.scaling.probes)
        warmup = plan.warmup
        while not search.done and not self._stop.is_set():
            rate = search.rate
            probe = replace(plan, rate=Profile.flat(rate), warmup=warmup)
            step = await self._measure(probe)
            if step is None or step.interrupted:
                return
            warmup = min(plan.warmup, REWARM)
            held = goal.is_met(step)
            p = getattr(step.latency, goal.name)
            word = "holds" if held else "too much"
            if not held and p < goal.most:
                word += " (errors, or requests that were left over)"
            self._say(f"{self._names(step)} at {rate:.4g} req/s: {goal.name} {p:.4g} ms, {word}")
            if not held and step.generator.bottleneck:
                break  # a higher rate says nothing of the app
            search.take(held=held, achieved=step.achieved)
        self._found.setdefault(count, []).append(search.best)
        rates = self._found[count]
        self.outcome.best[count] = sum(rates) / len(rates)
        self.outcome.is_bracketed[count] = search.is_bracketed

    def _guess(self, count: int) -> float:
        """Where to begin: as much for each dyno as another count sustained."""
        known = [(abs(other - count), other, rate) for other, rate in self.outcome.best.items()]
        if not known or not min(known)[2]:
            return self.plan.rate.most
        _, other, rate = min(known)
        return rate * count / other
