"""User instructions of the router per request: the figure that no busy machine can touch.

    python tests/bench/router_instructions.py [--check] [--cases tiny] [--profile DIR]

`localku start`, the installed command, runs with two web dynos under valgrind's callgrind, twice
for each figure: once for FEW requests and once for MANY. The difference of the two totals, divided
by the difference of the two counts, is what one request costs; start and end cancel each other.
The load is a client of our own with CONNECTIONS connections, each with one request at a time and
the next one as soon as it has its answer. Instructions of the platform process count, with all of
its threads; not the kernel's, and not the dynos'. --loop measures the router alone instead
(serve_router.py).

--profile keeps the callgrind files, for callgrind_annotate. Needs Linux, valgrind and a C compiler.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from peers import environment
from router_load import BROWSER
from router_peers import free_port, start_backends, start_command, wait_answer, wait_port

HERE = Path(__file__).resolve().parent
CONNECTIONS = 8
FEW, MANY = 800, 4800
PATIENCE = 60.0  # seconds of silence after which a run has failed
NOTHING = float("inf")
# must, goal. The browser repeats its head; `vary` has its headers, but another path and one more
# field each time, so that nothing parsed is used again; `close` is a connection per request.
LIMITS = {
    "tiny": (115_000, 90_000),
    "browser": (150_000, 115_000),
    "vary": (NOTHING, NOTHING),
    "close": (NOTHING, NOTHING),
}


def request(kind: str, number: int) -> bytes:
    """The bytes of a GET of /tiny."""
    path, headers = "/tiny", {"Host": "localhost:5006"}
    if kind in ("browser", "vary"):
        headers |= BROWSER
    if kind == "vary":
        path = f"/tiny?{number}"
        headers["X-Number"] = str(number)
    if kind == "close":
        headers["Connection"] = "close"
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Load:
    """count requests of a kind over CONNECTIONS connections. Raises SystemExit when one fails."""

    def __init__(self, port: int, kind: str, count: int) -> None:
        self.port = port
        self.kind = kind
        self.requests = [request(kind, number) for number in range(count)]
        self.epoll = select.epoll()
        self.socks: dict[int, socket.socket] = {}

    def run(self) -> None:
        """Until every request has its answer."""
        left = len(self.requests)
        for _ in range(CONNECTIONS):
            self._open()
        while left:
            events = self.epoll.poll(PATIENCE)
            if not events:
                raise SystemExit(f"no answer within {PATIENCE:.0f} s")
            for fd, _ in events:
                self._take(self.socks[fd])
                left -= 1
        for sock in self.socks.values():
            sock.close()

    def _open(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socks[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLIN)
        self._send(sock)

    def _send(self, sock: socket.socket) -> None:
        if self.requests:
            sock.send(self.requests.pop())

    def _take(self, sock: socket.socket) -> None:
        answer = sock.recv(65_536)
        if not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(b"x" * 12):
            raise SystemExit(f"a wrong answer: {answer!r}")
        if self.kind != "close":
            self._send(sock)
            return
        del self.socks[sock.fileno()]
        sock.close()
        if self.requests:
            self._open()


class Subject:
    """What is measured. loop: "localku" for the whole command, else of the router alone."""

    def __init__(self, stack: ExitStack, folder: Path, loop: str) -> None:
        self.folder = folder
        self.loop = loop
        self.backend, self.ports = start_backends(stack, folder)

    def command(self, port: int) -> list[str]:
        """Its command line, behind the interpreter."""
        if self.loop == "localku":
            return start_command(self.folder, self.backend, port)
        return [str(HERE / "serve_router.py"), str(port), self.loop, *map(str, self.ports)]


def run(subject: Subject, kind: str, count: int, out: Path) -> int:
    """Instructions of a whole life of the subject with so many requests."""
    port = free_port()
    # what it forks (localku's init process) has a file of its own
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}.%p", sys.executable]
    env = environment(os.environ, {"PYTHONHASHSEED": "0"})
    with out.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *subject.command(port)], env=env, stdout=log, stderr=log
        )
        try:
            wait_port(port)
            wait_answer(port)
            Load(port, kind, count).run()
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
    Path(f"{out}.{process.pid}").rename(out)
    totals = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if totals is None:
        raise SystemExit(f"callgrind has written no totals: {out}")
    return int(totals[1])


def spread(figures: list[float]) -> str:
    """Smallest and largest, where there are several."""
    return f"({min(figures):,.0f}-{max(figures):,.0f})" if len(figures) > 1 else ""


def verdict(figure: float, must: float, goal: float) -> str:
    """How a figure stands to its two limits."""
    if must == NOTHING:
        return "(no promise)"
    word = "ok, goal reached" if figure <= goal else "ok" if figure <= must else "MISSED"
    return f"must {must:,}, goal {goal:,}: {word}"


def main() -> int:
    """Measure and print; 1 when a must is missed and --check asks for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit status 1 if a must is missed")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--cases", default=",".join(LIMITS))
    parser.add_argument(
        "--loop", choices=("localku", "hot", "asyncio", "uvloop"), default="localku"
    )
    parser.add_argument("--profile", type=Path, help="keep the callgrind files in this folder")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is not installed: apt-get install valgrind")
    missed = 0
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = options.profile or scratch
        folder.mkdir(exist_ok=True)
        subject = Subject(stack, scratch, options.loop)
        for kind in options.cases.split(","):
            must, goal = LIMITS[kind]
            figures = []
            for _ in range(options.repeats):
                few, many = (run(subject, kind, n, folder / f"{kind}.{n}.out") for n in (FEW, MANY))
                figures.append((many - few) / (MANY - FEW))
            middle = statistics.median(figures)
            missed += middle > must
            print(f"{kind:8} {middle:9,.0f} {spread(figures)} {verdict(middle, must, goal)}")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
