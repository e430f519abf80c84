"""Files and commands both change an app: which of them counts? The later one. Pure. START PATH.

What the files said is remembered beside what is in force. When they say something else than
before, that difference is applied as a change of its own; what they keep saying never undoes what
was set by a command since (`config:set`, `ps:scale`): the three-way merge of version control.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TypeVar

    V = TypeVar("V")

Changes = dict[str, "str | None"]  # None: the config var goes


class Saved:
    """What the state remembers of an app that the first dynos need.

    name: of the app. config, formation: in force. env, quantities: what the files said last.
    generated: the secrets that were made up for app.json. late: what the dynos get is known only
    when all of the platform is there (runtime-dyno-metadata tells them their release). sizes: those
    that somebody chose, by process type.
    """

    __slots__ = ("config", "env", "formation", "generated", "late", "name", "quantities", "sizes")

    def __init__(
        self,
        name: str,
        config: dict[str, str],
        formation: dict[str, int],
        env: dict[str, str],
        quantities: dict[str, int],
        generated: dict[str, str],
        late: bool = False,
        sizes: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.config = config
        self.formation = formation
        self.env = env
        self.quantities = quantities
        self.generated = generated
        self.late = late
        self.sizes: dict[str, str] = {} if sizes is None else sizes


def config_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """What turns the config vars `before` into `after`: only what differs, None for what goes."""
    changes: Changes = {key: value for key, value in after.items() if before.get(key) != value}
    changes.update((key, None) for key in before if key not in after)
    return changes


def changed(config: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The config vars after a change."""
    merged = {**config, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def merged_config(saved: Saved | None, env: Mapping[str, str]) -> dict[str, str]:
    """The config vars in force, now that the files say `env`."""
    if saved is None:
        return dict(env)
    return changed(saved.config, config_changes(saved.env, env))


def merged_formation(
    saved: Saved | None, quantities: Mapping[str, int], asked: Collection[str] = ()
) -> dict[str, int]:
    """The formation in force, now that files and flags say `quantities`, for the same types.

    asked: types of which somebody has just said it, on the command line of `localku start`.
    """
    if saved is None:
        return dict(quantities)
    return {
        kind: quantity
        if kind in asked or saved.quantities.get(kind) != quantity
        else saved.formation.get(kind, quantity)
        for kind, quantity in quantities.items()
    }
