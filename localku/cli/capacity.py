"""`localku plan`: how many dynos a load needs, for each routing policy."""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import asdict

from localku.cli import samples, tables
from localku.cli.client import USAGE, Options
from localku.cli.simulate import asked, wanted
from localku.errors import UserError
from localku.router.policy import LEAST_CONNECTIONS, RANDOM
from localku.simulate import capacity, wording
from localku.simulate.capacity import MOST, Goal, Need
from localku.simulate.document import plus_minus, time
from localku.simulate.laws import Law, millis, variation

REPEATS = 9
NEAR = 0.9  # of full load
GOALS = ("p50", "p90", "p95", "p99", "p99.9")


def main(name: str, argv: list[str]) -> int:
    """Compute and print; exit status 1 when no number of dynos is enough. Raises UserError."""
    options = read_options(name, argv)
    goal = read_goal(options)
    law, source, remarks = samples.read(options, goal.concurrency)
    if not capacity.is_possible(law, goal):
        end = f"{goal.name} of the service times alone is {time(law.quantile(goal.share))} ms"
        raise UserError(f"no number of dynos is enough: {end}", hint="make the app faster")
    rng = random.Random(options.seed)
    found = []
    for policy in wanted(options.policy):
        progress(f"Simulating {policy}...")
        found.append(capacity.need(law, goal, policy, rng, REPEATS))
    progress("")
    if options.json:
        print(json.dumps(as_json(goal, law, source, found, remarks, options.seed), indent=2))
    else:
        show(goal, law, source, found, random.Random(options.seed))
        for remark in [*remarks, *filter(None, [fragile(found)])]:
            print("\n".join(tables.warning(remark)), file=sys.stderr)
    return 0 if all(each.dynos is not None for each in found) else 1


def progress(text: str) -> None:
    """What is being done, for somebody who waits at a terminal; it goes away again."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def read_options(name: str, argv: list[str]) -> argparse.Namespace:
    """The flags. Raises UserError."""
    parser = Options(name)
    samples.add_flags(parser)
    parser.add_argument("--rate", default="")
    for word in GOALS:
        parser.add_argument(f"--{word}", dest=word, default="")
    parser.add_argument("--policy", action="append", default=[])
    parser.add_argument("--routers", default="1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    if not options.rate:
        raise UserError("how many requests a second?", where="--rate", status=USAGE)
    return options


def read_goal(options: argparse.Namespace) -> Goal:
    """The rate and the percentile to keep. Raises UserError."""
    given = [word for word in GOALS if getattr(options, word)]
    if len(given) != 1:
        raise UserError("name one goal", hint="for example --p95 300ms", status=USAGE)
    limit = asked(options, given[0], wording.milliseconds)
    return Goal(
        asked(options, "rate", wording.number),
        capacity.known_share(given[0]),
        limit,
        asked(options, "concurrency", wording.counting),
        asked(options, "routers", wording.counting),
    )


def show(goal: Goal, law: Law, source: str, found: list[Need], rng: random.Random) -> None:
    """Print the table and what belongs to it."""
    end = goal.name
    print(tables.header(f"{goal.rate:g} req/s, {end} of at most {millis(goal.limit)}"))
    print("\n".join(tables.aligned(about(goal, law, source))), end="\n\n")
    heads = ["policy", "dynos", "from..to", end, f"{end} with one fewer", "load", "closed form"]
    print("\n".join(tables.table(heads, [cells(each) for each in found])), end="\n\n")
    print("Times in ms, with their error at 95 %. From..to: in nine repetitions with other random")
    print("numbers and, of measured times, other draws of them. Load: the share of its time that a")
    print("dyno works. One-queue is the best that any router could reach.")
    said = why(goal, law, found, rng)
    if said:
        print(f"\n{said}")


def about(goal: Goal, law: Law, source: str) -> dict[str, str]:
    """What it is computed from."""
    busy = goal.rate / 1000 * law.mean
    each = f"{goal.concurrency} request{'s' * (goal.concurrency > 1)} at a time"
    times = f"mean {time(law.mean)} ms, {goal.name} {time(law.quantile(goal.share))}"
    floor_ = capacity.least(law, goal)
    dynos = f"{floor_} dyno{'s' * (floor_ > 1)}"
    routers = {"Routers": f"{goal.routers}, uncoordinated"} if goal.routers > 1 else {}
    return {
        "Service times": f"{source}; {times}, squared variation {variation(law):.2f}",
        "Each dyno": each,
        "The work alone": f"{busy:.1f} requests at the same time: {dynos} at least",
        **routers,
    }


def cells(need: Need) -> list[str]:
    """A row as it is printed."""
    closed = "–" if need.closed is None else str(need.closed)
    if need.dynos is None or need.reached is None:
        return [need.policy, f"over {MOST:,}", "", "", "", "", closed]
    high = f"over {MOST:,}" if need.high > MOST else str(need.high)
    before = "too much work" if need.before is None else time(need.before)
    return [
        need.policy,
        str(need.dynos),
        f"{need.low}..{high}",
        plus_minus(need.reached),
        before,
        f"{need.utilisation:.2f}",
        closed,
    ]


def why(goal: Goal, law: Law, found: list[Need], rng: random.Random) -> str:
    """Why random routing needs more than the others; "" when it does not."""
    dynos = {need.policy: need.dynos for need in found}
    some, few = dynos.get(RANDOM), dynos.get(LEAST_CONNECTIONS)
    if few is None or (some is not None and some <= few) or RANDOM not in dynos:
        return ""
    there = capacity.measure(law, goal, RANDOM, few, rng, capacity.REQUESTS)
    end = capacity.percentile(there, goal)
    needed = some or f"over {MOST:,}"
    return (
        f"Random routing needs {needed}, least-connections {few}: with {few} dynos behind a random"
        f" router\n{100 * there.waits.value:.0f} % of the requests would wait, often while other"
        f" dynos are idle, and {goal.name} would be {time(end.value)} ms.\n"
        "More dynos buy idle ones; a router that looks uses them."
    )


def fragile(found: list[Need]) -> str:
    """A warning when a count has no room left; "" when all have."""
    names = [need.policy for need in found if need.dynos and need.utilisation > NEAR]
    if not names:
        return ""
    return (
        f"{', '.join(names)}: dynos would be busy for more than {NEAR:.0%} of the time. There, a"
        " little more load makes long queues; take some dynos more."
    )


def as_json(
    goal: Goal, law: Law, source: str, found: list[Need], remarks: list[str], seed: int
) -> dict[str, object]:
    """All of it as plain values."""
    return {
        "format": "localku-plan/1",
        "seed": seed,
        "goal": asdict(goal),
        "service": {"source": source, "mean": law.mean, "variation": variation(law)},
        "least": capacity.least(law, goal),
        "needs": [asdict(need) for need in found],
        "remarks": remarks,
    }
