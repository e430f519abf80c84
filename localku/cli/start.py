"""`localku start`: runs the app of a folder. START PATH down to `_run`: dynos first, asyncio later.

The order is the point: read, check, lock, bind, spawn; only then import the slow half, while the
dynos boot. Everything that can be refused is refused before anything is spawned.
"""

from __future__ import annotations

import gc
import os

from localku.dynos import command, early
from localku.errors import UserError
from localku.manifest import manifest as manifests
from localku.manifest.settings import parse_argv
from localku.platform.home import FOLDER, Home
from localku.platform.plan import Surroundings, dyno_specs
from localku.router import listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket as Socket

    from localku.dynos.process import InitClient
    from localku.dynos.spec import DynoSpec
    from localku.manifest.manifest import Manifest


def main(name: str, argv: list[str]) -> int:
    """Run `localku start`; returns its exit status when all dynos are gone."""
    gc.disable()  # until all is imported: nothing of it is garbage
    given, only = parse_argv(argv)
    manifest = manifests.load(given, os.environ, only)
    settings = manifest.settings
    pty = os.isatty(1) if settings.pty is None else settings.pty
    home = Home(os.path.join(manifest.root, FOLDER))
    home.claim()
    try:
        sockets = listener.bind(settings.bind, settings.port)
        around = Surroundings(os.environ, sockets[0].getsockname()[1], pty=pty)
        specs = dyno_specs(manifest, manifest.quantities, around)
        refuse_missing(manifest, specs)
        init, runs = early.launch(specs, _size() if pty else (24, 80))
        try:
            return _run(manifest, around, home, sockets, init, runs)
        finally:
            init.close()
    finally:
        home.close()


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


def _run(
    manifest: Manifest,
    around: Surroundings,
    home: Home,
    sockets: list[Socket],
    init: InitClient,
    runs: list[early.EarlyRun],
) -> int:
    from localku.cli import running

    return running.run(manifest, around, home, sockets, init, runs)


def _size() -> tuple[int, int]:
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return 24, 80
    return size.lines or 24, size.columns or 80
