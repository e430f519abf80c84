"""Heroku's own CLI (npm `heroku`), unmodified, at a platform of ours.

It is found as HEROKU_CLI or on PATH; nothing is installed here. It has a HOME of its own, since it
edits the global git configuration at each command.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import LOCALKU

from localku.platform.home import FOLDER
from localku.platform.key import path_in, read

PINNED = "11.10.0"  # what the expectations are written for
FOUND = os.environ.get("HEROKU_CLI") or shutil.which("heroku") or ""
ALL = os.environ.get("LOCALKU_TEST_HEROKU") == "all"  # a second for each command
PATIENCE = 90.0  # seconds for one command: node starts in one, or in ten on a busy machine

needs_heroku = pytest.mark.skipif(
    not FOUND, reason=f"no heroku CLI: npm install heroku@{PINNED}, and name it in HEROKU_CLI"
)
needs_all = pytest.mark.skipif(not ALL, reason="LOCALKU_TEST_HEROKU=all runs every command")


class Result:
    """What a command did. text: stdout and stderr, colours and margins taken away."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status = done.returncode
        self.out = done.stdout
        self.text = plain(done.stdout + done.stderr)


def plain(text: str) -> str:
    """Without the ` ›   ` margin of warnings, and their line breaks."""
    lines = [re.sub(r"^ ›\s*", "", line).strip() for line in text.splitlines()]
    return " ".join(" ".join(lines).split())


class Person:
    """Somebody with a home folder who types `heroku ...` in the folder of an app that runs."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        home.mkdir(exist_ok=True)
        kept = ("PATH", "LANG", "TMPDIR", "SystemRoot")
        self.env = {name: os.environ[name] for name in kept if name in os.environ}
        self.env |= {"HOME": str(home), "TERM": "dumb", "NO_COLOR": "1", "TZ": "UTC"}
        self.home = home

    @property
    def key(self) -> str:
        return read(path_in(str(self.root / FOLDER)))

    def surroundings(self, *, keyed: bool = True) -> dict[str, str]:
        """The environment after `eval "$(localku env)"`."""
        flags = [] if keyed else ["--no-key"]
        lines = subprocess.run(
            [LOCALKU, "env", "--shell", "sh", *flags],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
        told = dict(line.removeprefix("export ").split("=", 1) for line in lines.splitlines())
        return {**self.env, **told}

    def heroku(self, *argv: str, keyed: bool = True) -> Result:
        """One command, with nothing on stdin."""
        return Result(
            subprocess.run(
                [FOUND, *argv],
                cwd=self.root,
                env=self.surroundings(keyed=keyed),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        )
