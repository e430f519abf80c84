"""The readers of tail_bench.py and log_soak.py, in a process of their own.

    python tail_readers.py CONTROL_SOCKET DRAINS PATH ...

Opens a tail at each path of the control socket, and receivers for so many drains (HTTP and syslog
in turns), whose URLs it prints as a line of JSON. When each has seen `the very end`, or at SIGTERM,
it prints how many lines each has had, as JSON, and ends.
"""

from __future__ import annotations

import json
import re
import selectors
import signal
import socket
import sys

END = b"the very end\n"


class Reader:
    """Counts the lines that come over a socket."""

    def __init__(self, sock: socket.socket, counts: Counts, kind: str, answers: bool) -> None:
        self.sock = sock
        self.counts = counts
        self.kind = kind
        self.answers = answers
        self.rest = b""

    def read(self) -> bool:
        """Whether there is more to come."""
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        data = self.rest + data
        if self.answers:
            self._answer(data)
            return True
        cut = data.rfind(b"\n") + 1
        self.counts.add(self.kind, data[:cut])
        self.rest = data[cut:]
        return True

    def _answer(self, data: bytes) -> None:
        """Whole requests are answered; what is not whole waits."""
        whole = b""
        while b"\r\n\r\n" in data:
            head, _, rest = data.partition(b"\r\n\r\n")
            match = re.search(rb"(?i)content-length: *(\d+)", head)
            size = int(match[1]) if match else 0
            if len(rest) < size:
                break
            whole += rest[:size] + b"\n"
            data = rest[size:]
            self.sock.setblocking(True)
            self.sock.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            self.sock.setblocking(False)
        self.counts.add(self.kind, whole)
        self.rest = data


class Counts:
    """Lines by reader, and who has had the end."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.ended: set[str] = set()

    def add(self, kind: str, data: bytes) -> None:
        self.lines[kind] = self.lines.get(kind, 0) + data.count(b" line 0")
        if END in data:
            self.ended.add(kind)


def main() -> None:
    path, drains, *tails = sys.argv[1:]
    counts, selector = Counts(), selectors.DefaultSelector()
    for number, each in enumerate(tails):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        sock.sendall(f"GET {each} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        watch(selector, Reader(sock, counts, f"tail {number}", False))
        counts.lines[f"tail {number}"] = 0
    urls = []
    for number in range(int(drains)):
        server = socket.create_server(("127.0.0.1", 0))
        server.setblocking(False)
        scheme = ("http", "syslog")[number % 2]
        kind = f"drain {number} ({scheme})"
        counts.lines[kind] = 0
        selector.register(server, selectors.EVENT_READ, (server, kind, scheme == "http"))
        urls.append(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/")
    print(json.dumps(urls), flush=True)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    while len(counts.ended) < len(counts.lines) and not stopped:
        for key, _ in selector.select(0.5):
            if isinstance(key.data, Reader):
                if not key.data.read():
                    selector.unregister(key.fileobj)
            else:
                server, kind, answers = key.data
                watch(selector, Reader(server.accept()[0], counts, kind, answers))
    by_kind: dict[str, list[int]] = {}
    for kind, count in counts.lines.items():
        by_kind.setdefault(kind.split()[0], []).append(count)
    print(json.dumps(by_kind), flush=True)


def watch(selector: selectors.BaseSelector, reader: Reader) -> None:
    reader.sock.setblocking(False)
    selector.register(reader.sock, selectors.EVENT_READ, reader)


if __name__ == "__main__":
    main()
