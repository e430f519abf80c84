"""The dynamic probes: each takes the scenes that it needs to a judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from localku.check import (
    installed,
    judge_admin,
    judge_config,
    judge_deps,
    judge_dynos,
    judge_files,
    judge_life,
    judge_logs,
    judge_port,
    judge_services,
)
from localku.check.declared import declared
from localku.check.finding import Finding
from localku.check.judging import PASS, UNSEEN, unseen
from localku.check.pyfacts import facts_of
from localku.check.record import Run
from localku.check.stage import Stage

NO_WEB = "the Procfile has no web process type"


def _of(run: Run, found: list[Finding]) -> list[Finding]:
    """What was found, but that an app which did not run has passed nothing."""
    if not run.failed:
        return found
    return [
        replace(each, verdict=UNSEEN, said=run.failed, evidence=())
        if each.verdict is PASS
        else each
        for each in found
    ]


async def modules_run(stage: Stage) -> list[Finding]:
    """II."""
    run = await stage.one()
    if not stage.slug or not run.languages:
        return unseen(2, "modules-run", run.failed or "imports can be seen in Python only")
    known = await installed.look(run, stage.ready.folder)
    optional = frozenset(s.where for s in run.of("import") if _is_guarded(stage.sources, s.where))
    return _of(run, judge_deps.modules(run, declared(stage.slug), known, optional))


def _is_guarded(sources: Mapping[str, str], where: str) -> bool:
    """Whether the import at `app.py:3` stands in a try that does without."""
    path, _, number = where.rpartition(":")
    facts = facts_of(sources.get(path, ""))
    return facts is not None and any(
        each.optional and str(each.line) == number for each in facts.imports
    )


async def programs_run(stage: Stage) -> list[Finding]:
    """II."""
    run = await stage.one()
    if not run.languages:
        why = run.failed or "programs that are started can be seen in Python and Node only"
        return unseen(2, "programs-run", why)
    aptfile = stage.sources.get("Aptfile", "")
    return _of(run, judge_deps.programs(run, aptfile))


async def env_reads(stage: Stage) -> list[Finding]:
    """III."""
    return judge_config.reads(await stage.one(), stage.ready.config, stage.sources)


async def config_files_read(stage: Stage) -> list[Finding]:
    """III."""
    run = await stage.one()
    return _of(run, judge_config.files(run))


async def changed_env(stage: Stage) -> list[Finding]:
    """III."""
    if not stage.has_web:
        return unseen(3, "changed-env", NO_WEB)
    run = await stage.crowd()
    return judge_config.effect(run, stage.ready.config, list(run.changed))


async def hard_coded(stage: Stage) -> list[Finding]:
    """IV."""
    run = await stage.one()
    return _of(run, judge_services.hard_coded(run))


async def swap(stage: Stage) -> list[Finding]:
    """IV."""
    run = await stage.one()
    files = {name: run.files[name] for name in stage.ready.services.files if name in run.files}
    return _of(run, judge_services.swapped(run, files))


async def slug_writes(stage: Stage) -> list[Finding]:
    """V."""
    run = await stage.one()
    return _of(run, judge_files.slug_writes(run))


async def two_dynos(stage: Stage) -> list[Finding]:
    """VI."""
    if not stage.has_web:
        return unseen(6, "two-dynos", NO_WEB)
    pair = await stage.pair()
    if pair.failed:
        return unseen(6, "two-dynos", pair.failed)
    bad = sum(answer.status >= 500 for answer in pair.both)
    if 2 * bad >= len(pair.both) and not pair.found:
        said = f"{bad} of {len(pair.both)} requests got an error (5xx), which compares nothing"
        return unseen(6, "two-dynos", said)
    reads = all(answer.ask.method == "GET" for answer in pair.both)
    return judge_dynos.differs(pair.found, pair.compared, reads=reads)


async def cookies(stage: Stage) -> list[Finding]:
    """VI."""
    if not stage.has_web:
        return unseen(6, "cookies", NO_WEB)
    pair = await stage.pair()
    return unseen(6, "cookies", pair.failed) if pair.failed else judge_dynos.cookies(pair.cookies)


async def own_files(stage: Stage) -> list[Finding]:
    """VI."""
    return judge_dynos.own_files(await stage.one())


async def port_bound(stage: Stage) -> list[Finding]:
    """VII."""
    if not stage.has_web:
        return unseen(7, "port-bound", NO_WEB)
    return judge_port.port([await stage.one(), await stage.again()])


async def address_bound(stage: Stage) -> list[Finding]:
    """VII."""
    if not stage.has_web:
        return unseen(7, "address-bound", NO_WEB)
    return judge_port.address(await stage.one())


async def extra_ports(stage: Stage) -> list[Finding]:
    """VII."""
    if not stage.has_web:
        return unseen(7, "extra-ports", NO_WEB)
    return judge_port.extra_ports(await stage.one())


async def share(stage: Stage) -> list[Finding]:
    """VIII."""
    if not stage.has_web:
        return unseen(8, "share", NO_WEB)
    return judge_dynos.share(await stage.crowd(), await stage.one())


async def pid_files(stage: Stage) -> list[Finding]:
    """VIII."""
    run = await stage.one()
    return _of(run, judge_dynos.pid_files(run))


async def daemons_seen(stage: Stage) -> list[Finding]:
    """VIII."""
    run = await stage.one()
    return _of(run, judge_dynos.daemons(run))


async def boot(stage: Stage) -> list[Finding]:
    """IX."""
    if not stage.has_web:
        return unseen(9, "boot", NO_WEB)
    return judge_life.boot([await stage.one(), await stage.again(), await stage.crowd()])


async def sigterm(stage: Stage) -> list[Finding]:
    """IX."""
    runs = [await stage.one()]
    if stage.has_web:
        runs.append(await stage.crowd())
    return judge_life.term(runs)


async def in_flight(stage: Stage) -> list[Finding]:
    """IX."""
    if not stage.has_web:
        return unseen(9, "in-flight", NO_WEB)
    return judge_life.in_hand(await stage.crowd())


async def sigkill(stage: Stage) -> list[Finding]:
    """IX."""
    if not stage.has_web:
        return unseen(9, "sigkill", NO_WEB)
    return judge_life.killed(await stage.crowd())


async def buffering(stage: Stage) -> list[Finding]:
    """XI."""
    if not stage.has_web:
        return unseen(11, "buffering", NO_WEB)
    return judge_logs.buffered(await stage.one(), await stage.again())


async def log_files_written(stage: Stage) -> list[Finding]:
    """XI."""
    run = await stage.one()
    found = judge_files.log_files(run)
    if run.failed and not found[0].evidence:
        return unseen(11, "log-files", run.failed)
    return found


async def secrets_in_log(stage: Stage) -> list[Finding]:
    """XI."""
    run = await stage.one()
    return _of(run, judge_logs.secrets(run))


async def one_off(stage: Stage) -> list[Finding]:
    """XII."""
    return judge_admin.one_off(await stage.one())
