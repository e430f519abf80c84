"""`localku load`: one load test of the running app, or of a URL; with --scale, of several counts.

Exit status: 0 when all is well, 99 when a threshold failed (as k6 has it), 1 when the test itself
failed (nobody answered, the rate was not met, the app died), 2 for a wrong command, 130 when it was
ended by Ctrl-C.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone

from localku.cli.client import USAGE, Client, connect
from localku.errors import UserError
from localku.load import options, reach, table, thresholds
from localku.load.looping import make_room, run
from localku.load.meter import Meter
from localku.load.options import STDOUT, Wanted
from localku.load.percentiles import hdr_text, of_steps
from localku.load.plan import Plan
from localku.load.result import CLOSED, Result, Step
from localku.load.routerlines import FeedLines
from localku.load.step import run_step
from localku.load.usage import machine
from localku.load.wire import wire

FAILED_THRESHOLD, FAILED, INTERRUPTED = 99, 1, 130


@dataclass(slots=True)
class Found:
    """What is printed and saved. lines: the text for people."""

    result: Result
    lines: list[str] = field(default_factory=list)
    status: int = 0


def main(name: str, argv: list[str]) -> int:
    """Run the test; returns its exit status. Raises UserError."""
    wanted = options.read(name, argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no such letter
    check_files(wanted)
    client = None if wanted.origin is not None else connect(wanted.options)
    if client is not None:
        client.close()  # it is opened again when it is needed
    elif wanted.options.scale:
        what = "only the dynos of an app that runs here can be scaled"
        raise UserError(what, where="--scale", status=USAGE)
    meter = Meter(not wanted.options.no_live)
    try:
        found = run(lambda stop: measure(wanted, client, meter, stop))
    finally:
        meter.clear()
    save(wanted, found)
    return found.status


async def measure(
    wanted: Wanted, client: Client | None, meter: Meter, stop: asyncio.Event
) -> Found:
    """Measure what is wanted. Raises UserError."""
    plan, result = await prepare(wanted, client)
    if wanted.options.scale and client is not None:
        from localku.load.command_scale import scale

        return await scale(wanted, client, plan, result, meter, stop)
    step = await run_step(plan, meter.show, stop)
    step.failed_thresholds = thresholds.failures(wanted.thresholds, step)
    result.steps = [step]
    return Found(result, table.lines(result, step), status_of([step]))


def status_of(steps: list[Step]) -> int:
    """The exit status of what was measured."""
    if any(step.interrupted for step in steps):
        return INTERRUPTED
    if any(step.failed_thresholds for step in steps):
        return FAILED_THRESHOLD
    return FAILED if any(step.troubles for step in steps) else 0


async def prepare(wanted: Wanted, client: Client | None) -> tuple[Plan, Result]:
    """The plan of a step, and the result that is to be filled. Raises UserError."""
    chosen = wanted.options
    notes: list[str] = []
    counts: dict[str, int] = {}
    router = None
    if client is None:
        if wanted.origin is None:
            raise UserError("there is no target", status=USAGE)
        target = await reach.url(wanted.origin, chosen.owned, chosen.insecure)
    else:
        running = await reach.app(client, chosen.tls)
        target, counts = running.target, running.counts
        router = FeedLines(client)
    asks = wanted.asks
    if wanted.har:
        hosts = {wanted.har_host} if wanted.har_host else {target.host, target.server_name}
        asks, notes = options.read_har(wanted.har, hosts)
    for ask in asks:
        wire(ask, target)  # says what cannot be sent before anything is
    room = make_room(wanted.connections if wanted.mode == CLOSED else wanted.max_connections)
    plan = Plan(
        target=target,
        asks=tuple(asks),
        in_order=bool(wanted.har),
        mode=wanted.mode,
        arrivals=wanted.arrivals,
        rate=wanted.rate,
        connections=min(wanted.connections, room),
        max_connections=min(wanted.max_connections, room),
        max_in_flight=wanted.max_in_flight,
        duration=wanted.duration,
        warmup=wanted.warmup,
        timeout=wanted.timeout,
        seed=wanted.seed,
        router=router,
        dynos=counts,
    )
    result = Result(
        app=client.app if client is not None else "",
        target=target.url,
        mode=plan.mode,
        arrivals=plan.arrivals,
        seed=plan.seed,
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=machine(),
        notes=notes,
    )
    if plan.mode == CLOSED and plan.connections < wanted.connections:
        result.notes.append(f"the limit of open files leaves room for {room:,} connections only")
    return plan, result


# -- files -----------------------------------------------------------------------------------------


def check_files(wanted: Wanted) -> None:
    """See that the files can be written before minutes are spent. Raises UserError."""
    for flag, path in (("--json", wanted.json), ("--html", wanted.html), ("--hdr", wanted.hdr)):
        if path and path != STDOUT:
            try:
                with open(path, "ab"):
                    pass
            except OSError as error:
                what = f"cannot write {path}: {error.strerror}"
                raise UserError(what, where=flag, status=USAGE) from None


def save(wanted: Wanted, found: Found) -> None:
    """Print and write what was found. Raises UserError."""
    plain = json.dumps(found.result.to_json(), indent=2, ensure_ascii=False)
    sys.stdout.write((plain if wanted.json == STDOUT else "\n".join(found.lines)) + "\n")
    if wanted.json and wanted.json != STDOUT:
        write(wanted.json, plain + "\n")
    if wanted.hdr:
        write(wanted.hdr, "\n".join(hdr_text(of_steps(found.result.steps))) + "\n")
    if wanted.html:
        from localku.load import report

        write(wanted.html, report.page(found.result))


def write(path: str, text: str) -> None:
    """Write a file. Raises UserError."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"cannot write it: {error.strerror}", where=path) from None
