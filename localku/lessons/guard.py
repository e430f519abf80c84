"""Puts back what a check changed when the check was killed (load/guard.py says how that is seen).

Half of it is the check's: `Guard` tells the other half, a process in a session of its own, what to
put back, line by line: {"path": ..., "body": ...} of a PATCH; of one path the last one counts.
"""

from __future__ import annotations

import json
import subprocess
import sys

from localku.cli.client import Client, say
from localku.errors import UserError

DONE = "done"


class Guard:
    """The check's half. The other one begins with the first change. socket: of the platform."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self, path: str, body: object) -> None:
        """This is how it was."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, self._socket],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C, or a kill of the group, is not for it
            )
        self._write({"path": path, "body": body})

    def dismiss(self) -> None:
        """All is put back."""
        if self._process is not None and self._process.stdin is not None:
            self._write(DONE)
            self._process.stdin.close()
            self._process.wait()

    def _write(self, value: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            try:
                self._process.stdin.write(json.dumps(value).encode() + b"\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                pass  # somebody killed the guard


def main(socket: str) -> int:
    """The other half: reads until the check's end. Returns an exit status."""
    wishes: dict[str, object] = {}
    for line in sys.stdin:
        value = json.loads(line)
        if value == DONE:
            return 0
        wishes[value["path"]] = value["body"]
    for path, body in wishes.items():
        try:
            Client(socket, "").request("PATCH", path, body)
        except UserError as error:
            say(f"localku: the check was killed, and could not put back {path}: {error}")
            return 1
    say("localku: the check was killed; the app is as it was before it")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:2]))
    except KeyboardInterrupt:
        sys.exit(130)
