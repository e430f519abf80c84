"""Measures dynos: every 20 seconds as Heroku does, and every 2 while somebody looks on.

No quota, no log-runtime-metrics, nobody who looks: no timer. The measuring is done in a thread,
because a large process takes the kernel a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from localku.dynos import report
from localku.dynos.load import LoadAverage
from localku.dynos.quota import verdict
from localku.dynos.runner import Run
from localku.dynos.spec import DynoSpec
from localku.dynos.usage import Usage, survey

EVERY = 20.0  # seconds (Dev Center, "log-runtime-metrics")
LOOK = 2.0  # seconds between two looks at what wants to run, and for those who look on
LOOK_MIN = 0.2  # however much time is scaled
AT_ONCE = 0.01  # seconds until the first look for somebody who has just come
LIVING = ("starting", "up")


class Metered(Protocol):
    """A dyno, of the formation or a one-off."""

    spec: DynoSpec
    current: Run | None

    @property
    def state(self) -> str: ...
    def log(self, text: str) -> None: ...
    def outgrew(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """A dyno and what is wanted of it. app_id: of its app. reports: log-runtime-metrics is on.
    watched: somebody looks on."""

    dyno: Metered
    app_id: str
    reports: bool = False
    watched: bool = False

    @property
    def wanted(self) -> bool:
        """Whether it has to be measured at all."""
        return self.reports or self.watched or self.dyno.spec.memory > 0


class Sample:
    """What a run of a dyno used at the last look."""

    __slots__ = ("at", "load", "usage")

    def __init__(self, now: float) -> None:
        self.at = now
        self.usage = Usage()
        self.load = LoadAverage(now)


class Metering:
    """subjects: asked for all dynos. on_look: called after each look. scale: of all times."""

    def __init__(
        self,
        subjects: Callable[[], Iterable[Subject]],
        scale: float = 1.0,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self._subjects = subjects
        self._scale = scale
        self._on_look = on_look
        self._every = EVERY * scale
        self._look_every = min(max(LOOK * scale, LOOK_MIN), self._every)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when Heroku would look again
        self._samples: dict[int, Sample] = {}  # by the key of a run
        self._looking: asyncio.Task[None] | None = None

    def sample(self, run: Run | None) -> Sample | None:
        """What a run used at the last look, None if nobody has looked yet."""
        return self._samples.get(run.key) if run is not None else None

    async def look(self) -> None:
        """Measure all dynos now, for somebody who asks once."""
        if self._looking is not None:
            await asyncio.wait((self._looking,))
            return
        await self._measure(everything=True)

    def arm(self, *, at_once: bool = False) -> None:
        """Begin to look, if there is a reason to; called whenever the dynos change. at_once: for
        somebody who has just come."""
        if self._looking is not None:
            return
        wait = AT_ONCE if at_once else self._wait()
        if wait is None:
            return
        loop = asyncio.get_running_loop()
        if not self._due:
            self._due = loop.time() + self._every
        if self._timer is not None:
            if self._timer.when() <= loop.time() + wait:
                return
            self._timer.cancel()
        self._timer = loop.call_later(wait, self._look)

    def close(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._looking is not None:
            self._looking.cancel()

    def _wait(self) -> float | None:
        """Seconds until the next look; None when nobody wants one."""
        subjects = [each for each in self._subjects() if each.wanted]
        if any(each.reports or each.watched for each in subjects):
            return self._look_every
        if not subjects:
            return None
        now = asyncio.get_running_loop().time()
        return max(self._due - now, AT_ONCE) if self._due else self._every

    def _look(self) -> None:
        self._timer = None
        if self._wait() is None:
            self._due = 0.0
            self._samples.clear()
            return
        self._looking = asyncio.get_running_loop().create_task(self._measure())
        self._looking.add_done_callback(self._looked)

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            context = {"message": "fault in the metering of dynos", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            return
        self.arm()

    async def _measure(self, everything: bool = False) -> None:
        loop = asyncio.get_running_loop()
        asked = {
            run.key: run
            for each in self._subjects()
            if (everything or each.wanted)
            and (run := each.dyno.current) is not None
            and run.pid
            and each.dyno.state in LIVING
        }
        leaders = [run.pid for run in asked.values()]
        found = await loop.run_in_executor(None, survey, leaders) if leaders else {}
        now = loop.time()
        self._keep(asked, found, now)
        if self._due and now >= self._due - LOOK_MIN / 2:
            self._due = now + self._every
            for each in list(self._subjects()):
                self._tell(each)
        self._on_look()

    def _keep(self, asked: dict[int, Run], found: dict[int, Usage], now: float) -> None:
        """Note what was measured of these runs; forget all others."""
        before = self._samples
        self._samples = {}
        for key, run in asked.items():
            sample = before.get(key)
            usage = found[run.pid]
            if sample is None:
                sample = Sample(now)
                sample.load = LoadAverage((now - self._look_every) / self._scale)
            else:
                _estimate_tasks(usage, sample, now)
            if usage.tasks is not None:
                sample.load.add(usage.tasks, now / self._scale)
            sample.usage, sample.at = usage, now
            self._samples[key] = sample

    def _tell(self, subject: Subject) -> None:
        """What Heroku says every 20 seconds."""
        dyno = subject.dyno
        run = dyno.current
        sample = self.sample(run)
        if run is None or sample is None or dyno.state not in LIVING:
            return
        usage, quota = sample.usage, dyno.spec.memory
        if subject.reports:
            averages = sample.load.averages
            who = report.Who(dyno.spec.name, subject.app_id, run.id)
            dyno.log(report.load_line(who, averages))
            dyno.log(report.memory_line(who, usage, quota))
        judge(dyno, usage)


def judge(dyno: Metered, usage: Usage) -> None:
    """Hold what a dyno uses against its quota: R14 is said, R15 ends it."""
    lines, vast = verdict(usage.total, usage.total - usage.cache, dyno.spec.memory)
    for line in lines:
        dyno.log(line)
    if vast:
        dyno.outgrew()


def _estimate_tasks(usage: Usage, before: Sample, now: float) -> None:
    """Where no system tells how many tasks want to run: how many did, by their CPU time."""
    elapsed = now - before.at
    if usage.tasks is None and elapsed > 0:
        # a process that ended takes its time out of the sum
        usage.tasks = max(0.0, usage.cpu - before.usage.cpu) / elapsed
