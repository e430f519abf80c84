"""CPU of the router per request, beside nginx, haproxy and a naive aiohttp proxy.

    python tests/bench/router_bench.py [--seconds 2] [--repeats 3] [--cases tiny,post] [--only ...]

One table per run: the peers take turns on every case (rotated, so that a noisy moment hits all),
with the same two backends, the same load and an access log each. What counts is user and system
CPU time of the proxy's process per request (from /proc); requests per second and p99 stand beside
it. Ratios are to the first peer. Needs Linux, wrk and a C compiler (the backend is C, so that it is
never the bottleneck); peers that are not installed are left out. `vary` and `close` are there
because they are where a Python router loses most.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from router_peers import Peer, haproxy, launch, naive, nginx, ours, start_backends, wait_port

HERE = Path(__file__).resolve().parent
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Referer": "http://app.localhost:5006/some/page?with=a&query=string",
    "Cookie": "session=" + "0123456789abcdef" * 12 + "; theme=dark; consent=yes",
    "DNT": "1",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Priority": "u=0, i",
    "Cache-Control": "max-age=0",
}
# name: (path, connections, lua body of wrk.init/request or "")
CASES = {
    "tiny": ("/tiny", 32, ""),
    "vary": ("/tiny", 32, "vary"),
    "browser": ("/tiny", 32, "browser"),
    "10k": ("/10k", 32, ""),
    "post": ("/post", 32, "post"),
    "chunked": ("/chunked", 32, ""),
    "1m": ("/1m", 16, ""),
    "close": ("/tiny", 32, "close"),
    "c128": ("/tiny", 128, ""),
    "drips": ("/tiny", 32, "drips"),  # beside 1000 clients that drip their heads
    "ws": ("/ws", 32, "tunnel"),  # messages of 64 bytes through an upgraded connection
}


def lua(kind: str) -> str:
    """The wrk script of a kind of request."""
    if kind == "browser":
        return "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in BROWSER.items())
    if kind == "vary":  # nothing that was parsed once can be used again
        return (
            "n = 0\nrequest = function()\n n = n + 1\n"
            ' return wrk.format("GET", "/tiny?" .. n, {["X-Number"] = tostring(n)})\nend\n'
        )
    if kind == "post":
        return 'wrk.method = "POST"\nwrk.body = string.rep("x", 10240)\n'
    if kind == "close":
        return 'wrk.headers["Connection"] = "close"\n'
    return ""


def measure_tunnel(peer: Peer, seconds: int) -> dict[str, float]:
    """Messages through upgraded connections: us per message, messages per second."""
    before = peer.cpu()
    command = [sys.executable, str(HERE / "tunnel_load.py"), str(peer.port), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:  # a peer that knows no upgrades
        return {"us": float("nan"), "rps": 0, "p99": 0, "errors": 0}
    messages, p99 = done.stdout.split()
    used = peer.cpu() - before
    rate = int(messages) / seconds
    return {"us": used / int(messages) * 1e6, "rps": rate, "p99": float(p99), "errors": 0}


def measure(peer: Peer, case: str, seconds: int, folder: Path) -> dict[str, float]:
    """One run of one case: us per request, requests per second, p99, errors."""
    path, connections, kind = CASES[case]
    if kind == "tunnel":
        return measure_tunnel(peer, seconds)
    with ExitStack() as stack:
        if kind == "drips":
            slow = launch(
                stack,
                [sys.executable, str(HERE / "drip_load.py"), str(peer.port), "1000"],
                stdout=subprocess.PIPE,
            )
            assert slow.stdout is not None
            slow.stdout.readline()
            stack.callback(slow.stdout.close)
        return measure_wrk(peer, case, seconds, folder)


def measure_wrk(peer: Peer, case: str, seconds: int, folder: Path) -> dict[str, float]:
    """The load of wrk."""
    path, connections, kind = CASES[case]
    script = folder / f"{case}.lua"
    script.write_text(lua(kind))
    command = [
        *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"),
        *("-s", str(script), f"http://127.0.0.1:{peer.port}{path}"),
    ]
    before = peer.cpu()
    done = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = peer.cpu() - before
    requests = int(re.search(r"(\d+) requests in", done)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])  # type: ignore[index]
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done)
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    lost = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", done)
    errors = (int(bad[1]) if bad else 0) + sum(map(int, lost.groups()) if lost else ())
    return {
        "us": used / max(requests, 1) * 1e6,
        "rps": rate,
        "p99": float(p99[1]) * scale[p99[2]] if p99 else 0.0,
        "errors": errors,
    }


def row(case: str, by_peer: dict[str, list[dict[str, float]]], peers: list[Peer]) -> str:
    """The medians of a case, with the ratio of each peer's CPU to the first one's."""
    cells = []
    base = 0.0
    for peer in peers:
        runs = by_peer[peer.name]
        us, rps, p99 = (statistics.median(run[key] for run in runs) for key in ("us", "rps", "p99"))
        base = base or us
        errors = sum(run["errors"] for run in runs)
        mark = f" {errors:.0f} ERRORS" if errors else ""
        cells.append(f"{us:8.1f}us {us / base:5.2f} {rps / 1000:6.1f}k {p99:6.2f}ms{mark}")
    return f"{case:9}" + "".join(f"{cell:>34}" for cell in cells)


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--only", default="nginx,haproxy,asyncio,hot,uvloop,aiohttp")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed: apt-get install wrk")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backends = start_backends(stack, folder)
        peers = []
        for name in options.only.split(","):
            if name in ("nginx", "haproxy"):
                if shutil.which(name):
                    peers.append(
                        {"nginx": nginx, "haproxy": haproxy}[name](stack, folder, backends)
                    )
            elif name == "aiohttp":
                peers.append(naive(stack, folder, backends))
            else:
                peers.append(ours(stack, folder, backends, name))
        for peer in peers:
            wait_port(peer.port)
        print(f"{'case':9}" + "".join(f"{peer.name:>34}" for peer in peers), flush=True)
        for case in options.cases.split(","):
            by_peer: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in peers}
            for repeat in range(options.repeats):
                turn = repeat % len(peers)
                for peer in peers[turn:] + peers[:turn]:
                    by_peer[peer.name].append(measure(peer, case, options.seconds, folder))
            print(row(case, by_peer, peers), flush=True)
        memory = ", ".join(f"{peer.name} {peer.memory():.0f}" for peer in peers)
        print(f"PSS MB after: {memory}")


if __name__ == "__main__":
    main()
