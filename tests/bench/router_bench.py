"""CPU of the router per request, beside nginx, haproxy and a naive aiohttp proxy.

    python tests/bench/router_bench.py [--seconds 2] [--repeats 5] [--cases tiny,post] [--check]
    python tests/bench/router_bench.py --only nginx,localku,asyncio,hot,uvloop

One table per run: the peers take turns on every case (rotated, so that a noisy moment hits all),
with the same backends, the same load and an access log each. `localku` is the installed command,
`localku start` with the backends as its web dynos and its log stream in a file; asyncio, hot and
uvloop are the router alone on that loop. What counts is user and system CPU time of the proxy per
request (from /proc); requests per second and p99 stand beside it. Ratios are to the first peer.
README.md beside this file tells more.
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from router_goals import Runs, Verdict, ratio, ratios, verdicts
from router_load import CASES, measure
from router_peers import Peer, start_backends, start_peers

WIDTH = 42


def row(case: str, runs: Runs, peers: Sequence[Peer]) -> str:
    """The medians of a case: CPU, its ratio to the first peer's with the spread of the rounds."""
    cells = []
    for peer in peers:
        own = runs[peer.name]
        us, rps, p99 = (statistics.median(run[key] for run in own) for key in ("us", "rps", "p99"))
        if math.isnan(us):
            cells.append("-")
            continue
        rounds = ratios(runs, peer.name, peers[0].name, "us")
        spread = f"({min(rounds):.2f}-{max(rounds):.2f})"
        middle = ratio(runs, peer.name, peers[0].name, "us")
        errors = sum(run["errors"] for run in own)
        mark = f" {errors:.0f} ERRORS" if errors else ""
        cells.append(f"{us:.1f}us {middle:.2f} {spread} {rps / 1000:.1f}k {p99:.2f}ms{mark}")
    return f"{case:9}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)


def run_case(
    case: str, peers: Sequence[Peer], seconds: int, repeats: int, folder: Path
) -> dict[str, list[dict[str, float]]]:
    """All rounds of a case; each round begins with another peer."""
    runs: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in peers}
    for repeat in range(repeats):
        turn = repeat % len(peers)
        for peer in (*peers[turn:], *peers[:turn]):
            runs[peer.name].append(measure(peer, case, seconds, folder))
    return runs


def main() -> int:
    """Run the cases and print the table; 1 when a must is missed and --check asks for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--only", default="nginx,haproxy,localku,asyncio,aiohttp")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a must is missed")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed: apt-get install wrk")
    missed: list[Verdict] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backend, ports = start_backends(stack, folder)
        peers = start_peers(stack, folder, backend, ports, options.only.split(","))
        print(f"{'case':9}" + "".join(f"{peer.name:>{WIDTH}}" for peer in peers), flush=True)
        for case in options.cases.split(","):
            runs = run_case(case, peers, options.seconds, options.repeats, folder)
            print(row(case, runs, peers), flush=True)
            for verdict in verdicts(case, runs):
                if options.check:
                    print(f"          {verdict}", flush=True)
                if not verdict.is_kept:
                    missed.append(verdict)
        print("PSS MB after: " + ", ".join(f"{peer.name} {peer.memory():.0f}" for peer in peers))
    if options.check:
        print(f"{len(missed)} missed" if missed else "every must is kept")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
