"""Clients that drip: drip_load.py PORT COUNT. Each sends one byte of an endless head now and then.

Prints a line when all are connected; runs until it is ended.
"""

from __future__ import annotations

import resource
import socket
import sys
import time

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def main(port: int, count: int) -> None:
    """Connect all, then drip: a tenth of them every tenth of a second."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 100), hard))
    socks = []
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.send(HEAD)
        socks.append(sock)
    print("ready", flush=True)
    turn = 0
    while True:
        for sock in socks[turn::10]:
            sock.send(b"a")
        turn = (turn + 1) % 10
        time.sleep(0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
