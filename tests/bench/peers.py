"""Which Procfile managers are on this machine, and how each of them starts an app.

    python tests/bench/peers.py        # list them

Looked for beside this interpreter (honcho, watchfiles), in the folders of the variable
BENCH_PEERS (separated by colons) and on PATH. Nothing is installed here; README.md says how.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DROPPED = ("PORT", "PS", "DYNO", "PYTHON", "LOCALKU_", "OVERMIND_", "HIVEMIND_")


@dataclass(frozen=True)
class Peer:
    """A manager that may be installed. start: its arguments for `first port`, in the app's folder.

    ports: whether it starts at the given port. home: it writes to $HOME, so it gets another one.
    get: how to install it.
    """

    name: str
    program: str
    start: Callable[[int], list[str]]
    get: str
    version: str = "--version"
    home: bool = False


@dataclass(frozen=True)
class Manager:
    """A manager that is installed. path: its program."""

    peer: Peer
    path: str
    version: str

    @property
    def name(self) -> str:
        return self.peer.name

    def command(self, port: int) -> list[str]:
        """The command line that starts the Procfile of the current folder."""
        return [self.path, *self.peer.start(port)]


PEERS = (
    Peer("localku", "localku", lambda port: ["start", "-p", str(port)], "pip install localku"),
    Peer("honcho", "honcho", lambda port: ["start", "-p", str(port)], "pip install honcho"),
    Peer(
        "foreman",
        "foreman",
        lambda port: ["start", "-p", str(port)],
        "apt-get install ruby-foreman",
    ),
    Peer(
        "heroku local",
        "heroku",
        lambda port: ["local", "-p", str(port)],
        "npm install -g heroku",
        home=True,
    ),
    Peer(
        "node-foreman",
        "nf",
        lambda port: ["start", "-p", str(port)],
        "npm install -g foreman",
    ),
    Peer(
        "overmind",
        "overmind",
        lambda port: ["start", "-p", str(port)],
        "see DarthSim/overmind; needs tmux",
    ),
    Peer("hivemind", "hivemind", lambda port: ["-p", str(port)], "see DarthSim/hivemind"),
    Peer(
        "goreman",
        "goreman",
        lambda port: ["-b", str(port), "-rpc-server=false", "start"],
        "see mattn/goreman",
        version="version",
    ),
)


def find(program: str) -> str:
    """The path of a program, or ""."""
    beside = os.path.dirname(sys.executable)
    places = [beside, *os.environ.get("BENCH_PEERS", "").split(os.pathsep)]
    search = os.pathsep.join([*filter(None, places), os.environ.get("PATH", os.defpath)])
    return shutil.which(program, path=search) or ""


def environment(
    base: Mapping[str, str], extra: Mapping[str, str], home: str | None = None
) -> dict[str, str]:
    """What every measured command gets: this environment without what would favour or hinder one.

    Above all PYTHONDONTWRITEBYTECODE, with which every start would compile again. home: another
    home folder for a program that keeps files there.
    """
    env = {key: value for key, value in base.items() if not key.startswith(DROPPED)}
    folders = [os.path.dirname(sys.executable), *base.get("BENCH_PEERS", "").split(os.pathsep)]
    env["PATH"] = os.pathsep.join([*filter(None, folders), base.get("PATH", os.defpath)])
    if home is not None:
        env |= {"HOME": home, "XDG_CACHE_HOME": f"{home}/cache", "XDG_DATA_HOME": f"{home}/data"}
        env |= {"XDG_CONFIG_HOME": f"{home}/config", "HEROKU_DISABLE_AUTOUPDATE": "1"}
        env |= {"HEROKU_SKIP_ANALYTICS": "1", "DISABLE_TELEMETRY": "true"}
    return env | dict(extra)


def said_version(path: str, argument: str, env: Mapping[str, str]) -> str:
    """What a program says about its version: the last word with a digit in its first such line."""
    try:
        done = subprocess.run(
            [path, argument], env=dict(env), capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    for line in (done.stdout + done.stderr).splitlines():
        for word in line.replace("/", " ").split():
            if word[:1].isdigit() and "." in word:
                return word
    return "?"


def installed(
    home: str, localku: str = "", only: list[str] | None = None
) -> tuple[list[Manager], list[Peer]]:
    """The managers that are here, and the peers that are not.

    home: a folder for those that write to $HOME. localku: the program to take as localku, where
    it is not the one found. only: names.
    """
    managers, missing = [], []
    for peer in PEERS:
        if only and peer.name not in only:
            continue
        path = localku if localku and peer.name == "localku" else find(peer.program)
        if peer.name == "overmind" and not find("tmux"):
            path = ""
        if path:
            env = environment(os.environ, {}, home if peer.home else None)
            managers.append(Manager(peer, path, said_version(path, peer.version, env)))
        else:
            missing.append(peer)
    return managers, missing


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        here, away = installed(scratch)
    for manager in here:
        print(f"{manager.name:14}{manager.version:10}{manager.path}")
    for peer in away:
        print(f"{peer.name:14}not installed ({peer.get})")
