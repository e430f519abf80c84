"""Where an app is watched: copies of it run in a few scenes, each once, and what is seen is kept.

A dynamic probe asks for the scenes that it needs; `--only` therefore runs no more than that. The
app's folder is only read, its services are not reached, and all that was made goes away.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from localku.check import asking, comparing, oneoff, processes, world
from localku.check.prepare import Prepared, temporary
from localku.check.record import Answer, Ask, Run
from localku.check.redaction import Cleaner
from localku.check.slug import Slug
from localku.check.trial import Trial, running
from localku.errors import UserError
from localku.manifest.manifest import Manifest
from localku.manifest.procfile import RELEASE

T = TypeVar("T")
WEB = "web"
ROUNDS = 3  # of the script, in each scene that compares
CROWD = 4  # web dynos
QUICK = 0.8  # seconds; a page that takes longer is not asked in every round


@dataclass
class Wishes:
    """What the command line says. script: None for GET of what is found."""

    paths: Sequence[str] = ("/",)
    script: Sequence[Ask] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    use_services: bool = False
    boot: float = 60.0
    grace: float = 30.0
    limit: float = 300.0
    seed: int = 1


@dataclass
class Pair:
    """The same script asked in turn of two dynos that share nothing but the services. found: where
    their answers are not those of one. compared: how many could be. cookies: see CookieTry."""

    both: list[Answer] = field(default_factory=list)
    cookies: list[comparing.CookieTry] = field(default_factory=list)
    found: list[comparing.Difference] = field(default_factory=list)
    compared: int = 0
    failed: str = ""


class Stage:
    """Open from `open` to `close`. progress: told what is being tried. slug: the app's files,
    and sources their texts by path."""

    def __init__(
        self,
        manifest: Manifest,
        wishes: Wishes,
        progress: Callable[[str], None] = lambda _: None,
        slug: Slug | None = None,
    ) -> None:
        self.manifest = manifest
        self.slug = slug
        self.sources: Mapping[str, str] = slug.files if slug is not None else {}
        self.wishes = wishes
        self.progress = progress
        self.rng = random.Random(wishes.seed)
        self.end = time.monotonic() + wishes.limit
        self.prepared: Prepared | None = None
        self._kept: dict[str, asyncio.Future[object]] = {}

    async def open(self) -> None:
        """Make the temporary folder and the stand-ins. Raises UserError."""
        manifest, wishes = self.manifest, self.wishes
        denied = processes.busy_ports()
        self.prepared = Prepared(
            root=manifest.root,
            folder=temporary(),
            app=manifest.app,
            commands={name: entry.command for name, entry in manifest.entries.items()},
            config={**manifest.env, **wishes.env},
            use_services=wishes.use_services,
            boot=wishes.boot,
            grace=wishes.grace,
            denied=denied,
        )
        await self.prepared.open_stands()

    async def close(self) -> None:
        """Take everything away."""
        if self.prepared is not None:
            await self.prepared.close()

    @property
    def ready(self) -> Prepared:
        """What is prepared; only while it is open."""
        if self.prepared is None:
            raise UserError("the stage is not open")
        return self.prepared

    @property
    def has_web(self) -> bool:
        """Whether the Procfile has a web process type."""
        return WEB in self.manifest.entries

    async def _once(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        if name not in self._kept:
            if time.monotonic() > self.end:
                raise UserError(f"there was no time left for it (--limit {self.wishes.limit:g}s)")
            self._kept[name] = asyncio.ensure_future(make())
        return await self._kept[name]  # type: ignore[return-value]

    # -- scenes ----------------------------------------------------------------------------------

    async def one(self) -> Run:
        """One dyno of each process type, fresh; crawled, asked, looked at, and ended."""
        try:
            return await self._once("one", self._one)
        except UserError as error:
            self.failed = self.failed or error.message
            raise

    async def again(self) -> Run:
        """One web dyno, fresh again, with its output unbuffered; the same requests."""
        return await self._once("again", self._again)

    async def pair(self) -> Pair:
        """One dyno and two, compared."""
        return await self._once("pair", self._pair)

    async def crowd(self) -> Run:
        """Two web dynos, then four, with some config vars changed; killed and ended under load."""
        return await self._once("crowd", self._crowd)

    def script(self, run: Run) -> list[Ask]:
        """What is asked in each round: the script, or what the crawl found."""
        if self.wishes.script is not None:
            return list(self.wishes.script)
        found = run.answers[: self._crawled]
        quick = [a.ask for a in found if a.status and not a.cut and a.took < QUICK]
        return quick[: asking.MOST_PAGES] or [answer.ask for answer in found[:1]]

    _crawled = 0

    failed = ""  # why the app did not come up

    async def _one(self) -> Run:
        kinds = [name for name in self.manifest.entries if name != RELEASE]
        self.progress(f"one dyno of each process type ({', '.join(kinds)})")
        ready = self.ready
        data = ready.data("one-data")
        order = ready.order("one", dict.fromkeys(kinds, 1), data, unbuffered=False)
        order.at_once = RELEASE not in self.manifest.entries
        async with running(order) as trial:
            if not order.at_once:
                await self._release(trial, data)
                await trial.scale(order.formation)
            if not await self.come_up(trial, [f"{WEB}.1"] if self.has_web else []):
                self._note_services(trial)
                self.failed = trial.run.failed
                return trial.run
            if self.has_web:
                self.progress("requests to one dyno")
                trial.run.traffic_at = time.time()
                found = await asking.crawl(trial.port, self.wishes.paths)
                self._crawled = len(found)
                trial.run.answers += found
                await self._rounds([trial], self.script(trial.run))
            else:
                await trial.settle(3.0)
            await trial.settle()
            trial.look()
            self._note_services(trial)
            self.progress("a one-off dyno")
            await oneoff.look(trial)
            trial.run.ended_at = time.time()
            self.progress("SIGTERM to that dyno")
            dyno = f"{WEB}.1" if self.has_web else f"{kinds[0]}.1" if kinds else ""
            if dyno and trial.pids(dyno):
                trial.run.stops.append(await trial.term(dyno, None, 0))
            await trial.settle()
        return trial.run

    async def _release(self, trial: Trial, data: str) -> None:
        """Run the release phase, once; later copies of the app have what it made."""
        self.progress("the release phase")
        await oneoff.run(trial, self.manifest.entries[RELEASE].command, RELEASE)
        made = trial.note_release()
        self.ready.keep_release(trial.order.slug, made, data)

    async def come_up(self, trial: Trial, dynos: list[str]) -> bool:
        """Wait for these dynos. If they do not come up, the run says why."""
        missing = await trial.until_up(dynos, self.wishes.boot + 5)
        trial.look()
        trial.note_boots(dynos)
        if missing:
            trial.run.failed = f"{', '.join(missing)} did not come up"
        return not missing

    def _note_services(self, trial: Trial) -> None:
        """Write down who came to the stand-ins so far, and which copies of files were changed."""
        run, ready = trial.run, self.ready
        run.stands = {name: stand.came for name, stand in ready.stands.items()}
        run.services_missed = [name for name, came in run.stands.items() if came]
        if ready.use_services:
            run.services_missed = []
        for name in ready.services.files:
            run.files[name] = world.sqlite_path(run.config[name])
            run.grown[name] = ready.is_changed(name, run.files[name])

    async def _rounds(self, trials: list[Trial], script: list[Ask]) -> list[Answer]:
        """Ask the script several times, in turn of these platforms, as one client with cookies."""
        jar: dict[str, str] = {}
        found = []
        for number in range(ROUNDS):
            for at, wanted in enumerate(script):
                found.append(await trials[(number + at) % len(trials)].ask(wanted, jar))
        return found

    async def _again(self) -> Run:
        first = await self.one()
        if first.failed or not self.has_web:
            return Run(failed=first.failed or "there is no web process type")
        ready = self.ready
        order = ready.order("again", {WEB: 1}, ready.data("again-data"))
        async with running(order) as trial:
            if await self.come_up(trial, [f"{WEB}.1"]):
                trial.run.traffic_at = time.time()
                await asking.crawl(trial.port, self.wishes.paths)
                await self._rounds([trial], self.script(first))
                await trial.settle()
            trial.run.ended_at = time.time()
        return trial.run

    async def _pair(self) -> Pair:
        first = await self.one()
        if first.failed:
            return Pair(failed=first.failed)
        script = self.script(first)
        length = ROUNDS * len(script)
        self.progress("the same again; and two dynos that share nothing but the services")
        both = self.again(), self._side_by_side("pair", script)
        found = await asyncio.gather(*both, return_exceptions=True)
        second, pair = (_or_raise(each) for each in found)
        if not isinstance(second, Run) or not isinstance(pair, Pair):
            return Pair(failed="it was not played")
        if second.failed or pair.failed:
            return Pair(failed=second.failed or pair.failed)
        alone = first.answers[-length:], second.answers[-length:]
        clean = Cleaner(self.ready.config, self.sources.values()).text
        pair.found = comparing.differences(*alone, pair.both, clean)
        pair.compared = comparing.compared(*alone, pair.both)
        if pair.found:
            self.progress("the same once more, to be sure")
            again = await self._side_by_side("sure", script)
            sure = {each.at for each in comparing.differences(*alone, again.both)}
            pair.found = [each for each in pair.found if each.at in sure]
        return pair

    async def _side_by_side(self, name: str, script: list[Ask]) -> Pair:
        """Ask the script in turn of two platforms, each over its own copy of the app."""
        ready = self.ready
        data = ready.data(f"{name}-data")
        left = ready.order(f"{name}-left", {WEB: 1}, data)
        right = ready.order(f"{name}-right", {WEB: 1}, data)
        async with running(left) as one, running(right) as other:
            for trial in (one, other):
                if not await self.come_up(trial, [f"{WEB}.1"]):
                    return Pair(failed=trial.run.failed)
            await asking.crawl(one.port, self.wishes.paths)
            both = await self._rounds([one, other], script)
            return Pair(both, await self._cookies(one, other, script))

    async def _cookies(
        self, one: Trial, other: Trial, script: list[Ask]
    ) -> list[comparing.CookieTry]:
        """Whether a cookie that one dyno sets is taken by the other as by the one."""
        tries = []
        for wanted in [each for each in script if each.method == "GET"][:5]:
            fresh = await one.ask(wanted, {})
            if fresh.cookies:
                jar = fresh.cookies
                here = await one.ask(wanted, dict(jar))
                there = await other.ask(wanted, dict(jar))
                tries.append(comparing.CookieTry(wanted, jar, here, there))
        return tries

    async def _crowd(self) -> Run:
        from localku.check import crowd

        first = await self.one()
        if first.failed or not self.has_web:
            return Run(failed=first.failed or "there is no web process type")
        return await crowd.play(self, first)


def _or_raise(found: T | BaseException) -> T:
    if isinstance(found, BaseException):
        raise found
    return found
