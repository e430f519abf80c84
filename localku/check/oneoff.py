"""One-off dynos of a trial: the release phase, and one that tells what it sees."""

from __future__ import annotations

import hashlib
import os

from localku.check import copying
from localku.check.trial import Trial
from localku.errors import UserError

PATIENCE = 30.0  # seconds
_TELL = "pwd; env | sed -n 's/^\\([A-Z_][A-Z0-9_]*\\)=.*/\\1/p' | tr '\\n' ' '; echo; ls -A"


async def run(trial: Trial, command: str, kind: str = "run") -> list[str]:
    """Run a command as a one-off dyno, in the background; what it said. [] if it cannot be run."""
    body = {"command": command, "attach": False, "type": kind}
    try:
        made = await trial.api("POST", "/dynos", body)
    except UserError:
        return []
    name = str(made["name"])
    await trial.until(lambda: bool(trial.exits(name)), PATIENCE)
    await trial.settle()
    return [line.message for line in trial.run.said(name)]


async def look(trial: Trial) -> None:
    """Write down the folder, the variables and the files that a one-off dyno sees, and the hash of
    the files that the web dyno has."""
    said = await run(trial, _TELL)
    if len(said) < 2:
        return
    trial.run.one_off = {
        "folder": said[0],
        "names": said[1],
        "hash": of_folder(said[0]),
        "web_hash": of_folder(trial.order.slug),
    }


def of_folder(root: str) -> str:
    """A hash of the names and contents of a folder's files."""
    found = hashlib.sha256()
    for path in sorted(copying.snapshot(root)):
        found.update(path.encode("utf-8", "surrogateescape") + b"\0")
        full = os.path.join(root, path)
        if os.path.isfile(full) and not os.path.islink(full):
            with open(full, "rb") as file:
                found.update(file.read(1 << 20))
    return found.hexdigest()
