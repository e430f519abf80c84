"""`localku start`: runs the app of a folder. START PATH down to `_run`: dynos first, asyncio later.

The order is the point: read, check, lock, bind, spawn; only then import the slow half, while the
dynos boot. Everything that can be refused is refused before anything is spawned.
"""

from __future__ import annotations

import gc
import os
import time

from localku.dynos import early
from localku.errors import UserError
from localku.manifest import manifest as manifests
from localku.manifest.settings import parse_argv
from localku.platform.home import FOLDER, Home
from localku.platform.plan import Surroundings, dyno_specs, refuse_missing
from localku.platform.savedfile import read_saved
from localku.platform.seen import merged_config, merged_formation
from localku.router import listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket as Socket

    from localku.dynos.spec import DynoSpec
    from localku.manifest.manifest import Manifest


def main(name: str, argv: list[str]) -> int:
    """Run `localku start`; returns its exit status when all dynos are gone."""
    gc.disable()  # until all is imported: nothing of it is garbage
    began = time.time()
    given, only = parse_argv(argv)
    manifest = manifests.load(given, os.environ, only)
    settings = manifest.settings
    pty = os.isatty(1) if settings.pty is None else settings.pty
    home = Home(os.path.join(manifest.root, FOLDER))
    home.claim()
    try:
        sockets = listener.bind(settings.bind, settings.port, shared=settings.routers > 1)
        port = sockets[0].getsockname()[1]
        secure: list[Socket] = []
        if settings.http2:
            refuse_without_h2()
        if settings.tls:
            secure = listener.bind(settings.bind, settings.https_port(port), "--tls-port")
        doors = listener.bind_beside(port, settings.api_port)
        around = Surroundings(os.environ, port, pty=pty)
        specs = _first_specs(manifest, home, around)
        init, runs = early.launch(specs, _size() if pty else (24, 80))
        try:
            from localku.cli import running

            start = running.Start(manifest, given, only, around, home, began)
            return start.run(sockets, secure, doors, init, runs)
        finally:
            init.close()
    finally:
        home.close()


def refuse_without_h2() -> None:
    """Raises UserError when HTTP/2 is asked for and its library is not installed."""
    from importlib.util import find_spec

    if find_spec("h2") is None:
        raise UserError("--http2 needs the h2 package", hint="pip install 'localku[http2]'")


def _first_specs(manifest: Manifest, home: Home, around: Surroundings) -> list[DynoSpec]:
    """The dynos to begin with: what the files say, and what was set by commands since."""
    saved = read_saved(home.database)
    if saved is not None:
        manifest.keep_generated(saved.generated)
    config = merged_config(saved, manifest.env)
    formation = merged_formation(saved, manifest.quantities, manifest.asked)
    sizes = saved.sizes if saved is not None else None
    specs = dyno_specs(manifest, formation, config, around, sizes=sizes)
    refuse_missing(manifest, specs)
    return [] if saved is not None and saved.late else specs


def _size() -> tuple[int, int]:
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return 24, 80
    return size.lines or 24, size.columns or 80
