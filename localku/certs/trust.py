"""What it takes to make programs believe in the CA: which commands, in which place. Pure.

Facts about this machine in, steps out; stores.py finds the facts and cli/certs.py runs the steps,
if it is asked to. The ways are mkcert's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SYSTEM, BROWSERS = "system", "browsers"

# (folder, ending, command that reads it): Debian and its kin; Fedora and its kin; SUSE; Arch
LINUX_STORES = (
    ("/usr/local/share/ca-certificates", ".crt", ("update-ca-certificates",)),
    ("/etc/pki/ca-trust/source/anchors", ".pem", ("update-ca-trust", "extract")),
    ("/usr/share/pki/trust/anchors", ".pem", ("update-ca-certificates",)),
    ("/etc/ca-certificates/trust-source/anchors", ".crt", ("trust", "extract-compat")),
)
_PACKAGES = {"apt-get": "libnss3-tools", "dnf": "nss-tools", "zypper": "mozilla-nss-tools"}
_PACKAGES |= {"pacman": "nss", "brew": "nss"}


@dataclass(frozen=True)
class Facts:
    """This machine. mac: or Linux. root: whether we are. store: the system's, None for unknown.

    databases: folders of NSS databases (Chromium, Firefox); missing: those that have to be made.
    certutil: whether it is installed.
    installer: apt-get, dnf, ..., or "".
    """

    mac: bool
    root: bool
    store: tuple[str, str, tuple[str, ...]] | None
    databases: tuple[str, ...]
    certutil: bool
    installer: str = ""
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Authority:
    """The CA: its file, and its fingerprint, which names it in every store."""

    path: str
    fingerprint: str

    @property
    def nickname(self) -> str:
        """Its name in NSS databases."""
        return f"localku CA {self.fingerprint[:8]}"

    @property
    def filename(self) -> str:
        """Its name in a system's folder, without ending."""
        return f"localku-ca-{self.fingerprint[:8]}"


@dataclass(frozen=True)
class Step:
    """One thing to do for one store. commands: in order; blocked: why we cannot, "" if we can.

    target: the file or folder without which there is nothing to remove.
    """

    kind: str
    what: str
    commands: tuple[tuple[str, ...], ...]
    blocked: str = ""
    target: str = ""


def steps(facts: Facts, ca: Authority, *, remove: bool = False) -> list[Step]:
    """What to do, or how to undo it: the system first, then each NSS database."""
    return [_system(facts, ca, remove), *_browsers(facts, ca, remove)]


def _system(facts: Facts, ca: Authority, remove: bool) -> Step:
    what = "the system (curl, wget, Go, Ruby, PHP, ...)"
    if facts.mac:
        command: tuple[str, ...] = (
            "security",
            "add-trusted-cert",
            "-r",
            "trustRoot",
            "-p",
            "ssl",
            ca.path,
        )
        if remove:
            command = ("security", "remove-trusted-cert", ca.path)
        return Step(SYSTEM, "the login keychain (curl, Safari, Chrome, ...)", (command,))
    if facts.store is None:
        return Step(SYSTEM, what, (), "no certificate store that localku knows")
    folder, ending, refresh = facts.store
    target = f"{folder}/{ca.filename}{ending}"
    first = ("rm", "-f", target) if remove else ("install", "-m", "644", ca.path, target)
    blocked = "" if facts.root else "only root may"
    return Step(SYSTEM, what, (first, refresh), blocked, target if remove else "")


def _browsers(facts: Facts, ca: Authority, remove: bool) -> list[Step]:
    blocked = "" if facts.certutil else f"certutil is not installed{_how(facts)}"
    found = []
    for folder in facts.databases:
        database = ("certutil", "-d", f"sql:{folder}")
        drop = (*database, "-D", "-n", ca.nickname)
        add = (*database, "-A", "-t", "C,,", "-n", ca.nickname, "-i", ca.path)
        make: tuple[tuple[str, ...], ...] = ()
        if folder in facts.missing:
            make = (("mkdir", "-p", "-m", "700", folder), (*database, "-N", "--empty-password"))
        found.append(
            Step(
                BROWSERS,
                f"{_browser(folder)} ({folder})",
                (drop,) if remove else (*make, add),
                blocked,
                folder if remove else "",
            )
        )
    if not found and not remove:
        found.append(Step(BROWSERS, "Chromium and Firefox", (), "none was ever started here"))
    return found


def _how(facts: Facts) -> str:
    package = _PACKAGES.get(facts.installer)
    return f": {facts.installer} install {package}" if package else ""


def _browser(folder: str) -> str:
    return "Firefox" if "irefox" in folder else "Chromium"


def by_hand(ca: Authority, url: str) -> list[tuple[str, str]]:
    """(who, what to write) for programs that read no store, or that shall trust it just once."""
    return [
        ("curl", f"curl --cacert {ca.path} {url}"),
        (
            "Python",
            f"SSL_CERT_FILE={ca.path}  (requests: REQUESTS_CA_BUNDLE, instead of all others)",
        ),
        ("Node", f"NODE_EXTRA_CA_CERTS={ca.path}"),
    ]


def store_of(exists: Callable[[str], bool]) -> tuple[str, str, tuple[str, ...]] | None:
    """The system's store, by which folders exist."""
    return next((store for store in LINUX_STORES if exists(store[0])), None)
