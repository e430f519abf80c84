"""The faults that there are, and what a wish for one has to be. Pure.

The law: a fault has an end from the moment it begins, touches one app's own dynos and nothing else,
and is the same again with the same seed. What cannot be done is refused before anything is done.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from localku.errors import UserError

SECONDS, LONGEST = 30.0, 3600.0  # how long a fault lasts when nobody says so; and at most
SHORTEST = 0.1  # seconds between two acts
MAX_SEED = (1 << 53) - 1  # what every JSON keeps
COMMON = ("fault", "dyno", "for", "every", "seed", "all")


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of fault. text: what it does, one line. shows: what is then seen in the log.

    lasts: it is on for a while and has to be undone; else it is an act, over at once. web: only of
    web dynos. one: of a process type, one dyno by chance is meant, and not all. repeats: --every.
    wishes: what it takes of its own.
    """

    name: str
    text: str
    shows: str
    lasts: bool = True
    web: bool = False
    one: bool = False
    repeats: bool = True
    wishes: tuple[str, ...] = ()


KINDS = {
    kind.name: kind
    for kind in (
        Kind("kill", "SIGKILL to a dyno", "crashed, H10", lasts=False, one=True),
        Kind(
            "term", "SIGTERM to a dyno, and no SIGKILL after it", "crashed", lasts=False, one=True
        ),
        Kind("freeze", "SIGSTOP to a dyno, SIGCONT at the end", "H12", one=True),
        Kind("slow", "answers come later", "service=, H12", web=True, wishes=("delay", "jitter")),
        Kind("cut", "connections break", "H13, H18", web=True, wishes=("share",)),
        Kind("memory", "the quota shrinks", "R14, R15", repeats=False, wishes=("quota", "fill")),
        Kind(
            "boot", "booting takes longer", "R10, H20", web=True, repeats=False, wishes=("delay",)
        ),
        Kind("cycle", "the daily restart, now", "Cycling", lasts=False),
        Kind(
            *("backing", "a backing service is gone, or slow", "the app's own lines"),
            repeats=False,
            wishes=("var", "mode", "delay"),
        ),
        Kind("drain", "a drain's receiver is gone", "L10", repeats=False, wishes=("drain",)),
    )
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A fault that somebody wants. dyno: `web.1`, `web` or "" for those that it is usually about.

    seconds: how long, None for what is usual. every: seconds between two acts, None for one. seed:
    of its chances, None for any. all: every dyno of the type and not one of them. own: what the
    fault takes besides, as it was sent, checked.
    """

    kind: Kind
    dyno: str = ""
    seconds: float | None = None
    every: float | None = None
    seed: int | None = None
    all: bool = False
    own: Mapping[str, object] = field(default_factory=dict)

    def number(self, name: str, otherwise: float) -> float:
        """A number of its own wishes."""
        value = self.own.get(name)
        return float(value) if isinstance(value, (int, float)) else otherwise

    def text(self, name: str, otherwise: str = "") -> str:
        """A word of its own wishes."""
        value = self.own.get(name)
        return value if isinstance(value, str) else otherwise

    @property
    def picks_one(self) -> bool:
        """Whether one dyno of a process type is meant."""
        return self.kind.one and not self.all


def read(body: Mapping[str, object]) -> Wish:
    """A wish as JSON has it. Raises UserError that says what is wrong with it."""
    kind = _kind(body.get("fault"))
    for name in body:
        if name not in COMMON and name not in kind.wishes:
            takes = ", ".join((*COMMON[1:], *kind.wishes))
            raise UserError(f"{kind.name} takes no {name}: it takes {takes}")
    dyno = body.get("dyno")
    if not isinstance(dyno, (str, type(None))):
        raise UserError("invalid dyno: it has to be a dyno (web.1) or a process type (web)")
    every = _number(body, "every", SHORTEST, LONGEST, "s")
    if every is not None and not kind.repeats:
        raise UserError(f"{kind.name} goes on by itself and takes no every")
    seconds = _number(body, "for", SHORTEST, LONGEST, "s")
    if seconds is not None and every is None and not kind.lasts:
        raise UserError(f"{kind.name} is over at once: for takes every, too")
    own = {name: value for name in kind.wishes if (value := _own(body, name)) is not None}
    _refuse_unheard(kind, own)
    return Wish(
        *(kind, dyno or "", seconds, every),
        *(_seed(body.get("seed")), _flag(body, "all"), own),
    )


def _refuse_unheard(kind: Kind, own: Mapping[str, object]) -> None:
    """UserError for a wish of its own that another one would make it pass over."""
    if kind.name == "backing" and "delay" in own and own.get("mode") != "slow":
        raise UserError("backing takes a delay with the mode slow only")
    if "quota" in own and "fill" in own:
        raise UserError("quota or fill, not both: each says how small the quota is to be")


def _kind(name: object) -> Kind:
    if isinstance(name, str) and name in KINDS:
        return KINDS[name]
    which = f"no such fault: {name}" if isinstance(name, str) else "which fault?"
    raise UserError(f"{which} (there are {', '.join(KINDS)})")


def _number(
    body: Mapping[str, object], name: str, least: float, most: float, unit: str = ""
) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise UserError(f"invalid {name}: it has to be a number")
    if not least <= value <= most:
        raise UserError(
            f"invalid {name}: it has to be from {least:g}{unit} to {most:g}{unit}, not {value:g}"
        )
    return float(value)


def _seed(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEED:
        raise UserError("invalid seed: it has to be a whole number from 0")
    return value


def _flag(body: Mapping[str, object], name: str) -> bool:
    value = body.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise UserError(f"invalid {name}: it has to be true or false")


_BOUNDS = {
    "delay": (0.0, LONGEST * 1000, "ms"),
    "jitter": (0.0, LONGEST * 1000, "ms"),
    "share": (0.0, 1.0, ""),
    "quota": (1.0, float(1 << 50), " bytes"),
    "fill": (0.1, 100.0, ""),
}
MODES = ("drop", "slow")


def _own(body: Mapping[str, object], name: str) -> object:
    if name in _BOUNDS:
        return _number(body, name, *_BOUNDS[name])
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise UserError(f"invalid {name}: it has to be a text")
    if name == "mode" and value is not None and value not in MODES:
        raise UserError(f"invalid mode: it has to be one of {', '.join(MODES)}")
    return value or None


def overlap(one: str, other: str) -> bool:
    """Whether two targets have a dyno in common: the same, or a dyno and its type."""
    return one == other or one.rpartition(".")[0] == other or other.rpartition(".")[0] == one


def matches(target: str, dyno: str, kind: str) -> bool:
    """Whether a dyno of that process type is meant by the target. "": every one is."""
    return target in ("", dyno, kind)


def usual_target(kind: Kind, types: Collection[str]) -> str:
    """The process type that is meant when nobody names any; "" for all."""
    return "web" if "web" in types and kind.name not in ("cycle", "backing") else ""
