"""VI and VIII: do two dynos answer as one, and do several share the work? Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from localku.check.comparing import CookieTry, Difference
from localku.check.finding import Evidence, Finding
from localku.check.judge_files import is_log, is_pid, written
from localku.check.judging import (
    FAIL,
    PASS,
    WARN,
    at,
    inside,
    last_words,
    names,
    plural,
    shown,
    some,
    unseen,
)
from localku.check.record import Run

_WHY = (
    "each request may come to another dyno, and each dyno is restarted once a day: what one of them"
    " remembers, the others do not know"
)
_FIX = "keep state in a backing service (a database, Redis) or in a signed cookie; share its key"


def differs(found: Sequence[Difference], compared: int, *, reads: bool = False) -> list[Finding]:
    """What two dynos answered otherwise than one. compared: how many answers were. reads: nothing
    was asked for that changes something, such as a login."""
    if not compared:
        what = "no page was answered twice in the same way by one dyno: nothing could be compared"
        return unseen(6, "two-dynos", what)
    if not found:
        said = f"two dynos in turn gave the same {plural(compared, 'answer')} as one"
        said += "; only GET was tried: give a login or an upload with --script" if reads else ""
        return [Finding(6, "two-dynos", PASS, said)]
    return [
        Finding(
            6,
            "two-dynos",
            FAIL,
            f"{len(found)} of {plural(compared, 'answer')} depend on which of two dynos was asked",
            some(
                Evidence("request", str(each.ask), f"one dyno: {each.one} | two: {each.two}")
                for each in found
            ),
            _WHY,
            _FIX,
        )
    ]


def cookies(tries: Sequence[CookieTry]) -> list[Finding]:
    """Whether a cookie is good at another dyno than the one that set it."""
    if not tries:
        return unseen(6, "cookies", "no page that was asked for sets a cookie")
    placed = [each for each in tries if each.is_of_place]
    tries = [each for each in tries if not each.is_of_place]
    if placed and not tries:
        return unseen(6, "cookies", "its cookies hold the path of its folder, which differs here")
    lost = [(each, name) for each in tries for name in each.forgotten]
    if not lost:
        known = sorted({name for each in tries for name in each.jar})
        return [Finding(6, "cookies", PASS, f"a second dyno takes the first one's: {names(known)}")]
    return [
        Finding(
            6,
            "cookies",
            FAIL,
            "a cookie of one dyno is not good at another, which sets a new one",
            some(
                Evidence("request", str(each.ask), f"{name}: known to the dyno that set it only")
                for each, name in lost
            ),
            _WHY,
            _FIX,
        )
    ]


def own_files(run: Run) -> list[Finding]:
    """Files of its own folder that it writes and reads back: another dyno has not got them."""
    if run.failed:
        return unseen(6, "own-files", run.failed)
    if "python" not in run.languages:
        return unseen(6, "own-files", "reads can be seen in Python only")
    paths = {path for path in run.touched if not (is_log(path) or is_pid(path))}
    reads = [s for s in run.of("read", "sqlite") if inside(run, s.path) in paths]
    if not reads:
        return [Finding(6, "own-files", PASS, "no file that it wrote was read again")]
    found = sorted({inside(run, sight.path) for sight in reads})
    writes = [sight for sight in run.of("write") if inside(run, sight.path) in found]
    return [
        Finding(
            6,
            "own-files",
            FAIL,
            f"one request needs what another one left in {names(found)}",
            some(
                Evidence("syscall", at(each), f"{each.event}s {shown(run, each.path)}")
                for each in (*writes, *reads)
                if each.event != "sqlite"
            )
            or some(
                Evidence("syscall", at(each), f"opens the database {shown(run, each.path)}")
                for each in reads
            ),
            "another dyno has a file system of its own, without that file",
            _FIX,
        )
    ]


def share(run: Run, first: Run) -> list[Finding]:
    """Whether two and then four dynos came up and answered. first: the run of one dyno."""
    if first.failed:
        return unseen(8, "share", first.failed)
    if run.failed:
        dyno = run.failed.partition(" ")[0].rstrip(",")
        return [
            Finding(
                8,
                "share",
                FAIL,
                run.failed,
                some([*last_words(run, dyno), Evidence("log", f"heroku[{dyno}]", "is not up")]),
                "an app scales out by more of the same process; these get in each other's way",
                "nothing that only one process can have: a fixed second port, a lock, a pid file",
            )
        ]
    lines = [line.router for line in run.lines if line.dyno == "router" and line.router]
    calm = [each for each in lines if each.get("dyno")]
    counts = Counter(each["dyno"] for each in calm if each.get("status", "")[:1] in "234")
    codes = Counter(each["code"] for each in lines if each.get("code"))
    said = ", ".join(f"{dyno} {count}" for dyno, count in sorted(counts.items()))
    evidence = [Evidence("log", "heroku[router]", f"requests by dyno: {said or 'none'}")]
    if codes:
        text = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
        evidence.append(Evidence("log", "heroku[router]", f"codes: {text}, around the SIGKILL"))
    errors = sum(each.get("status", "")[:1] == "5" for each in calm)
    if 2 * errors >= len(calm):
        said = f"{errors} of {len(calm)} requests got an error (5xx): who answers well is not seen"
        return unseen(8, "share", said)
    if len(counts) < run.wanted:
        return [
            Finding(
                8,
                "share",
                WARN,
                f"only {len(counts)} of {run.wanted} dynos answered well",
                tuple(evidence),
                "more dynos that do not answer are no more capacity",
                "see what the others say in the log",
            )
        ]
    said = f"2 and then {run.wanted} dynos came up, and all of them answered"
    return [Finding(8, "share", PASS, said, tuple(evidence))]


def pid_files(run: Run) -> list[Finding]:
    """Whether it writes its pid down."""
    if run.failed and not run.sights:
        return unseen(8, "pid-files", run.failed)
    found = {path: evidence for path, evidence in written(run).items() if is_pid(path)}
    for sight in run.of("write"):
        if sight.path.endswith(".pid") and not inside(run, sight.path):
            text = f"writes {shown(run, sight.path)}"
            found.setdefault(sight.path, []).append(Evidence("syscall", at(sight), text))
    if not found:
        how = "was written" if run.languages else "was left when it had ended"
        return [Finding(8, "pid-files", PASS, f"no pid file {how}")]
    return [
        Finding(
            8,
            "pid-files",
            WARN,
            f"it writes a pid file: {names([shown(run, path) for path in found])}",
            some(each for evidence in found.values() for each in evidence),
            "the dyno manager knows its processes; a pid file that a killed one left behind keeps"
            " the next from starting",
            "leave processes to the platform: no pid file",
        )
    ]


def daemons(run: Run) -> list[Finding]:
    """Whether a process leaves its dyno's family."""
    if not run.can_see_processes:
        return unseen(8, "daemons-seen", "processes can be seen on Linux only")
    if not run.processes:
        return unseen(8, "daemons-seen", run.failed or "no process was seen")
    found = [each for each in run.processes if each.orphan]
    if not found:
        said = (
            f"all {plural(len(run.processes), 'process')[:-1]}es"
            if len(run.processes) > 1
            else "its one process"
        )
        return [Finding(8, "daemons-seen", PASS, f"{said} stayed in the foreground")]
    return [
        Finding(
            8,
            "daemons-seen",
            FAIL,
            f"{plural(len(found), 'daemon')} left the process that the dyno manager started",
            some(Evidence("process", each.dyno, each.command) for each in found),
            "the dyno manager watches what it started: a daemon gets no restart when it dies, and"
            " the dyno counts as ended when its first process ends",
            "run in the foreground; a second process is a line of its own in the Procfile",
        )
    ]
