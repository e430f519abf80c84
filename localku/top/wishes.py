"""What the keys of `localku top` ask the platform for: requests of the Platform API. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from localku.errors import UserError
from localku.manifest.formation import Change, must_exist, parse_change
from localku.top.state import State

# on the selected process type: `+`, `-2`, `=3`, `3`
_SHORT = re.compile(r"([+=-]?)(\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """A request. words: its path below `/apps/APP`. done: what to say once it was granted."""

    method: str
    words: tuple[str, ...]
    done: str
    body: Any = None


def scale(text: str, state: State, selected: str) -> Wish:
    """From what was typed: `web=3 worker+1`, or `+`, `-`, `+2`, `3` for the selected process type.

    Raises UserError for what means nothing, for an unknown type and for fewer dynos than none.
    """
    changes = [_change(word, selected) for word in text.split()]
    if not changes:
        raise UserError("nothing to scale", hint="write web=3, worker+1, or + and -")
    types = [str(each.get("type")) for each in state.formation]
    said = []
    for change in changes:
        must_exist(change.process_type, types, "")
        after = change.quantity(state.quantity(change.process_type) or 0)
        said.append(f"{change.process_type} to {after}")
    updates = [_update(change) for change in changes]
    return Wish("PATCH", ("formation",), f"Scaled {', '.join(said)}", {"updates": updates})


def _change(word: str, selected: str) -> Change:
    match = _SHORT.fullmatch(word)
    if match is None or not selected:
        return parse_change(word)
    sign, number = match.groups()
    if not number and sign not in ("+", "-"):
        return parse_change(word)
    return parse_change(f"{selected}{sign or '='}{number or 1}")


def _update(change: Change) -> dict[str, str]:
    # relative ones stay so, as in Heroku's CLI: somebody else may scale at the same time
    sign = "" if change.sign == "=" else change.sign
    update = {"type": change.process_type, "quantity": f"{sign}{change.amount}"}
    return {**update, "size": change.size} if change.size else update


def restart(dyno: str) -> Wish:
    """Restart one dyno."""
    return Wish("DELETE", ("dynos", dyno), f"Restarted {dyno}")


def restart_all() -> Wish:
    """Restart all dynos."""
    return Wish("DELETE", ("dynos",), "Restarted all dynos")


def stop(dyno: str) -> Wish:
    """Stop one dyno; one of the formation starts again by itself, as on Heroku."""
    kind = dyno.partition(".")[0]
    done = f"Stopped {dyno}; it starts again by itself, but for {kind}=0"
    return Wish("POST", ("dynos", dyno, "actions", "stop"), done)


def maintenance(on: bool) -> Wish:
    """Switch maintenance mode."""
    return Wish("PATCH", (), f"Maintenance mode is {'on' if on else 'off'}", {"maintenance": on})
