"""The proxies that router_bench.py compares, each with an access log line like ours."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from peers import environment, find
from start_proc import usage

HERE = Path(__file__).resolve().parent


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def wait_port(port: int) -> None:
    """Until somebody listens."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nobody listens on {port}")


def wait_answer(port: int) -> None:
    """Until a dyno answers."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/tiny", timeout=15).close()
            return
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.05)
    raise SystemExit(f"no answer on port {port}")


class Peer:
    """A running proxy: the processes whose CPU counts, and its port."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.port = port
        self.process = process
        self.idle_memory = 0.0  # MB before the first request

    def pids(self) -> list[int]:
        """The process and its children (what they start, such as dynos, is not the proxy)."""
        pid = self.process.pid
        found = [pid]
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(stat[1]) == pid:
                    found.append(int(entry))
        return found

    def cpu(self) -> float:
        """User and system seconds so far, of all threads, to the microsecond."""
        return usage(self.pids()).cpu

    def memory(self) -> float:
        """PSS in MB."""
        total = 0
        for pid in self.pids():
            found = re.search(r"Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text())
            total += int(found[1]) if found else 0
        return total / 1024


def start_backends(stack: ExitStack, folder: Path) -> tuple[Path, list[int]]:
    """Two backends in C: the program, and the ports of those that run."""
    ports = [free_port(), free_port()]
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("no C compiler: apt-get install gcc")
    binary = folder / "backend"
    subprocess.run([compiler, "-O2", "-o", str(binary), str(HERE / "backend.c")], check=True)
    for port in ports:
        launch(stack, [str(binary), str(port)])
        wait_port(port)
    return binary, ports


def launch(stack: ExitStack, command: list[str], **options: object) -> subprocess.Popen[bytes]:
    """Start a process that ends with the run.

    Each in a session of its own, as localku's dynos are: Linux shares the processors out among
    sessions (autogroup), so that peers in one session with the load would be measured otherwise.
    """
    options = {"start_new_session": True} | options
    process = subprocess.Popen(command, **options)  # type: ignore[call-overload]

    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(stop)
    return process  # type: ignore[no-any-return]


def nginx(stack: ExitStack, folder: Path, backends: list[int]) -> Peer:
    """One worker, keep-alive upstream, an access log line like ours."""
    port = free_port()
    servers = "".join(f"server 127.0.0.1:{b};" for b in backends)
    config = folder / "nginx.conf"
    config.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{
 log_format h 'at=info method=$request_method path="$request_uri" host=$host '
  'request_id=$request_id fwd="$remote_addr" dyno=$upstream_addr connect=$upstream_connect_time '
  'service=$upstream_response_time status=$status bytes=$bytes_sent protocol=http';
 access_log {folder}/nginx.log h;
 client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
 uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; keepalive_requests 100000000;
 map $http_upgrade $conn {{ default upgrade; '' ''; }}
 upstream b {{ {servers} keepalive 256; keepalive_requests 100000000; }}
 server {{ listen 127.0.0.1:{port} backlog=4096; location / {{
  proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection $conn;
  proxy_set_header Upgrade $http_upgrade; proxy_set_header Host $http_host;
  proxy_set_header X-Request-Id $request_id; proxy_set_header X-Forwarded-Proto http;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Port {port}; proxy_set_header X-Request-Start $msec;
  proxy_set_header Via "1.1 vegur"; }} }} }}
"""
    )
    process = launch(stack, ["nginx", "-c", str(config), "-e", str(folder / "nginx.err")])
    return Peer("nginx", port, process)


def haproxy(stack: ExitStack, folder: Path, backends: list[int]) -> Peer:
    """One thread, keep-alive, a log line over a pipe to a file."""
    port = free_port()
    servers = "\n".join(f" server s{n} 127.0.0.1:{b}" for n, b in enumerate(backends))
    config = folder / "haproxy.cfg"
    config.write_text(
        f"""global
 nbthread 1
 maxconn 4096
 log stdout format raw local0
defaults
 mode http
 timeout connect 5s
 timeout client 60s
 timeout server 60s
 option httplog
 log global
 option forwardfor
 http-reuse always
frontend f
 bind 127.0.0.1:{port}
 unique-id-format %[uuid()]
 unique-id-header X-Request-Id
 http-request set-header X-Forwarded-Proto http
 http-request set-header X-Request-Start %[date()]
 http-request set-header Via "1.1 vegur"
 default_backend b
backend b
 balance roundrobin
{servers}
"""
    )
    log = stack.enter_context((folder / "haproxy.log").open("wb"))
    process = launch(stack, ["haproxy", "-f", str(config)], stdout=log, stderr=subprocess.DEVNULL)
    return Peer("haproxy", port, process)


def ours(stack: ExitStack, folder: Path, backends: list[int], loop: str) -> Peer:
    """The router alone in a process of its own, its lines written to a file once per turn."""
    port = free_port()
    command = [sys.executable, str(HERE / "serve_router.py"), str(port), loop]
    log = stack.enter_context((folder / f"localku-{loop}.log").open("wb"))
    process = launch(stack, [*command, *map(str, backends)], stdout=log)
    return Peer(loop, port, process)


def start_command(folder: Path, backend: Path, port: int) -> list[str]:
    """`localku start` of the installed command, for an app whose two web dynos are the backend."""
    program = find("localku")
    if not program:
        raise SystemExit("localku is not installed beside this Python: pip install -e .")
    root = folder / "app"
    root.mkdir(exist_ok=True)
    (root / "Procfile").write_text(f"web: exec {backend} $PORT\n")
    return [program, "start", "-d", str(root), "-p", str(port), "-m", "web=2"]


def localku(stack: ExitStack, folder: Path, backend: Path) -> Peer:
    """The installed command with the backends as web dynos, its whole log stream in a file.

    The dynos are children of localku's init process, so that their CPU is not among the figures.
    """
    port = free_port()
    command = start_command(folder, backend, port)
    log = stack.enter_context((folder / "localku.log").open("wb"))
    process = launch(stack, command, stdout=log, env=environment(os.environ, {}))
    return Peer("localku", port, process)


def naive(stack: ExitStack, folder: Path, backends: list[int]) -> Peer:
    """What one writes in an afternoon with aiohttp."""
    port = free_port()
    command = [sys.executable, str(HERE / "naive_proxy.py"), str(port)]
    log = stack.enter_context((folder / "naive.log").open("wb"))
    process = launch(stack, [*command, *map(str, backends)], stdout=log, stderr=subprocess.DEVNULL)
    return Peer("aiohttp", port, process)


def start_peers(
    stack: ExitStack, folder: Path, backend: Path, ports: list[int], names: Sequence[str]
) -> list[Peer]:
    """Those of these names that are installed, ready for requests."""
    peers = []
    for name in names:
        if name in ("nginx", "haproxy"):
            if shutil.which(name):
                make = nginx if name == "nginx" else haproxy
                peers.append(make(stack, folder, ports))
        elif name == "aiohttp":
            peers.append(naive(stack, folder, ports))
        elif name == "localku":
            peers.append(localku(stack, folder, backend))
        elif name in ("asyncio", "hot", "uvloop"):
            peers.append(ours(stack, folder, ports, name))
        else:
            raise SystemExit(f"no such peer: {name}")
    for peer in peers:
        wait_port(peer.port)
        wait_answer(peer.port)
        peer.idle_memory = peer.memory()
    return peers
