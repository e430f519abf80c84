"""Load through upgraded connections: tunnel_load.py PORT SECONDS -> messages, p99 in ms."""

from __future__ import annotations

import select
import socket
import sys
import time

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
)
MESSAGE = b"m" * 64
CONNECTIONS = 32


def connect(port: int) -> socket.socket:
    """An upgraded connection."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(HANDSHAKE)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(4096)
    if not answer.startswith(b"HTTP/1.1 101"):
        raise SystemExit(answer.decode("latin-1"))
    return sock


def main(port: int, seconds: float) -> None:
    """One message at a time on each connection, until the time is over."""
    socks = {sock.fileno(): sock for sock in (connect(port) for _ in range(CONNECTIONS))}
    epoll = select.epoll()
    sent = {}
    for fd, sock in socks.items():
        epoll.register(fd, select.EPOLLIN)
        sock.send(MESSAGE)
        sent[fd] = time.monotonic()
    end = time.monotonic() + seconds
    times = []
    while (now := time.monotonic()) < end:
        for fd, _ in epoll.poll(1):
            if len(socks[fd].recv(4096)) != len(MESSAGE):
                raise SystemExit("a message was torn")
            times.append(now - sent[fd])
            socks[fd].send(MESSAGE)
            sent[fd] = now
    times.sort()
    print(len(times), round(times[int(len(times) * 0.99)] * 1000, 2))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
