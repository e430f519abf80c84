"""The certificate stores of this machine: which there are, and carrying out what trust.py says."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys

from localku.certs.trust import BROWSERS, Authority, Facts, Step, store_of

_CHROMIUM = ".pki/nssdb"
_CHROMIUM_NEW = ".local/share/pki/nssdb"
_DATABASES = (
    *(_CHROMIUM, _CHROMIUM_NEW, "snap/*/current/.pki/nssdb"),
    ".var/app/*/data/pki/nssdb",
    *(".mozilla/firefox/*", ".config/mozilla/firefox/*"),
    *("snap/firefox/common/.mozilla/firefox/*", ".var/app/org.mozilla.firefox/.mozilla/firefox/*"),
    "Library/Application Support/Firefox/Profiles/*",
)
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "brave")
_INSTALLERS = ("apt-get", "dnf", "zypper", "pacman", "brew")
_PATIENCE = 120  # seconds for a command; a keychain asks for a password


def look(home: str) -> Facts:
    """What there is on this machine, for the user whose home folder that is."""
    mac = sys.platform == "darwin"
    databases = _databases(home)
    return Facts(
        mac=mac,
        root=os.geteuid() == 0,
        store=None if mac else store_of(os.path.isdir),
        databases=tuple(databases),
        certutil=shutil.which("certutil") is not None,
        installer=next((name for name in _INSTALLERS if shutil.which(name)), ""),
        missing=frozenset(folder for folder in databases if not _is_database(folder)),
    )


def _databases(home: str) -> list[str]:
    found = [
        folder
        for pattern in _DATABASES
        for folder in sorted(glob.glob(os.path.join(glob.escape(home), pattern)))
        if _is_database(folder)
    ]
    started = any(os.path.join(home, folder) in found for folder in (_CHROMIUM, _CHROMIUM_NEW))
    on_linux = sys.platform != "darwin"  # on a Mac it reads the keychain
    if on_linux and not started and any(map(shutil.which, _CHROMIUMS)):
        found.insert(0, os.path.join(home, _CHROMIUM))  # which any version of it looks for
    return found


def _is_database(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "cert9.db"))


def needless(step: Step, ca: Authority) -> bool:
    """Whether a removal has nothing to remove."""
    if not step.target:
        return False
    if step.kind == BROWSERS and not step.blocked:
        return bool(_run(("certutil", "-d", f"sql:{step.target}", "-L", "-n", ca.nickname)))
    return not os.path.exists(step.target)


def carry_out(step: Step) -> str:
    """Run a step's commands; "" when all went well, else what the first bad one said."""
    for command in step.commands:
        said = _run(command)
        if said:
            return said
    return ""


def _run(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    if done.returncode == 0:
        return ""
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1] if said else f"{command[0]} ended with status {done.returncode}"
