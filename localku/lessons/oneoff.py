"""A one-off dyno whose output is kept instead of shown."""

from __future__ import annotations

import asyncio
import json
import select
import time

from localku.cli.client import Client, as_object
from localku.cli.websocket import BINARY, TEXT, Refused, WebSocket
from localku.errors import UserError


async def run_attached(client: Client, command: str, within: float) -> tuple[int, str]:
    """Run it to its end; its exit status, and stdout and stderr as they came. Raises TimeoutError
    (the dyno then gets SIGHUP), UserError."""
    own = Client(client.path, client.app, client.pid)
    return await asyncio.to_thread(_run, own, command, within)


def _run(client: Client, command: str, within: float) -> tuple[int, str]:
    body = {"command": command, "attach": True, "force_no_tty": True}
    made = as_object(client.request("POST", client.at("dynos"), body))
    try:
        socket = WebSocket(client.path, "/localku" + client.at("dynos", str(made["name"]), "run"))
    except (Refused, OSError):
        raise UserError("the platform would not run a one-off dyno") from None
    try:
        socket.put(TEXT, json.dumps({"eof": True}).encode())
        return _collect(socket, command, time.monotonic() + within)
    finally:
        socket.close()


def _collect(socket: WebSocket, command: str, deadline: float) -> tuple[int, str]:
    output = bytearray()
    messages = socket.arrived()
    while True:
        for kind, data in messages:
            if kind == BINARY:
                output += data[1:]
            elif kind == TEXT:
                end = json.loads(data)
                text = output.decode("utf-8", "replace")
                return int(end["status"]), text or str(end.get("why") or "")
        rest = deadline - time.monotonic()
        if rest <= 0:
            raise TimeoutError(f"{command} did not end in time")
        if socket.closed:
            raise UserError("the platform went away")
        select.select([socket], [], [], rest)
        messages = socket.receive()
