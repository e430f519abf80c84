"""One-off dynos of a trial: the release phase, and one that tells what it sees."""

from __future__ import annotations

import asyncio
import os
import shlex

from localku.check import copying
from localku.check.trial import Trial
from localku.check.trialfiles import write_lines
from localku.errors import UserError

PATIENCE = 60.0  # seconds
_TELL = "pwd; env | sed -n 's/^\\([A-Z_][A-Z0-9_]*\\)=.*/\\1/p' | tr '\\n' ' '; echo"
_SUM = 'while read -r f; do [ -f "$f" ] && cksum "$f"; done < {} | cksum'
MOST_FILES = 400


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
    """Write down the folder, the variables and the files that a one-off dyno sees, and what the
    web dyno's folder holds of the same files."""
    now = copying.snapshot(trial.order.slug)
    steady = sorted(path for path, state in trial.before.items() if now.get(path) == state)
    listed = os.path.join(trial.order.work, "files")
    write_lines(listed, steady[:MOST_FILES])
    total = _SUM.format(shlex.quote(listed))
    said = await run(trial, f"{_TELL}; {total}")
    if len(said) < 3:
        return
    trial.run.one_off = {
        "folder": said[0],
        "names": said[1],
        "hash": said[2],
        "web_hash": await _output(total, trial.order.slug),
    }


async def _output(command: str, folder: str) -> str:
    proc = await asyncio.create_subprocess_exec(
        *("sh", "-c", command),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await proc.communicate()
    return said.decode().strip()
