"""From a manifest and a formation to the dynos that should run. Pure. START PATH."""

from __future__ import annotations

from localku.dynos import command
from localku.dynos.spec import DynoSpec, base_environment
from localku.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from localku.manifest.manifest import Manifest
    from localku.platform.caps import Cap


class Surroundings:
    """Where localku runs: its environment, whether dynos get a pty, the router's port."""

    __slots__ = ("environ", "pty", "router_port")

    def __init__(self, environ: Mapping[str, str], router_port: int, *, pty: bool) -> None:
        self.environ = environ
        self.router_port = router_port
        self.pty = pty


def dyno_specs(
    manifest: Manifest,
    formation: Mapping[str, int],
    config: Mapping[str, str],
    around: Surroundings,
    release: int = 0,
    sizes: Mapping[str, str] | None = None,
) -> list[DynoSpec]:
    """List the dynos of `formation` in the Procfile's order. config: config vars. release: its
    version. sizes: those that somebody chose, by process type."""
    env = base_environment(dict(around.environ), dict(config))
    specs = []
    for kind, entry in manifest.entries.items():
        own = manifest.type(kind)
        cap = cap_of_type(manifest, kind, sizes or {})
        for number in range(1, formation.get(kind, 0) + 1):
            spec = DynoSpec(
                f"{kind}.{number}",
                entry.command,
                manifest.root,
                env,
                manifest.port(kind, number, around.router_port),
                pty=around.pty,
                boot=own.boot_timeout,
                grace=own.grace,
                memory=(cap.memory if cap else own.memory) or 0,
                cpu=cap.cpu if cap else 0.0,
                health=own.health,
                health_timeout=own.health_timeout,
                release=release,
            )
            specs.append(spec)
    return specs


def cap_of_type(manifest: Manifest, kind: str, sizes: Mapping[str, str]) -> Cap | None:
    """How much a dyno of that type may use, None for all that there is."""
    every, own, chosen = manifest.settings.cap_dynos, manifest.type(kind), sizes.get(kind, "")
    if every is False or not (every or chosen or own.cpu):
        return None  # the usual case must not import anything
    from localku.platform.caps import cap_of

    return cap_of(own, every, chosen)


def refuse_missing(manifest: Manifest, specs: list[DynoSpec]) -> None:
    """UserError that names every program which no dyno could start."""
    lines = []
    for kind in dict.fromkeys(spec.type for spec in specs):
        spec = next(spec for spec in specs if spec.type == kind)
        name = command.missing(spec.command, spec.env["PATH"], spec.cwd)
        if name:
            entry = manifest.entries[kind]
            reason = f"{entry.where}: {kind}: command not found: {name}"
            lines.append(f"{reason} (install it, or put its folder on PATH)")
    if lines:
        raise UserError("\n".join(lines), status=127)
