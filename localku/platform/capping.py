"""What of an app is capped on this machine, said in its log and to who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localku.platform.caps import Cap, described
from localku.platform.plan import cap_of_type

if TYPE_CHECKING:
    from localku.platform.app import App

LIFTED = "No dyno is capped any more"


def caps(app: App) -> dict[str, Cap]:
    """The cap of each process type that has one."""
    if app.manifest is None:
        return {}
    found = {kind: cap_of_type(app.manifest, kind, app.chosen_sizes) for kind in app.commands}
    return {kind: cap for kind, cap in found.items() if cap is not None}


def mechanism(app: App) -> tuple[str, str]:
    """`cgroup v2` and "", or "" and why dynos can only be observed."""
    if app.supervisor is None:
        return "", "the app has not begun"
    ground = app.supervisor.init.ground
    return ground.name, ground.why


def lines(app: App) -> list[str]:
    """What is capped and by what, or why nothing is. [] when nothing is to be capped."""
    wanted = caps(app)
    return described(wanted, *mechanism(app)) if wanted else []


def announce(app: App) -> None:
    """Say it in the log, when it is something else than what was said last."""
    now = lines(app)
    if now != app.said_of_caps:
        app.said_of_caps = now
        for line in now or [LIFTED]:
            app.say(line)
