"""One-off dynos of an app: from what somebody wants to run to a dyno that runs it.

Dev Center, "One-Off Dynos": same code, same config vars, same sizes as the formation's dynos.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

from localku.dynos.oneoff import OneOff, Order
from localku.dynos.oneoff_life import Times
from localku.dynos.runner import Runner
from localku.dynos.spec import DynoSpec, base_environment, environment
from localku.errors import UserError
from localku.platform.app import DEFAULT_USER, App
from localku.platform.plan import cap_of_type

TYPE = "run"
HIGHEST = 9999  # Heroku's names: run.1 to run.9999
MAX_RUNNING = 50  # Dev Center, "Limits": concurrent one-off dynos of the Standard tier
PORTS_AT = 900  # above the router's: where the tenth process type would begin


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run. env: on top of the config vars. size: of the catalog, or "" for that of the
    process type. tty: attached with a pty. life: seconds until it is stopped, or 0.
    window: rows and columns."""

    command: str
    attached: bool = False
    tty: bool = True
    env: dict[str, str] = field(default_factory=dict)
    size: str = ""
    type: str = TYPE
    life: float = 0.0
    window: tuple[int, int] = (24, 80)


def start(
    app: App,
    wish: Wish,
    user: str = DEFAULT_USER,
    *,
    inside: Runner | None = None,
    choose: Callable[[int, int], int] = random.randint,
) -> OneOff:
    """Run it, or wait for its client. inside: a dyno whose environment and port it is to have.

    UserError: the app has no code, or too many run already.
    """
    supervisor = app.supervisor
    if app.manifest is None or supervisor is None:
        raise UserError("This app has no code to run yet.")
    if len(app.oneoffs) >= MAX_RUNNING:
        raise UserError(f"Cannot run more than {MAX_RUNNING} one-off dynos at once.")
    name = _free_name(app, wish.type, choose)
    spec = _spec(app, name, wish, inside)
    own = app.manifest.type(wish.type)
    order = Order(
        spec,
        size=wish.size or app.size(wish.type),
        attached=wish.attached,
        tty=wish.tty,
        times=Times(grace=own.grace, life=wish.life).scaled(app.time_scale),
        bash=_bash(spec),
        takes_port=inside is None,
        window=wish.window,
    )
    app.say(f"Starting process with command `{spec.command}` by user {user}")
    return supervisor.run(order)


def substituted(app: App, command: str) -> str:
    """`worker 42` as the Procfile's command of `worker`, with 42 behind it (Dev Center, "The
    Procfile"); `release`, which is never a dyno of the formation, too. Any other as it is."""
    first, _, rest = command.strip().partition(" ")
    entry = app.manifest.entries.get(first) if app.manifest is not None else None
    return f"{entry.command} {rest}".rstrip() if entry is not None else command


def _spec(app: App, name: str, wish: Wish, inside: Runner | None) -> DynoSpec:
    assert app.manifest is not None
    if inside is None:
        env = base_environment(dict(app.around.environ), app.config)
        port, cwd, dyno = app.around.router_port + PORTS_AT, app.manifest.root, name
    else:
        run = inside.current
        port = run.port if run is not None else inside.spec.port
        env = environment(inside.spec, port)
        cwd, dyno = inside.spec.cwd, inside.spec.name
    env = {**env, "DYNO": dyno, "PS": dyno, **wish.env}
    own = app.manifest.type(wish.type)
    sizes = {**app.chosen_sizes, **({wish.type: wish.size} if wish.size else {})}
    cap = cap_of_type(app.manifest, wish.type, sizes)
    return DynoSpec(
        name,
        substituted(app, wish.command),
        cwd,
        env,
        port,
        grace=own.grace,
        memory=(cap.memory if cap else own.memory) or 0,
        cpu=cap.cpu if cap else 0.0,
        release=app.version,
    )


def _free_name(app: App, kind: str, choose: Callable[[int, int], int]) -> str:
    taken = {runner.spec.name for runner in app.runners} | app.oneoffs.keys()
    while (name := f"{kind}.{choose(1, HIGHEST)}") in taken:
        pass
    return name


def _bash(spec: DynoSpec) -> str:
    """Heroku's shell, if this machine has it; its CLI's `-x` is written for it."""
    found = shutil.which("bash", path=spec.env.get("PATH", ""))
    return os.path.join(spec.cwd, found) if found else ""
