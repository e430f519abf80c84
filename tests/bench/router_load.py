"""The cases of router_bench.py: what each sends, and one measured run of it."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from router_peers import Peer, launch

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
}  # with Host: 15
# name: (path, connections, kind of request or "")
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
DRIPPING = 1000


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


def measure(peer: Peer, case: str, seconds: int, folder: Path) -> dict[str, float]:
    """One run of one case.

    us: CPU per request; rps: requests a second; p99: ms; errors; grown: MB more than when idle.
    """
    kind = CASES[case][2]
    if kind == "tunnel":
        return measure_tunnel(peer, seconds)
    with ExitStack() as stack:
        if kind == "drips":
            command = [sys.executable, str(HERE / "drip_load.py"), str(peer.port), str(DRIPPING)]
            slow = launch(stack, command, stdout=subprocess.PIPE)
            assert slow.stdout is not None
            slow.stdout.readline()
            stack.callback(slow.stdout.close)
        found = measure_wrk(peer, case, seconds, folder)
        return found | {"grown": peer.memory() - peer.idle_memory}


def measure_tunnel(peer: Peer, seconds: int) -> dict[str, float]:
    """Messages through upgraded connections: us per message, messages per second."""
    before = peer.cpu()
    command = [sys.executable, str(HERE / "tunnel_load.py"), str(peer.port), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:  # a peer that knows no upgrades
        return {"us": float("nan"), "rps": 0, "p99": float("nan"), "errors": 1, "grown": 0}
    messages, p99 = done.stdout.split()
    used = peer.cpu() - before
    rate = int(messages) / seconds
    us = used / int(messages) * 1e6
    return {"us": us, "rps": rate, "p99": float(p99), "errors": 0, "grown": 0}


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
