"""Releases: every change of config vars or code is one, and all dynos are restarted for it.

Dev Center, "Releases": the number grows by one each time; a rollback makes a new release from an
old one. Here the code is the live folder, so that a release keeps the config vars and remembers the
Procfile; rolling back brings back the config vars alone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from localku.errors import UserError
from localku.manifest.manifest import Manifest
from localku.platform.app import DEFAULT_USER
from localku.platform.seen import Saved, changed, config_changes, merged_config, merged_formation
from localku.platform.state import AppState, Process, Release, Seen

if TYPE_CHECKING:
    from localku.platform.app import App
    from localku.platform.store import Change

INITIAL = "Initial release"
CONFIG_MAX = 64 << 10  # bytes of all config vars of an app (Dev Center, "Limits")


def describe(changes: Mapping[str, str | None]) -> list[str]:
    """`Set A, B config vars` and `Remove C config vars`: names only, for values may be secrets."""
    set_keys = sorted(key for key, value in changes.items() if value is not None)
    removed = sorted(key for key, value in changes.items() if value is None)
    lines = [f"Set {', '.join(set_keys)} config vars"] if set_keys else []
    return [*lines, f"Remove {', '.join(removed)} config vars"] if removed else lines


def check_config(config: Mapping[str, str]) -> None:
    """UserError when the config vars are more than an app may have."""
    size = sum(len(key.encode()) + len(value.encode()) for key, value in config.items())
    if size > CONFIG_MAX:
        raise UserError(f"The config vars would have {size} bytes, more than {CONFIG_MAX}.")


def set_config(app: App, changes: Mapping[str, str | None], user: str = DEFAULT_USER) -> Release:
    """Set config vars, None to remove one; returns the new release. UserError: too many bytes.

    What is set to the value that it has makes a release all the same, as on Heroku.
    """
    config = changed(app.config, changes)
    check_config(config)
    lines = describe(changes) or ["Set  config vars"]
    release = _release(app, " and ".join(lines), user, config)
    _put_in_force(app, release)
    _say(app, [f"{line} by user {user}" for line in lines], release)
    _restart_all(app)
    return release


def rollback(app: App, target: Release, user: str = DEFAULT_USER) -> Release:
    """Make a new release with the config vars of an old one; returns it."""
    release = _release(app, f"Rollback to v{target.version}", user, target.config)
    _put_in_force(app, release)
    _say(app, [f"Rollback to v{target.version} by user {user}"], release)
    _restart_all(app)
    return release


def new_state(name: str, root: str, now: float) -> AppState:
    """An app that has just come into being."""
    return AppState(str(uuid.uuid4()), name, root, now, now, released_at=now)


def create(change: Change, state: AppState, user: str = DEFAULT_USER) -> None:
    """Write a new app with its first release."""
    change.save_app(state)
    change.save_release(state.id, _new(1, INITIAL, user, state.created_at, {}, {}))


def adopt(
    app: App,
    manifest: Manifest,
    user: str = DEFAULT_USER,
    asked: Collection[str] = (),
) -> list[str]:
    """Take what the app's folder says now; returns the lines that tell what has changed.

    What differs from the last time becomes one release, if it is config vars or the Procfile; what
    the files say as before leaves alone what was set by commands. Does not restart anything: call
    `apply`. asked: process types whose quantity was given just now, at the start.
    """
    seen, now = app.state.seen, time.time()
    first = not seen.commands
    commands = {kind: entry.command for kind, entry in manifest.entries.items()}
    saved = None if first else saved_of(app)
    config = changed(app.config, manifest.env) if first else merged_config(saved, manifest.env)
    check_config(config)
    quantities = merged_formation(saved, manifest.quantities, asked)
    lines = describe(config_changes(seen.env, manifest.env))
    if commands != seen.commands:
        lines.append("Deploy live folder")
    fresh = Seen(manifest.env, manifest.quantities, commands, manifest.generated)
    state = replace(app.state, config=config, seen=fresh, root=manifest.root)
    release = None
    if lines:
        release = _new(app.version + 1, ", ".join(lines), user, now, config, commands)
        state = replace(state, updated_at=now, released_at=now)
    processes = _processes(app, quantities, now)
    if state != app.state or processes:
        with app.store.change() as change:
            change.save_app(state)
            for process in processes.values():
                change.save_process(app.id, process)
            if release is not None:
                change.save_release(app.id, release)
    app.state, app.manifest = state, manifest
    app.processes = {**app.processes, **processes}
    if release is not None:
        app.version = release.version
    return lines


def saved_of(app: App) -> Saved:
    """What is in force and what the files said, for the merge."""
    seen = app.state.seen
    formation = {kind: process.quantity for kind, process in app.processes.items()}
    return Saved(app.name, app.config, formation, seen.env, seen.quantities, seen.generated)


def _processes(app: App, quantities: Mapping[str, int], now: float) -> dict[str, Process]:
    """The process types whose quantity is another than before."""
    found = {}
    for kind, quantity in quantities.items():
        known = app.processes.get(kind)
        if known is None:
            found[kind] = Process(kind, quantity, "", now, now)
        elif known.quantity != quantity:
            found[kind] = replace(known, quantity=quantity, updated_at=now)
    return found


def _release(app: App, description: str, user: str, config: dict[str, str]) -> Release:
    commands = app.state.seen.commands
    return _new(app.version + 1, description, user, time.time(), config, commands)


def _new(
    version: int,
    description: str,
    user: str,
    now: float,
    config: dict[str, str],
    commands: dict[str, str],
) -> Release:
    id = str(uuid.uuid4())
    return Release(
        id, version, description, user, now, now, config=dict(config), commands=dict(commands)
    )


def _put_in_force(app: App, release: Release) -> None:
    now = release.created_at
    state = replace(app.state, config=release.config, updated_at=now, released_at=now)
    with app.store.change() as change:
        change.save_app(state)
        change.save_release(app.id, release)
    app.state, app.version = state, release.version


def _say(app: App, lines: list[str], release: Release) -> None:
    for line in (*lines, f"Release v{release.version} created by user {release.user}"):
        app.say(line, release.created_at)


def _restart_all(app: App) -> None:
    before = {runner: runner.life.run for runner in app.runners}
    app.apply(refresh=True)
    for runner in app.runners:
        untouched = before.get(runner) == runner.life.run
        if untouched and not runner.leaving and runner.life.phase.value in ("starting", "up"):
            app.restart_runner(runner)
    app.on_change()
