"""The client's half of a WebSocket, against a server that says several things at once."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from localku.cli.session import Session
from localku.cli.websocket import BINARY, TEXT, WebSocket

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def message(kind: int, data: bytes) -> bytes:
    """As a server sends it: unmasked."""
    return bytes((0x80 | kind, len(data))) + data


def connect(folder: Path, said: bytes, *, close: bool) -> tuple[WebSocket, socket.socket]:
    """A client whose server answered the handshake and said that with one write."""
    path = str(folder / "door")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(path)
        listening.listen()
        taken: list[socket.socket] = []

        def serve() -> None:
            client, _ = listening.accept()
            taken.append(client)
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += client.recv(4096)
            client.sendall(HEAD + said)
            if close:
                client.shutdown(socket.SHUT_WR)

        server = threading.Thread(target=serve)
        server.start()
        web_socket = WebSocket(path, "/")
        server.join()
    return web_socket, taken[0]


def test_what_comes_with_the_handshake_is_there_at_once(tmp_path: Path) -> None:
    client, server = connect(tmp_path, message(BINARY, b"\x01begun"), close=False)
    try:
        assert list(client.arrived()) == [(BINARY, b"\x01begun")]
    finally:
        client.close()
        server.close()


def test_a_command_that_has_ended_before_the_client_looks(tmp_path: Path) -> None:
    said = message(TEXT, b'{"status": 7, "why": ""}')
    client, server = connect(tmp_path, said, close=True)
    try:
        assert Session(client, keys=False).run() == 7
    finally:
        client.close()
        server.close()
