"""`localku platform`: hosts any number of apps side by side, until it is stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from localku.errors import UserError
from localku.manifest.settings import parse_argv, resolve
from localku.manifest.settings_table import BY_NAME
from localku.platform.home import Home, read_status, shared

if TYPE_CHECKING:
    from localku.manifest.settings import Settings

TAKEN = "a platform runs on this state already"
HINT = "see `localku platform:status`, or end it with `localku platform:stop`"
LOG = "platform.log"
SERVES_WITHIN = 30.0  # seconds
LOOK = 0.02  # seconds between two looks whether it serves
# they are about one app, and stand in its own folder
OF_AN_APP = ("root", "procfile", "env", "formation", "config", "app", "domain", "port_base")
NOT_YET = ("watch", "watch_pattern", "exit_on_crash")
START = "import sys; from localku.cli.entry import main; sys.exit(main())"


def main(name: str, argv: list[str]) -> int:
    """Run the platform; with --detach, leave it running and return. Raises UserError."""
    words = [word for word in argv if word not in ("--detach", "--detached-child")]
    given, only = parse_argv(words)
    refuse(given, only)
    settings = resolve(given, os.environ)
    home = Home(shared())
    if "--detach" in argv:
        return detach(home, words)
    try:
        os.makedirs(os.path.dirname(home.path), exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make this folder: {error.strerror}", where=home.path) from None
    home.claim(TAKEN, HINT)
    try:
        return run(home, settings, given, log="--detached-child" in argv)
    finally:
        home.close()


def refuse(given: dict[str, object], only: list[str]) -> None:
    """UserError for what belongs to one app."""
    if only:
        hint = "make apps with `localku apps:create NAME --root DIR`"
        raise UserError(f"platform takes no {only[0]}", hint=hint, status=2)
    types = given.get("types")
    flags = [*given, *(key for own in types.values() for key in own)] if types else given  # type: ignore[attr-defined]
    for key in flags:
        if key in OF_AN_APP:
            hint = "in its folder, localku.yml says it"
            raise UserError("this is of one app", where=BY_NAME[key].flag, hint=hint, status=2)
        if key in NOT_YET:
            hint = "`localku start` has it"
            what = "this does not work on a platform of many apps"
            raise UserError(what, where=BY_NAME[key].flag, hint=hint, status=2)


def run(home: Home, settings: Settings, given: dict[str, object], *, log: bool) -> int:
    """The platform itself, in this process. log: what it says goes into a file."""
    from localku.cli.platform_log import LogFile
    from localku.cli.start import refuse_without_h2
    from localku.dynos import early
    from localku.platform.plan import Surroundings
    from localku.router import listener

    sockets = listener.bind(settings.bind, settings.port, shared=settings.routers > 1)
    port = sockets[0].getsockname()[1]
    secure = []
    if settings.http2:
        refuse_without_h2()
    if settings.tls:
        secure = listener.bind(settings.bind, settings.https_port(port), "--tls-port")
    doors = listener.bind_beside(port, settings.api_port)
    file = LogFile(os.path.join(home.path, LOG)) if log else None
    pty = os.isatty(1) if settings.pty is None else settings.pty
    around = Surroundings(os.environ, port, pty=pty)
    init, _ = early.launch([], (24, 80))
    try:
        from localku.cli.running_many import Many

        return Many(settings, given, around, home, file).run(sockets, secure, doors, init)
    finally:
        init.close()


def detach(home: Home, words: list[str]) -> int:
    """Start it in a session of its own, and return as soon as it serves."""
    env = {**os.environ, "LOCALKU_HOME": home.path}
    os.makedirs(home.path, 0o700, exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-c", START, "platform", "--detached-child", *words],
        cwd=home.path,  # it must not hold any other folder, nor import from there
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + SERVES_WITHIN
    while child.poll() is None:
        status = read_status(home.path)
        if status.get("pid") == str(child.pid):
            port = status.get("port")
            print(f"The platform runs (pid {child.pid}): http://APP.localhost:{port}")
            print(f"Its log is {os.path.join(home.path, LOG)}; `localku platform:stop` ends it.")
            return 0
        if time.monotonic() > deadline:
            hint = f"see {os.path.join(home.path, LOG)}"
            raise UserError(f"the platform (pid {child.pid}) does not serve", hint=hint)
        time.sleep(LOOK)
    return child.returncode or 1  # it said on our stderr why
