"""How many lines of the terminal each pane of `localku top` gets. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from localku.top.header import LINES as HEADER

BOTTOM = 2  # the message or prompt, and the keys
LEAST = 3  # lines of a pane in which something can still be read: a title and two more


@dataclass(frozen=True, slots=True)
class Heights:
    """Lines of each pane, titles included; 0 for one that has no room or nothing to show."""

    dynos: int
    events: int
    numbers: int
    log: int


def heights(total: int, dynos: int, numbers: int, *, log: bool) -> Heights:
    """total: lines of the terminal. dynos, numbers: how many there are of them to show.

    The table gets what it wants while the others keep their least; the log takes half of it all;
    the events take what is left.
    """
    left = max(0, total - HEADER - BOTTOM)
    own = left // 2 if log and left >= 2 * LEAST else 0
    left -= own
    wanted_numbers = numbers + 1 if numbers else 0
    kept = min(LEAST, left // 3) + min(LEAST, wanted_numbers, left // 4)
    table = min(dynos + 1, max(2, left - kept), left)
    left -= table
    few = min(wanted_numbers, left // 2)
    if few < 2:
        few = 0
    return Heights(dynos=table, events=left - few, numbers=few, log=own)
