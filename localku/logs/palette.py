"""Which colour a dyno's name has on a terminal. Pure. START PATH.

The colours and their order are honcho's (`honcho.colour`); the fixed names are those of Heroku's
CLI (`heroku logs`). A process type keeps its colour whatever is scaled or restarted; its dynos
alternate between the plain and the bright form, so that web.1 and web.2 can be told apart.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

RESET = b"\x1b[0m"

_PLAIN = 6  # honcho's cycle has six plain colours, then the same six intense

# Heroku's CLI: run yellow, router green, web cyan, postgres magenta, heroku-postgres blue.
# The places are those in honcho's cycle: cyan, yellow, green, magenta, red, blue.
_FIXED = {
    "web": 0,
    "run": 1,
    "router": 2,
    "postgres": 3,
    "heroku-postgres": 5,
    "api": _PLAIN + 5,
    "logplex": _PLAIN + 4,
}

# Other types take these in turn; web's and the router's colours stay theirs.
_TURNS = (1, 3, 4, 5, _PLAIN + 1, _PLAIN + 3, _PLAIN + 4, _PLAIN + 5)


class Palette:
    """Colours by dyno name. types: process types in the Procfile's order, so that a type has the
    same colour in every run; others get theirs when first seen."""

    __slots__ = ("_codes", "_cycle", "_places")

    def __init__(self, types: Iterable[str] = ()) -> None:
        from honcho.colour import get_colours

        colours = get_colours()
        self._cycle = [b"\x1b[" + next(colours).encode() + b"m" for _ in range(2 * _PLAIN)]
        self._places: dict[str, int] = {}
        self._codes: dict[str, bytes] = {}
        for kind in types:
            self._place(kind)

    def code(self, dyno: str) -> bytes:
        """The escape sequence that starts the colour of dyno (`web.1`, `router`)."""
        code = self._codes.get(dyno)
        if code is None:
            kind, _, number = dyno.partition(".")
            place = self._place(kind)
            if number.isdecimal() and int(number) % 2 == 0:
                place = (place + _PLAIN) % (2 * _PLAIN)
            if len(self._codes) >= 1000:  # one-off dynos have ever new names
                self._codes.clear()
            code = self._codes[dyno] = self._cycle[place]
        return code

    def _place(self, kind: str) -> int:
        place = _FIXED.get(kind, -1)
        if place < 0:
            place = self._places.get(kind, -1)
        if place < 0:
            place = _TURNS[len(self._places) % len(_TURNS)]
            self._places[kind] = place
        return place
