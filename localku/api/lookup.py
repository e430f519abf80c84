"""From a word in a path to what it names: ids and names are the same, as Heroku has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from localku.api import errors, serialize

if TYPE_CHECKING:
    from localku.dynos.oneoff import OneOff
    from localku.dynos.runner import Runner
    from localku.platform.app import App


def app(apps: Iterable[App], word: str) -> App:
    """The app of that name or id. Raises ApiError."""
    for each in apps:
        if word in (each.name, each.id):
            return each
    raise errors.not_found("app", "app")


def process_type(each: App, word: str) -> str:
    """The process type of that name or id. Raises ApiError."""
    for kind in each.commands:
        if word in (kind, serialize.formation_id(each, kind)):
            return kind
    raise errors.not_found("process type", "formation", word)


def dynos(each: App) -> list[Runner]:
    """The dynos that the app has. One that was scaled away is none, though it may still end."""
    return [runner for runner in each.runners if not runner.leaving]


def oneoff(each: App, word: str) -> OneOff | None:
    """The one-off dyno of that name or id, if there is one."""
    return next((it for it in each.oneoffs.values() if word in (it.name, it.id)), None)


def dyno(each: App, word: str) -> Runner:
    """The dyno of that name or id. Raises ApiError."""
    for runner in dynos(each):
        if word in (runner.spec.name, serialize.dyno_id(each, runner)):
            return runner
    raise errors.not_found("process", "dyno", word)
