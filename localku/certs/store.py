"""The folder of the CA and its certificates, in the user's own `~/.localku` (or LOCALKU_HOME).

A leaf is one file: a line that says until when it is good and under which CA, its key, itself. So
a second start reads a few lines and loads no cryptography. Files appear whole or not at all, and
only one process at a time makes any.
"""

from __future__ import annotations

import base64
import fcntl
import getpass
import hashlib
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from localku.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localku.certs.issue import Authority

FOLDER, CERT, KEY, HOSTS, LOCK = "ca", "localku-ca.pem", "key.pem", "hosts", "lock"
RENEW = 30 * 86_400.0  # seconds before its end at which a certificate is made anew
_MARK = "localku certificate"


def home_folder(environ: Mapping[str, str]) -> str:
    """LOCALKU_HOME, or `.localku` in the home folder."""
    return environ.get("LOCALKU_HOME") or os.path.join(os.path.expanduser("~"), ".localku")


class Leaf:
    """A certificate on disk. expires: seconds since the epoch. ca: fingerprint of its CA."""

    __slots__ = ("ca", "expires", "host", "path")

    def __init__(self, host: str, path: str, expires: float, ca: str) -> None:
        self.host = host
        self.path = path
        self.expires = expires
        self.ca = ca


class Store:
    """The CA's files under a home folder. Every method may raise UserError."""

    def __init__(self, home: str) -> None:
        self.folder = os.path.join(home, FOLDER)
        self.cert = os.path.join(self.folder, CERT)
        self.key = os.path.join(self.folder, KEY)

    def fingerprint(self) -> str:
        """SHA-256 of the CA's certificate in hex, "" when there is no CA."""
        try:
            with open(self.cert, encoding="ascii") as file:
                return fingerprint(file.read())
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._failed("read", self.cert, error) from None
        except ValueError:
            raise self._spoilt("it holds no certificate") from None

    def leaves(self) -> list[Leaf]:
        """The certificates that there are, by host."""
        folder = os.path.join(self.folder, HOSTS)
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return []
        hosts = [name[:-4] for name in names if name.endswith(".pem")]
        return [leaf for leaf in map(self._leaf, hosts) if leaf is not None]

    def ensure(self, hosts: Iterable[str], now: float) -> dict[str, str]:
        """host -> PEM file with a good certificate; what is missing or near its end is made."""
        hosts = list(hosts)
        try:
            missing = self._missing(hosts, now)
            if missing:
                with self._locked():
                    missing = self._missing(hosts, now)  # another process may have been first
                    if missing:
                        self._make(missing, now)
        except OSError as error:
            raise self._failed("write", error.filename or self.folder, error) from None
        return {host: self._path(host) for host in hosts}

    def authority(self, now: float) -> Authority:
        """The CA; it is made when there is none, or only one that is near its end."""
        try:
            with self._locked():
                return self._authority(now)
        except OSError as error:
            raise self._failed("write", error.filename or self.folder, error) from None

    def known(self) -> Authority | None:
        """The CA that there is, as it is."""
        from localku.certs import issue

        if not self.fingerprint():
            return None
        _refuse_open_key(self.key)
        try:
            return issue.read_authority(_read(self.cert), _read(self.key))
        except (ValueError, OSError) as error:
            raise self._spoilt(str(error)) from None

    def _missing(self, hosts: list[str], now: float) -> list[str]:
        ca = self.fingerprint()
        found = {host: self._leaf(host) if ca else None for host in hosts}
        return [
            host
            for host, leaf in found.items()
            if leaf is None or leaf.ca != ca or leaf.expires - now < RENEW
        ]

    def _make(self, hosts: list[str], now: float) -> None:
        from localku.certs.issue import new_leaf

        authority = self._authority(now)
        ca = self.fingerprint()
        _make_folder(os.path.join(self.folder, HOSTS))
        for host in hosts:
            pem, expires = new_leaf(authority, host, now)
            mark = f"{_MARK} expires={int(expires)} ca={ca}\n"
            _write(self._path(host), mark.encode() + pem)

    def _authority(self, now: float) -> Authority:
        from localku.certs import issue

        known = self.known()
        if known is not None and known.expires - now > RENEW:
            return known
        authority = issue.new_authority(now, f"{getpass.getuser()}@{socket.gethostname()}")
        _write(self.key, authority.key_pem)
        _write(self.cert, authority.cert_pem)  # last: where it is, the key is, too
        return authority

    def _path(self, host: str) -> str:
        return os.path.join(self.folder, HOSTS, f"{host}.pem")

    def _leaf(self, host: str) -> Leaf | None:
        path = self._path(host)
        try:
            with open(path, encoding="ascii") as file:
                mark = file.readline()
            if not mark.startswith(f"{_MARK} "):
                return None
            facts = dict(fact.split("=", 1) for fact in mark.split() if "=" in fact)
            return Leaf(host, path, float(facts["expires"]), facts["ca"])
        except (OSError, ValueError, KeyError):
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        _make_folder(os.path.dirname(self.folder))
        _make_folder(self.folder)
        fd = os.open(os.path.join(self.folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _failed(self, what: str, path: str, error: OSError) -> UserError:
        hint = "LOCALKU_HOME chooses another folder"
        return UserError(f"cannot {what} the certificates: {error.strerror}", where=path, hint=hint)

    def _spoilt(self, why: str) -> UserError:
        hint = f"remove {self.folder} for a new CA, which then has to be trusted anew"
        return UserError(f"the CA is spoilt: {why}", where=self.cert, hint=hint)


def fingerprint(pem: str) -> str:
    """SHA-256 of the first certificate in a PEM text, in hex. Raises ValueError."""
    _, begin, rest = pem.partition("-----BEGIN CERTIFICATE-----")
    body, end, _ = rest.partition("-----END CERTIFICATE-----")
    if not begin or not end:
        raise ValueError("no certificate")
    return hashlib.sha256(base64.b64decode(body)).hexdigest()


def _make_folder(path: str) -> None:
    os.makedirs(path, 0o700, exist_ok=True)


def _refuse_open_key(path: str) -> None:
    """A key that others can read may be theirs by now."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return  # said by whoever reads it
    if mode & 0o077:
        raise UserError("others can read the CA's key", where=path, hint=f"chmod 600 {path}")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write(path: str, data: bytes) -> None:
    """A file of mode 0600, whole or not at all."""
    draft = f"{path}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise
