"""Requests as the bytes that are sent, and the order in which they take turns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from localku import __version__
from localku.errors import UserError
from localku.load.plan import Ask, Target
from localku.router.grammar import FIELD_TEXT, is_token

DECK = 1000  # requests of one round in which the weights are kept to, if they are not whole
# unreserved, reserved and % (RFC 3986 section 2): all that may stand in a URL as it is
SAFE = "!#$%&'()*+,-./:;=?@[]_~"
OURS = ("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te")
USER_AGENT = f"localku-load/{__version__}"


@dataclass(frozen=True, slots=True)
class Wire:
    """One kind of request, ready to be sent. is_head: its answer has no body."""

    data: bytes
    is_head: bool
    idempotent: bool


def wire(ask: Ask, target: Target) -> Wire:
    """A request as it is sent. Raises UserError for a method or a field that cannot be sent."""
    method = ask.method
    if not is_token(method.encode()):
        raise UserError(f"{method!r} is no HTTP method", where=ask.path)
    lines = [f"{method} {safe_path(ask.path)} HTTP/1.1", f"Host: {target.host}"]
    names = set()
    for name, value in ask.headers:
        _check_field(name, value, ask.path)
        names.add(name.lower())
        lines.append(f"{name}: {value}")
    if "user-agent" not in names:
        lines.append(f"User-Agent: {USER_AGENT}")
    if "accept" not in names:
        lines.append("Accept: */*")
    if ask.body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(ask.body)}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    safe = method in ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
    return Wire(head + ask.body, method == "HEAD", safe)


def safe_path(path: str) -> str:
    """A path and query that can stand in a request line: what cannot is percent-encoded."""
    return quote(path.partition("#")[0], safe=SAFE) or "/"


def _check_field(name: str, value: str, where: str) -> None:
    if not name.isascii() or not is_token(name.encode()):
        raise UserError(f"{name!r} is no name of a header", where=where)
    if name.lower() in OURS:
        raise UserError(f"the header {name} is set by localku itself", where=where)
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raise UserError(f"the header {name} has letters that cannot be sent", where=where) from None
    if raw.translate(None, FIELD_TEXT):
        raise UserError(f"the header {name} has control characters", where=where)


def deck(asks: Sequence[Ask], shuffle: Callable[[list[int]], object] | None = None) -> list[int]:
    """One round of requests, as indexes: each as often as its weight says, in any order; in the
    order of the asks and once each with shuffle=None."""
    if shuffle is None:
        return list(range(len(asks)))
    weights = [ask.weight for ask in asks]
    if len(weights) == 1:
        return [0]
    if all(weight == int(weight) for weight in weights) and sum(weights) <= DECK:
        counts = [int(weight) for weight in weights]
    else:
        unit = DECK / sum(weights)
        counts = [max(1, round(weight * unit)) for weight in weights]
    cards = [index for index, count in enumerate(counts) for _ in range(count)]
    shuffle(cards)
    return cards


def turns(wires: Sequence[Wire], cards: Sequence[int]) -> Iterator[Wire]:
    """The requests of a deck, round after round for ever."""
    dealt = [wires[card] for card in cards]
    while True:
        yield from dealt
