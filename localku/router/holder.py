"""Who holds a TCP port: asked only after binding it has failed.

Linux tells in /proc, everywhere else lsof is asked; a process of another user may stay unknown.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

_LISTEN = "0A"  # the state column of /proc/net/tcp
_COMMAND_MAX = 80
_LSOF_SECONDS = 3.0


def holder_of(port: int) -> str:
    """`pid 4711 (command line)` of the process that listens on port, "" when it cannot be found."""
    if sys.platform.startswith("linux"):
        return _from_proc(port)
    return _from_lsof(port)


def _from_proc(port: int) -> str:
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not inodes:
        return ""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if inodes & set(_descriptors(pid)):
            return f"pid {pid} ({_command(pid)})"
    return "another user's process"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                rows = [line.split() for line in lines][1:]
        except OSError:
            continue  # no IPv6 here
        for row in rows:
            if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port:
                yield row[9]


def _descriptors(pid: str) -> Iterator[str]:
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return  # gone, or not ours to see
    for name in names:
        try:
            yield os.readlink(f"{folder}/{name}")
        except OSError:
            continue  # closed in the meantime


def _command(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode("utf-8", "replace").split("\0")
    except OSError:
        return "gone"
    return " ".join(word for word in words if word)[:_COMMAND_MAX]


def _from_lsof(port: int) -> str:
    """lsof -F prints one field a line: p<pid>, c<command>."""
    program = shutil.which("lsof") or "/usr/sbin/lsof"
    command = [program, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LSOF_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    fields = {line[:1]: line[1:] for line in reversed(done.stdout.splitlines()) if line}
    return f"pid {fields['p']} ({fields.get('c', '?')})" if "p" in fields else ""
