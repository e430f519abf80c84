"""Puts a formation back when the load test that changed it was killed.

A process of its own, in a session of its own: it waits for the end of its stdin, which comes with
the load test's end, however that ends (the kernel closes the pipe). When the load test has put the
formation back itself, it says so before.
"""

from __future__ import annotations

import json
import sys

from localku.cli.client import Client, say
from localku.errors import UserError

DONE = b"done"


def main(socket: str, path: str, body: str) -> int:
    """socket: of the platform. path, body: of the PATCH that restores. Returns an exit status."""
    if sys.stdin.buffer.read() == DONE:
        return 0
    wish = json.loads(body)
    text = " ".join(f"{each['type']}={each['quantity']}" for each in wish["updates"])
    try:
        Client(socket, "").request("PATCH", path, wish)
    except UserError as error:
        say(f"localku: the load test was killed, and {text} could not be put back: {error}")
        return 1
    say(f"localku: the load test was killed; the formation is {text} again, as it was before it")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:4]))
    except KeyboardInterrupt:
        sys.exit(130)
