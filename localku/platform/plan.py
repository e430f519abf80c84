"""From a manifest and a formation to the dynos that should run. Pure. START PATH."""

from __future__ import annotations

from localku.dynos.ports import preferred
from localku.dynos.spec import DynoSpec, base_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from localku.manifest.manifest import Manifest


def dyno_specs(
    manifest: Manifest, formation: Mapping[str, int], *, pty: bool, parent: Mapping[str, str]
) -> list[DynoSpec]:
    """List the dynos of `formation` in the Procfile's order. parent: the environment around us.

    pty: whether a dyno gets a terminal of its own.
    """
    settings = manifest.settings
    env = base_environment(dict(parent), manifest.env)
    root = str(manifest.root)
    specs = []
    for index, (kind, command) in enumerate(manifest.commands.items()):
        own = manifest.type(kind)
        for number in range(1, formation.get(kind, 0) + 1):
            spec = DynoSpec(
                f"{kind}.{number}",
                command,
                root,
                env,
                preferred(settings.port_base, index, number),
                pty=pty,
                boot=own.boot_timeout,
                grace=own.grace,
                memory=own.memory,
                health=own.health,
            )
            specs.append(spec)
    return specs
