"""VII: does the app listen where it is told to, for all addresses, and nowhere else? Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, UNSEEN, WARN, last_words, unseen
from localku.check.record import Listener, Run

DYNO = "web.1"
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104
# what a program says that got no further than prepare.py lets it
_BARRED = re.compile(r"localku-doctor\.invalid|no-root\.crt|server does not support SSL")
_WHY = (
    "the router reaches a dyno only at $PORT, which is another one each time; a web process that"
    " has not bound it within 60 seconds is killed (R10), and requests get H20 or H10"
)


def port(runs: Sequence[Run]) -> list[Finding]:
    """Whether it binds $PORT: runs are fresh ones, with different ports."""
    first = runs[0]
    if first.failed:
        return [_never(first)]
    seen = [(run.ports.get(DYNO, 0), _own(run)) for run in runs if not run.failed]
    if not all(number and listener for number, listener in seen):
        if first.can_see_processes:
            return unseen(7, "port-bound", "the process that listens could not be seen")
        said = f"web.1 took connections at its $PORT in {len(seen)} runs"
        return [Finding(7, "port-bound", PASS, said)]
    evidence = tuple(
        Evidence("process", f"$PORT={number}", f"listens on {listener.host}:{listener.port}")
        for number, listener in seen
        if listener is not None
    )
    if len({number for number, _ in seen}) < 2:
        return [Finding(7, "port-bound", PASS, "web.1 listens at its $PORT (one run)", evidence)]
    said = f"web.1 listened at its $PORT in {len(seen)} runs, each time another one"
    return [Finding(7, "port-bound", PASS, said, evidence)]


def _own(run: Run) -> Listener | None:
    for each in run.listeners:
        if each.dyno == DYNO and each.port == run.ports.get(DYNO):
            return each
    return None


def _never(run: Run) -> Finding:
    others = sorted({each.port for each in run.listeners if each.dyno == DYNO})
    evidence = last_words(run, DYNO)
    asked = run.ports.get(DYNO, 0)
    refused = [sight for sight in run.of("connect") if sight.data.get("refused")]
    if any(each.text.endswith("exited with status 127") for each in evidence):
        said = "the web command is not found on this machine: install what the app needs here"
        return Finding(7, "port-bound", UNSEEN, said, tuple(evidence))
    barred = [line for line in run.said(DYNO) if _BARRED.search(line.message)]
    if run.services_missed or refused or barred:
        reached = [f"{each.data.get('host')}:{each.data.get('port')}" for each in refused]
        seen = dict.fromkeys([*run.services_missed, *reached])
        what = ", ".join(seen) or "as its log says"
        said = (
            f"web.1 did not come up, perhaps for want of its services ({what}), which doctor does"
            " not touch: give it others (--env NAME=VALUE), or let it use these (--use-services)"
        )
        return Finding(7, "port-bound", UNSEEN, said, tuple(evidence))
    if others:
        where = ", ".join(str(each) for each in others)
        said = f"web.1 listens on port {where}, and not at its $PORT"
        listening = [
            Evidence("process", f"$PORT={asked}", f"listens on {each.host}:{each.port}")
            for each in run.listeners
            if each.dyno == DYNO
        ]
        evidence = [*listening, *evidence]
    elif any("exited" in each.text for each in evidence):
        said = "web.1 ends before it listens at its $PORT"
    else:
        said = "web.1 never listens at its $PORT"
    if not evidence:
        evidence = [Evidence("log", f"heroku[{DYNO}]", run.failed)]
    return Finding(7, "port-bound", FAIL, said, tuple(evidence), _WHY, "listen on 0.0.0.0:$PORT")


def address(run: Run) -> list[Finding]:
    """Whether it listens for all addresses."""
    own = _own(run)
    if run.failed or own is None:
        why = run.failed or "which process listens can be seen on Linux only"
        return unseen(7, "address-bound", why)
    binds = [sight for sight in run.of("bind") if sight.data.get("port") == own.port]
    evidence = [
        Evidence("syscall", sight.where, f"bind {sight.data.get('host')}:{own.port}")
        for sight in binds
        if sight.where
    ]
    evidence.insert(0, Evidence("process", own.command, f"listens on {own.host}:{own.port}"))
    told = [name for name, value in run.config.items() if value in (own.host, "localhost")]
    if told and own.host not in _EVERYWHERE:
        said = f"it listens on {own.host}, for {told[0]} says so: leave that unset on Heroku"
        return [Finding(7, "address-bound", PASS, said, tuple(evidence[:2]))]
    if own.host in _EVERYWHERE:
        said = f"it listens on {own.host}, for all addresses"
        return [Finding(7, "address-bound", PASS, said, tuple(evidence[:2]))]
    return [
        Finding(
            7,
            "address-bound",
            FAIL,
            f"it listens on {own.host} only",
            tuple(evidence[:2]),
            "Heroku's router comes from outside of the dyno, where 127.0.0.1 is not reached: the"
            " boot ends with R10 there, though it works on a laptop",
            "listen on 0.0.0.0 (or ::), at least where DYNO is set",
        )
    ]


def extra_ports(run: Run) -> list[Finding]:
    """Whether it listens at other ports, too."""
    if run.failed or not run.can_see_processes:
        why = run.failed or "who listens where can be seen on Linux only"
        return unseen(7, "extra-ports", why)
    found = [
        each
        for each in run.listeners
        if each.dyno.startswith("web.") and each.port not in run.ports.values()
    ]
    if not found:
        return [Finding(7, "extra-ports", PASS, "it listens nowhere else")]
    ports = ", ".join(sorted({str(each.port) for each in found}))
    return [
        Finding(
            7,
            "extra-ports",
            WARN,
            f"it also listens on port {ports}",
            tuple(Evidence("process", e.command, f"listens on {e.host}:{e.port}") for e in found),
            "only $PORT is reached on Heroku; nobody can come to another one",
            "serve it on $PORT, by another path, or from a process type of its own",
        )
    ]
