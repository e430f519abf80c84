"""What faults have bent of an app, for a while: where its dynos are reached, quotas, variables.

The law: nothing of it is kept, shown as the app's own or made a release; when a fault ends it takes
back its own part, and the app is as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localku.dynos.runner import Run, Runner
    from localku.dynos.spec import DynoSpec


class Bent:
    """detour(runner, run): the host and port where the router finds it, None for its own.
    memory: quotas in bytes, by dyno. env: variables that dynos get in place of the config vars."""

    def __init__(self) -> None:
        self.detour: Callable[[Runner, Run], tuple[str, int]] | None = None
        self.memory: dict[str, int] = {}
        self.env: dict[str, str] = {}

    def address(self, runner: Runner, run: Run) -> tuple[str, int]:
        """Where the router finds a run of a web dyno that is up."""
        return (run.host, run.port) if self.detour is None else self.detour(runner, run)

    def bend(self, specs: Iterable[DynoSpec]) -> None:
        """Give specs the quotas of now."""
        for spec in specs:
            spec.memory = self.memory.get(spec.name, spec.memory)
