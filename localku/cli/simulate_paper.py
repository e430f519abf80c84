"""`localku simulate --paper`: the table of 2013, simulated again."""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import asdict

from localku.cli import tables
from localku.simulate import paper
from localku.simulate.closed import Closed
from localku.simulate.document import time
from localku.simulate.paper import Row

RUNS = 3  # of five minutes for each row: a single one is up to a fifth off
DYNOS, RANDOM_DYNOS = 80, 4000  # the article's claim


def show(options: argparse.Namespace) -> int:
    """Print the table, and what is to be said of the article's claim."""
    rng = random.Random(options.seed)
    found = []
    for kind, dynos in paper.CASES:
        rows = [paper.run(kind, dynos, rng) for _ in range(RUNS)]
        found.append((kind, dynos, mean(rows), paper.closed_form(kind, dynos)))
    if options.json:
        cases = [{"router": kind, "dynos": dynos, **asdict(row)} for kind, dynos, row, _ in found]
        print(json.dumps({"format": "localku-paper/1", "seed": options.seed, "rows": cases}))
        return 0
    print(tables.header("Random and intelligent routing, as simulated in 2013"))
    print("9,000 requests a minute for 5 minutes, ceil(Weibull(0.8, 79.056)) ms, one at a time,")
    print(f"on a clock of whole milliseconds; the mean of {RUNS} runs. Times in ms.\n")
    heads = ["router", "dynos", "queued", "if queued", "mean", "median if queued"]
    heads += ["predicted queued", "predicted mean"]
    print("\n".join(tables.table(heads, [cells(*each) for each in found])), end="\n\n")
    print("\n".join(sentences()))
    return 0


def mean(rows: list[Row]) -> Row:
    """The mean of some runs of a row."""
    columns = zip(*(asdict(row).values() for row in rows), strict=True)
    return Row(*(sum(column) / len(rows) for column in columns))


def cells(kind: str, dynos: int, row: Row, rule: Closed | None) -> list[str]:
    """A row as it is printed."""
    name = kind if kind in (paper.INTELLIGENT, paper.NAIVE) else f"naive, {kind}"
    line = [name, str(dynos), f"{100 * row.queued:.1f} %", time(row.mean_when_queued)]
    line += [time(row.mean), time(row.median_when_queued)]
    if rule is None or rule.waits is None:
        return [*line, "–", "–"]
    return [*line, f"{100 * rule.waits:.1f} %", time(rule.wait)]


def sentences() -> list[str]:
    """The article's claim, held against the closed forms."""
    load = paper.load_of(DYNOS, RANDOM_DYNOS)
    it = paper.claim(DYNOS, load)
    return [
        '"Choice of two" is a blind retry; "power of two" looks at the second dyno only when the',
        "first is busy. Predicted: Pollaczek-Khinchine, and Erlang C with Lee-Longton.",
        "",
        f'"If your app needs {DYNOS} dynos with an intelligent router, it needs'
        f" {RANDOM_DYNOS:,} with a random",
        'router." The article does not say what is to be equal. With exponential service times:',
        f"- as few requests that wait at all: true at a load of {load:.1f} busy dynos"
        f" ({load / DYNOS:.0%} of {DYNOS}),",
        f"  where {100 * it.waits:.1f} % wait; at other loads it is any other number;",
        f"- as short a mean wait: {it.by_mean_wait:,};",
        f"- a p95 that is at most a tenth longer: {it.by_p95:,};",
        f"- to do the work at all: {DYNOS}. Random routing wastes time, not throughput.",
    ]
