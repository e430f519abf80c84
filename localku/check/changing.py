"""Config vars whose values are seen in answers: is another value seen as well? Pure."""

from __future__ import annotations

from collections.abc import Mapping

from localku.check.record import Run
from localku.logs.secrets import is_secret

SHORTEST = 5  # characters; a shorter word is on a page for other reasons
MARK = " (changed)"


def changed(run: Run, config: Mapping[str, str]) -> dict[str, str]:
    """Other values for the config vars that are texts, no secrets, and were seen in an answer: they
    do no harm, and their effect can be seen."""
    return {
        name: value + MARK
        for name, value in config.items()
        if _is_text(name, value) and _is_seen(run, value)
    }


def _is_text(name: str, value: str) -> bool:
    if len(value) < SHORTEST or is_secret(name, value) or "://" in value or "/" in value:
        return False
    return " " in value  # a single word may be one of a few that are understood: `info`


def _is_seen(run: Run, value: str) -> bool:
    return any(value in answer.body for answer in run.answers if answer.status < 400)
