"""The name of an app: at most 30 characters, and a DNS label, for `http://NAME.localhost:5006`.

Heroku: it begins with a letter, ends with a letter or a digit, and has small letters, digits and
dashes only (Platform API, "App", name). Pure. START PATH.
"""

from __future__ import annotations

from localku.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LENGTH = 30
_ADJECTIVES = (
    "calm",
    "cold",
    "deep",
    "fair",
    "fast",
    "free",
    "gray",
    "high",
    "kind",
    "mild",
    "warm",
)
_NOUNS = ("bay", "brook", "cliff", "dune", "field", "hill", "lake", "leaf", "moon", "rain", "river")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_CHARACTERS = _LETTERS | frozenset("0123456789-")


def slug(text: str) -> str:
    """The nearest name that is allowed: `My App_2` becomes `my-app-2`, nothing becomes `app`."""
    words = "".join(c if c in _CHARACTERS else "-" for c in text.lower()).split("-")
    name = "-".join(word for word in words if word)
    if name and name[0] not in _LETTERS:
        name = f"app-{name}"
    return name[:MAX_LENGTH].rstrip("-") or "app"


def made_up(below: Callable[[int], int]) -> str:
    """A name as Heroku makes them up: `warm-river-12345`. below(n): a random number under n."""
    first, second = (words[below(len(words))] for words in (_ADJECTIVES, _NOUNS))
    return f"{first}-{second}-{below(90_000) + 10_000}"


def checked(name: str, where: str) -> str:
    """The name, if it is allowed. Raises UserError with one that is."""
    if slug(name) != name:
        hint = f"small letters, digits and dashes, at most {MAX_LENGTH}: {slug(name)}"
        raise UserError(f"{name!r} cannot name an app", where=where, hint=hint)
    return name
