"""Which entries a reader asked for, with logplex's meaning (heroku.md 4.1). Pure."""

from __future__ import annotations

from collections.abc import Callable

from localku.logs.entry import Entry


def log_filter(
    source: str = "", dyno: str = "", process_type: str = ""
) -> Callable[[Entry], bool] | None:
    """A predicate for entries, or None when all are wanted. Several conditions must all hold.

    source must be equal (`app`, `heroku`). dyno and process_type are logplex's `ps`: equal, or the
    entry's dyno begins with it and a dot, so `web` means every web dyno and `web.1` just that one.
    """
    names = [name for name in (dyno, process_type) if name]
    if not source and not names:
        return None

    def accepts(entry: Entry) -> bool:
        if source and entry.source != source:
            return False
        return all(entry.dyno == name or entry.dyno.startswith(name + ".") for name in names)

    return accepts
