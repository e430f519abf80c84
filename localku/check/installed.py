"""What is installed for the app's own Python: asked of the very interpreter that ran it."""

from __future__ import annotations

import asyncio
import json
import os

from localku.check.judge_deps import Installed
from localku.check.record import Run

PATIENCE = 20.0  # seconds
_TELL = """
import importlib.metadata as m, json, re
norm = lambda n: re.sub(r"[-_.]+", "-", n).lower()
requires, scripts = {}, {}
for d in m.distributions():
    name = norm(d.metadata["Name"] or "")
    needs = [each for each in d.requires or () if "extra ==" not in each]
    requires[name] = [norm(re.match(r"[\\w.-]+", each)[0]) for each in needs]
    for e in d.entry_points:
        if e.group == "console_scripts":
            scripts[e.name] = name
modules = {k: [norm(x) for x in v] for k, v in m.packages_distributions().items()}
print(json.dumps([modules, requires, scripts]))
"""


async def look(run: Run, folder: str) -> Installed | None:
    """What is installed there; None when the interpreter does not say. folder: to run it in."""
    found = [str(s.data.get("executable")) for s in run.of("python") if s.data.get("executable")]
    if not found:
        return None
    environ = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        proc = await asyncio.create_subprocess_exec(
            *(found[0], "-c", _TELL),
            cwd=folder,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        said, _ = await asyncio.wait_for(proc.communicate(), PATIENCE)
        modules, requires, scripts = json.loads(said)
    except (asyncio.TimeoutError, ValueError):
        return None
    finally:
        if proc.returncode is None:
            proc.kill()
            await proc.wait()
    return Installed(modules, requires, scripts)
