"""IX: quick to start, quick and clean to end, and none the worse for a sudden death. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, last_words, some, unseen
from localku.check.record import Run, Stop

SLOW_BOOT, SLOW_STOP, R12 = 20.0, 10.0, 30.0  # seconds; the last: Dev Center, "Dyno Shutdown"

_NOT_FOUND = "its processes can be found on Linux only"


def boot(runs: Sequence[Run]) -> list[Finding]:
    """The median of the boots that were seen."""
    found = sorted(took for run in runs for took in run.boots)
    if not found:
        return unseen(9, "boot", next((run.failed for run in runs if run.failed), "nothing booted"))
    middle = statistics.median(found)
    evidence = Evidence("log", "heroku[web.1]", f"starting to up in {_list(found)}")
    said = f"up {middle:.1f} s after its start (median of {len(found)})"
    if middle <= SLOW_BOOT:
        return [Finding(9, "boot", PASS, said, (evidence,))]
    return [
        Finding(
            9,
            "boot",
            WARN,
            said,
            (evidence,),
            "after 60 s a web dyno is killed (R10); each restart, deploy and scaling waits so long",
            "do less before listening: build in the build, connect when first needed",
        )
    ]


def _list(times: Sequence[float]) -> str:
    return ", ".join(f"{took:.1f} s" for took in times[:8])


def term(runs: Sequence[Run]) -> list[Finding]:
    """How long it takes from SIGTERM to the end."""
    stops = [stop for run in runs for stop in run.stops]
    if not stops:
        failed = next((run.failed for run in runs if run.failed), "")
        return unseen(9, "sigterm", failed or _NOT_FOUND)
    late = [stop for stop in stops if stop.took is None]
    if late:
        limit = late[0].limit
        if limit < R12:
            says = f"it had not ended {limit:g} s after SIGTERM, where the trial stopped waiting"
        else:
            says = "it does not end within 30 s after SIGTERM (R12)"
        return [
            Finding(
                9,
                "sigterm",
                FAIL,
                says,
                some(
                    Evidence("process", stop.dyno, f"runs {limit:g} s after SIGTERM")
                    for stop in late
                ),
                "each restart and deploy takes so long, and then ends it by SIGKILL (R12) with"
                " whatever it has in hand",
                "on SIGTERM stop taking requests, finish those in hand, and exit; in a Procfile"
                " without a shell around it, or with `exec`, so that the signal arrives",
            )
        ]
    times = sorted(stop.took or 0.0 for stop in stops)
    middle = statistics.median(times)
    evidence = (Evidence("process", stops[0].dyno, f"SIGTERM to exit in {_list(times)}"),)
    said = f"ends {middle:.1f} s after SIGTERM (median of {len(times)})"
    if middle <= SLOW_STOP:
        return [Finding(9, "sigterm", PASS, said, evidence)]
    why = "Heroku waits 30 s, then kills (R12); deploys wait for it"
    return [Finding(9, "sigterm", WARN, said, evidence, why, "finish what is in hand, then exit")]


def in_hand(run: Run) -> list[Finding]:
    """Whether requests in hand at SIGTERM are finished."""
    if run.failed:
        return unseen(9, "in-flight", run.failed)
    if not run.can_see_processes:
        return unseen(9, "in-flight", _NOT_FOUND)
    tried = [stop for stop in run.stops if stop.in_hand and not _is_refused(stop)]
    if not tried:
        return unseen(
            9,
            "in-flight",
            "no request was still in hand when SIGTERM came: all are answered too fast"
            " (name a slow one with --path)",
        )
    dropped = [stop for stop in tried if not _is_answered(stop)]
    evidence = some(_of_stop(stop) for stop in (dropped or tried))
    if 2 * len(dropped) < len(tried):
        kept = len(tried) - len(dropped)
        said = f"{kept} of {len(tried)} requests in hand at SIGTERM were answered"
        return [Finding(9, "in-flight", PASS, said, evidence)]
    return [
        Finding(
            9,
            "in-flight",
            FAIL if len(dropped) == len(tried) else WARN,
            f"{len(dropped)} of {len(tried)} requests in hand at SIGTERM were dropped",
            evidence,
            "each deploy, each scaling down and each daily restart breaks the requests under way:"
            " the client sees H13 or H18",
            "on SIGTERM stop accepting, finish what is in hand, then exit; a bare interpreter dies"
            " at once",
        )
    ]


def _is_refused(stop: Stop) -> bool:
    """Whether the request never was in hand: nobody took the connection."""
    return stop.answer is None or "refused" in stop.answer.error


def _is_answered(stop: Stop) -> bool:
    return stop.answer is not None and stop.answer.status > 0


def _of_stop(stop: Stop) -> Evidence:
    answer = stop.answer
    if answer is None:
        return Evidence("request", stop.dyno, "was not sent")
    said = f"answered {answer.status}" if answer.status else f"no answer: {answer.error}"
    return Evidence("request", f"{answer.ask} at {stop.dyno}", f"SIGTERM in the middle: {said}")


def killed(run: Run) -> list[Finding]:
    """Whether it comes up again after SIGKILL under load."""
    if run.failed or run.came_back is None:
        return unseen(9, "sigkill", run.failed or _NOT_FOUND)
    if run.came_back:
        said = "up again after SIGKILL in the middle of requests"
        return [Finding(9, "sigkill", PASS, said)]
    return [
        Finding(
            9,
            "sigkill",
            FAIL,
            "it does not come up again after SIGKILL in the middle of requests",
            some(last_words(run, "web.1") or [Evidence("process", "web.1", "is not up")]),
            "a dyno can die at any moment (R15, a host that fails): what it leaves behind must not"
            " keep the next one from starting",
            "need no cleaning up: no pid file, no lock that outlives its process",
        )
    ]
