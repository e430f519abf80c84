"""What the command line says of requests: paths with weights, URLs, headers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from localku.errors import UserError
from localku.load.plan import Ask

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a URL is about. port: 0 in the host that is shown when it is the scheme's own."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """As it stands in the Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """As a URL."""
        return f"{self.scheme}://{self.authority}/"


def read_word(word: str) -> tuple[Origin | None, Ask]:
    """A PATH or a URL of the command line, with a weight before it: `/`, `3:/cart`, `http://...`.
    Raises UserError."""
    weight, rest = _weight(word)
    origin = None
    if rest.startswith(("http://", "https://")):
        origin, rest = read_url(rest)
    if not rest.startswith("/"):
        hint = "write /cart, 3:/cart or http://127.0.0.1:8000/"
        raise UserError(f"{word!r} is neither a path nor a URL", hint=hint)
    return origin, Ask(rest, weight=weight)


def _weight(word: str) -> tuple[float, str]:
    number, colon, rest = word.partition(":")
    if not colon or not number or number.strip("0123456789."):
        return 1.0, word
    try:
        weight = float(number)
    except ValueError:
        weight = 0.0
    if not 0 < weight <= 1e6:
        raise UserError(f"{word!r}: {number} is no weight", hint="write 3:/cart")
    return weight, rest


def read_url(text: str) -> tuple[Origin, str]:
    """(origin, path and query) of an http or https URL. Raises UserError."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UserError(f"{text!r} is no URL: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise UserError(f"{text!r} is no http or https URL")
    if parts.username is not None:
        raise UserError("a URL with a password is not taken", hint="use -H 'Authorization: ...'")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme, parts.hostname, port or PORTS[parts.scheme]), path


def read_header(text: str) -> tuple[str, str]:
    """`Name: value`. Raises UserError."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UserError(f"{text!r} is no header", hint="write -H 'Name: value'")
    return name.strip(), value.strip()


def one_origin(origins: list[Origin | None]) -> Origin | None:
    """The origin of all, None when they are paths of our app. Raises UserError when they differ."""
    found = set(origins)
    if len(found) > 1:
        names = sorted(each.url if each else "paths of the app" for each in found)
        raise UserError(f"one target at a time, not {' and '.join(names)}")
    return found.pop() if found else None


def is_local_name(host: str) -> bool:
    """localhost and what is under it is this machine (RFC 6761 section 6.3), whatever a resolver
    says."""
    return host == "localhost" or host.endswith(".localhost")
