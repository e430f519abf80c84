"""What a step's figures mean: who was the limit, and what went wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localku.load.result import Instant, Step

BUSY = 0.8  # share of a core from which on the generator may be what limits
LATE = 0.1  # of the measured p99
LATE_MS = 1.0  # below that, lateness is not worth a word
FULL = 0.9  # share of all cores: the machine has no more to give
SHORT = 0.05  # of all requests: so many too few are a rate that was not met
SILENT = 2  # seconds at the end with nothing but errors: it died


def bottleneck(cpu: float, late_p99: float, p99: float, machine: float) -> str:
    """A sentence when the generator, and not the app, may have been the limit; or "".

    cpu: share of a core. late_p99, p99: ms. machine: share of all cores.
    """
    if cpu >= BUSY:
        return (
            f"the generator used {cpu:.0%} of a core: the latencies are its own, too;"
            " lower the rate"
        )
    if late_p99 > max(LATE * p99, LATE_MS):
        why = "the cores of this machine were all busy" if machine >= FULL else "it was held up"
        return (
            f"the generator was late (p99 {late_p99:.1f} ms of {p99:.1f} ms): {why};"
            " the latencies are its own, too"
        )
    return ""


def unmet(offered: int, outstanding: int, answers_late: int, offered_late: float) -> bool:
    """Whether the rate was not met: more and more requests were waiting for their answers.

    outstanding: by how many more at the end than at the begin. answers_late, offered_late: answers
    and arrivals in the second half. Both have to say so: a slow answer is no lack of answers.
    """
    return outstanding > SHORT * offered and answers_late < (1 - SHORT) * offered_late


def troubles(step: Step, whys: Mapping[str, int], is_unmet: bool) -> list[str]:
    """What went wrong, in sentences; none for a step that is good."""
    found = []
    answered = sum(step.status.values())
    well = step.requests - step.failed
    if step.requests and not answered:
        found.append(f"not one of {step.requests:,} requests was answered{_why(step, whys)}")
    elif step.requests and well <= 0:
        found.append(f"not one of {step.requests:,} requests went well{_why(step, whys)}")
    else:
        died = died_at(step.timeline)
        if died >= 0:
            found.append(f"from second {died} on nothing but errors came{_why(step, whys)}")
    if is_unmet and answered and step.offered is not None:
        found.append(
            f"the rate was not met: {step.achieved:.1f} of {step.offered:.1f} requests/s"
            " were answered"
        )
    return found


def died_at(timeline: Sequence[Instant]) -> int:
    """The second from which on all requests failed, to the end, after some that went well; -1 if
    it did not come to that."""
    first = -1
    spoilt = 0
    for instant in timeline:
        if not instant.requests:
            continue
        if instant.errors < instant.requests:
            first, spoilt = -1, 0
        else:
            spoilt += 1
            if first < 0:
                first = instant.t
    if spoilt < SILENT or first <= (timeline[0].t if timeline else 0):
        return -1
    return first


def _why(step: Step, whys: Mapping[str, int]) -> str:
    """The commonest reason, in parentheses."""
    counts = {code: times for code, times in step.codes.items() if code.startswith("H")}
    if not counts:
        counts = {f"status {code}": n for code, n in step.status.items() if code >= "500"}
    counts |= whys
    if not counts:
        counts = dict(step.errors)
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])[:2]
    return f" ({', '.join(f'{name}: {times:,}' for name, times in ranked)})" if ranked else ""
