"""`localku simulate`: what a load would do to 1, 2, 4, 8 dynos, under each routing policy."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

from localku.cli import samples, tables
from localku.cli.client import USAGE, Options, say
from localku.cli.terminal import columns
from localku.errors import UserError
from localku.simulate import document, wording
from localku.simulate.document import Case
from localku.simulate.gaps import ARRIVALS
from localku.simulate.laws import Law, millis, variation
from localku.simulate.scenario import ONE_QUEUE, POLICIES, Scenario, simulate

MOST = 1_000_000_000  # requests of all cases together
REQUESTS = 200_000
PREDICTED = "predicted"
MORE = "a terminal as wide as that shows what the textbooks predict, too"
REPORT = "localku.load.report"  # draws the page; that room stands beside ours, so by name only
T = TypeVar("T")


def main(name: str, argv: list[str]) -> int:
    """Simulate and print. Raises UserError."""
    options = read_options(name, argv)
    if options.paper:
        from localku.cli import simulate_paper

        return simulate_paper.show(options)
    concurrency = asked(options, "concurrency", wording.counting)
    law, source, remarks = samples.read(options, concurrency)
    scenarios = plan(options, law, concurrency)
    cases = [Case(each, simulate(each, random.Random(options.seed))) for each in scenarios]
    if options.json:
        print(json.dumps({**document.to_json(cases, options.seed), "remarks": remarks}, indent=2))
    else:
        show(cases, source, remarks)
    if options.html:
        facts = [[key, value] for key, value in about(cases[0].scenario, source).items()]
        facts.append(["Seed", str(options.seed)])
        parts = document.page("Simulation of routing", facts, cases)
        parts["sayings"] = [*remarks, *parts["sayings"]]
        write_page(parts, options.html)
    return 0


def read_options(name: str, argv: list[str]) -> argparse.Namespace:
    """The flags. Raises UserError."""
    parser = Options(name)
    samples.add_flags(parser)
    parser.add_argument("--dynos", default="1,2,4,8")
    parser.add_argument("--rate", default="")
    parser.add_argument("--policy", action="append", default=[])
    parser.add_argument("--routers", default="1")
    parser.add_argument("--arrivals", choices=ARRIVALS, default=ARRIVALS[0])
    parser.add_argument("--duration", default="")
    parser.add_argument("--requests", default="")
    parser.add_argument("--timeout", default="30s")
    parser.add_argument("--backlog", default="")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--paper", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--html", default="", metavar="FILE")
    options = parser.read(argv)
    if not options.paper and not options.rate:
        raise UserError("how many requests a second?", where="--rate", status=USAGE)
    return options


def asked(options: argparse.Namespace, flag: str, read: Callable[[str], T]) -> T:
    """What a flag says. Raises UserError."""
    try:
        return read(getattr(options, flag))
    except ValueError as error:
        raise UserError(str(error), where=f"--{flag}", status=USAGE) from None


def plan(options: argparse.Namespace, law: Law, concurrency: int) -> list[Scenario]:
    """All cases: each policy with each count of dynos. Raises UserError."""
    rate = asked(options, "rate", wording.number)
    requests = REQUESTS
    if options.requests:
        requests = asked(options, "requests", wording.counting)
    elif options.duration:
        requests = max(1, round(rate * asked(options, "duration", wording.milliseconds) / 1000))
    counts = asked(options, "dynos", wording.counts)
    policies = wanted(options.policy)
    if requests * len(counts) * len(policies) > MOST:
        raise UserError(f"that is more than {MOST:,} requests", where="--requests", status=USAGE)
    return [
        Scenario(
            rate,
            law,
            dynos,
            policy,
            concurrency,
            asked(options, "routers", wording.counting),
            options.arrivals,
            requests,
            asked(options, "timeout", wording.milliseconds) or inf,
            asked(options, "backlog", wording.number) if options.backlog else inf,
            options.exact,
        )
        for dynos in counts
        for policy in policies
    ]


def wanted(words: list[str]) -> list[str]:
    """The policies that are meant; all of them when none is named. Raises UserError."""
    names = [name.strip() for word in words for name in word.split(",")]
    for name in names:
        if name not in POLICIES:
            hint = ", ".join(POLICIES)
            raise UserError(
                f"{name or 'nothing'} is no policy", where="--policy", hint=hint, status=USAGE
            )
    return list(dict.fromkeys(names)) or list(POLICIES)


def about(it: Scenario, source: str) -> dict[str, str]:
    """What is simulated, for the head of the report."""
    routers = f", {it.routers} routers that do not coordinate" if it.routers > 1 else ""
    law = it.law
    times = f"{source}; mean {document.time(law.mean)} ms, p95 {document.time(law.quantile(0.95))}"
    limits = f"H12 after {millis(it.timeout)}" if it.timeout < inf else "no timeout"
    if it.backlog < inf:
        limits += f", H11 at {it.backlog:g} in flight for each dyno"
    return {
        "Arrivals": f"{it.rate:g} req/s, {it.arrivals}{routers}",
        "Service times": f"{times}, squared variation {variation(law):.2f}",
        "Each dyno": f"{it.concurrency} request{'s' * (it.concurrency > 1)} at a time",
        "Requests": f"{it.requests:,} a case, the first tenth not counted; {limits}",
    }


def fitted(heads: list[str], rows: list[list[str]], width: int) -> list[str]:
    """The table; where it would not fit into so many columns, without what is predicted. width: 0
    for output that is no terminal, which is never cut."""
    lines = tables.table(heads, rows)
    if not width or max(map(len, lines)) <= width:
        return lines
    kept = [place for place, head in enumerate(heads) if head != PREDICTED]
    fewer = [[row[place] for place in kept] for row in [heads, *rows]]
    return [*tables.table(fewer[0], fewer[1:], gap=2), f"({max(map(len, lines))} columns: {MORE})"]


def show(cases: list[Case], source: str, remarks: list[str]) -> None:
    """Print the table and what belongs to it."""
    print(tables.header("Simulation of routing"))
    print("\n".join(tables.aligned(about(cases[0].scenario, source))), end="\n\n")
    heads, rows = document.rows(cases)
    print("\n".join(fitted(heads, rows, columns())), end="\n\n")
    print("Times in ms, waits with their error at 95 %. Load: the share of its time a dyno works.")
    if any(case.scenario.policy == ONE_QUEUE for case in cases):
        print("one-queue is no policy of the router: it is the best that any could reach.")
    for said in document.sayings(cases):
        print(said[0].upper() + said[1:] + ".")
    for remark in remarks:
        print("\n".join(tables.warning(remark)), file=sys.stderr)


def write_page(parts: dict[str, Any], path: str) -> None:
    """Write the report as one HTML file. Raises UserError."""
    try:
        report = __import__(REPORT, fromlist=["render"])
    except ImportError:
        raise UserError("this installation draws no reports", where="--html") from None
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(report.render(parts))
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror or error}", where=path) from None
    say(f"Wrote {path}")
