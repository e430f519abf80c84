"""How many dynos of which process type: `web=2,worker=1,all=1`, and changes such as `worker+1`.

Strings in, numbers out; also the ports that follow from a formation. Pure. START PATH.
"""

from __future__ import annotations

from localku.errors import UserError
from localku.manifest.problems import known_words
from localku.manifest.procfile import RELEASE, is_type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Heroku stops at 100 dynos per app (Dev Center, "Limits"); a laptop may try more, not a typo.
MAX_QUANTITY = 1000
ALL = "all"

# heroku ps:scale takes exactly this (heroku/cli, src/commands/ps/scale.ts); `worker=+1` as well
# here, because people write it.
_CHANGE = r"([\w-]+)(?:([=+-])(\d+)|=([+-])(\d+))(?::([\w-]+))?"


class Change:
    """One wish of ps:scale. sign: `=`, `+` or `-`; size: a dyno size, or ""."""

    __slots__ = ("amount", "process_type", "sign", "size")

    def __init__(self, process_type: str, sign: str, amount: int, size: str = "") -> None:
        self.process_type = process_type
        self.sign = sign
        self.amount = amount
        self.size = size

    def quantity(self, now: int) -> int:
        """The quantity after the change, from the one before. Raises UserError out of range."""
        after = {"=": self.amount, "+": now + self.amount, "-": now - self.amount}[self.sign]
        if after < 0:
            raise UserError(
                f"{self.process_type} runs {now}, so {self.amount} cannot be taken away",
                hint=f"scale it to nothing with {self.process_type}=0",
            )
        return _checked(self.process_type, after, "")

    def __repr__(self) -> str:
        size = f":{self.size}" if self.size else ""
        return f"Change({self.process_type}{self.sign}{self.amount}{size})"


def parse(texts: list[str], where: str = "--formation") -> dict[str, int]:
    """Quantities by process type (and `all`) from texts such as `web=2,worker=1`.

    A later text wins over an earlier one; blanks separate as commas do. where: the flag, variable
    or file for messages. Raises UserError.
    """
    formation: dict[str, int] = {}
    for text in texts:
        one: dict[str, int] = {}
        for part in text.replace(",", " ").split():
            name, sign, number = part.partition("=")
            if not sign or not number:
                raise UserError(
                    f"{part!r} has no number", where=where, hint=f"write {name or 'web'}=1"
                )
            if not is_type_name(name):
                raise UserError(
                    f"{name!r} cannot name a process type", where=where, hint="write web=1"
                )
            if name in one:
                raise UserError(f"{name} is given twice in {text!r}", where=where)
            one[name] = quantity(name, number, where)
        formation = merge(formation, one)
    return formation


def merge(below: dict[str, int], above: dict[str, int]) -> dict[str, int]:
    """One formation over another: `all` in the upper one wins over every type in the lower."""
    return dict(above) if ALL in above else {**below, **above}


def quantity(name: str, text: str, where: str) -> int:
    """A quantity from text: a whole number from 0 to MAX_QUANTITY. Raises UserError."""
    if text.startswith("-") and text[1:].isdecimal():
        raise UserError(f"{name}={text}: there are no fewer than 0 dynos", where=where)
    if not (text.isascii() and text.isdecimal()):
        hint = f"write a whole number, such as {name}=1"
        raise UserError(f"{name}={text}: {text!r} is not a number", where=where, hint=hint)
    # int() refuses texts of thousands of digits with a ValueError: such a text is too many anyway
    return _checked(name, int(text) if len(text) < 10 else MAX_QUANTITY + 1, where)


def _checked(name: str, number: int, where: str) -> int:
    if number > MAX_QUANTITY:
        raise UserError(f"more than {MAX_QUANTITY} dynos of {name}", where=where)
    return number


def parse_change(text: str) -> Change:
    """One argument of ps:scale: `web=3`, `worker+1`, `worker-1`, `worker=+1`, `web=3:standard-1x`.

    Raises UserError(status=2).
    """
    import re

    match = re.fullmatch(_CHANGE, text, re.ASCII)
    if match is None:
        raise UserError(
            f"{text!r} is not a change of a formation",
            hint="write web=3, worker+1, worker-1 or web=3:standard-1x",
            status=2,
        )
    name, sign, number, late_sign, late_number, size = match.groups()
    amount = quantity(name, number or late_number, "")
    return Change(name, sign or late_sign, amount, size or "")


def parse_only(arguments: list[str]) -> tuple[list[str], dict[str, int]]:
    """The arguments of `localku start`: `web worker`, or as heroku local has it, `web=2,worker`.

    Returns the process types to start, and the quantities that were given with them.
    """
    only: list[str] = []
    formation: dict[str, int] = {}
    for part in ",".join(arguments).split(","):
        name, sign, _ = part.partition("=")
        if sign:
            formation.update(parse([part], "argument"))
        if name and name not in only:
            only.append(name)
    return only, formation


def resolve(
    types: list[str],
    formation: dict[str, int],
    only: list[str] | None = None,
    places: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """The quantity of every process type of the Procfile, in its order.

    types: all process types. formation: wishes, with `all` for those that it does not name.
    only: process types to start, all others get 0 (empty: all start). `release` is not started
    unless it is named. places: the origin of each wish. Raises UserError for an unknown type.
    """
    only = only or []
    for name in only:
        must_exist(name, types, "argument", status=2)
    for name in formation:
        if name != ALL:
            must_exist(name, types, (places or {}).get(name, "--formation"))
    default = formation.get(ALL, 1)
    quantities = {}
    for name in types:
        usual = default if name != RELEASE else int(name in only)
        quantities[name] = formation.get(name, usual) if not only or name in only else 0
    return quantities


def must_exist(name: str, types: list[str], where: str, status: int = 1) -> None:
    """Raise UserError, with a hint, for a process type that the Procfile does not have."""
    if name in types:
        return
    stem, dot, number = name.rpartition(".")
    if dot and number.isdecimal() and stem in types:
        hint = f"{name} is a dyno; its process type is {stem}"
    else:
        hint = known_words(name, types, "the Procfile has")
    raise UserError(
        f"no process type {name} in the Procfile", where=where, hint=hint, status=status
    )


def port(first: int, types: list[str], process_type: str, number: int) -> int:
    """The port of a dyno: the first plus 100 for each process type before, plus number - 1.

    It depends on the place in the Procfile alone, so that a type keeps its ports when only some
    types are started. `release` takes no place (it comes last). From the 101st dyno of a type on,
    the numbers go on above the hundreds of all types, so that no two dynos ever share a port.
    """
    order = sorted(types, key=lambda name: name == RELEASE)  # stable: the others keep their order
    hundreds, rest = divmod(number - 1, 100)
    return first + 100 * (order.index(process_type) + hundreds * len(order)) + rest
