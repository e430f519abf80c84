"""Features of an app that can be switched: `localku features`, `features:enable preboot`.

The list is of what has an effect here. What nobody has switched is as the settings say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localku.errors import UserError
from localku.platform.state import Switch

if TYPE_CHECKING:
    from localku.platform.app import App

PREBOOT = "preboot"
AFFINITY = "http-session-affinity"
METADATA = "runtime-dyno-metadata"
RUNTIME_METRICS = "log-runtime-metrics"


@dataclass(frozen=True, slots=True)
class Feature:
    """state: `general`, or `beta` for those that Heroku's CLI lists under `labs`."""

    name: str
    description: str
    state: str
    doc_url: str


_DOC = "https://devcenter.heroku.com/articles/"
FEATURES = (
    Feature(
        AFFINITY,
        "Keep each client at the dyno that it met first, by a cookie",
        "general",
        _DOC + "session-affinity",
    ),
    Feature(
        PREBOOT,
        "Start new web dynos and wait until they are up before the old ones stop",
        "general",
        _DOC + "preboot",
    ),
    Feature(
        METADATA,
        "Tell dynos the app, the release and its time in HEROKU_* variables",
        "beta",
        _DOC + "dyno-metadata",
    ),
    Feature(
        RUNTIME_METRICS,
        "Emit dyno resource usage information into app logs",
        "beta",
        _DOC + "log-runtime-metrics",
    ),
)
BY_NAME = {feature.name: feature for feature in FEATURES}


def is_on(app: App, name: str) -> bool:
    """Whether the feature is in force."""
    switch = app.switches.get(name)
    if switch is not None:
        return switch.enabled
    given = app.manifest is not None and app.manifest.settings.session_affinity
    return name == AFFINITY and given


def switch(app: App, name: str, on: bool) -> None:
    """Switch a feature on or off. UserError for one that there is not."""
    if name not in BY_NAME:
        raise UserError(f"Couldn't find that feature ({name}).")
    now = time.time()
    known = app.switches.get(name)
    fresh = Switch(name, on, known.created_at if known is not None else now, now)
    with app.store.change() as change:
        change.save_switch(app.id, fresh)
    app.switches = {**app.switches, name: fresh}
    if name in (PREBOOT, METADATA):
        app.apply()
    app.on_change()


def metadata(app: App) -> dict[str, str]:
    """What runtime-dyno-metadata tells the dynos (Dev Center, "Dyno Metadata")."""
    if not is_on(app, METADATA):
        return {}
    release = app.store.release(app.id, str(app.version))
    created = release.created_at if release is not None else app.state.created_at
    return {
        "HEROKU_APP_DEFAULT_DOMAIN_NAME": f"{app.name}.localhost",
        "HEROKU_APP_ID": app.id,
        "HEROKU_APP_NAME": app.name,
        "HEROKU_RELEASE_CREATED_AT": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created)),
        "HEROKU_RELEASE_VERSION": f"v{app.version}",
        "HEROKU_SLUG_DESCRIPTION": release.description if release is not None else "",
    }
