"""`--watch`: what changed files do to the running app.

A changed source file restarts the types that it belongs to. A changed Procfile, .env, app.json or
localku.yml is read again and applied; one with a mistake in it is reported, and the running app
stays as it was. Quick saves are one change (see localku/watch).
"""

from __future__ import annotations

import os
import stat
import time

from localku.errors import UserError
from localku.manifest import manifest as manifests
from localku.manifest.manifest import Manifest
from localku.manifest.settings import Settings
from localku.platform import releasing
from localku.platform.app import DEFAULT_USER, App
from localku.platform.plan import dyno_specs, refuse_missing
from localku.platform.seen import merged_formation
from localku.watch.rules import Change, RuleSet
from localku.watch.runaway import Runaway
from localku.watch.watcher import Watcher

# settings that hold from the start on: sockets, terminals, the router's and the console's own
_FIXED = """
app port bind request_timeout idle_timeout connect_timeout quarantine boot_wait router_log pty
drain_connect_timeout drain_timeout drain_retry drain_buffer
exit_on_crash backoff_first backoff_max backoff_reset time_scale watch format color partial_line
"""
FIXED = _FIXED.split()
ADVICE = "(put it into .gitignore, or say what counts with watch: in localku.yml)"


class Reloader:
    """A service of the platform. given, only: what `localku start` was called with."""

    def __init__(self, app: App, given: dict[str, object], only: list[str], since: float) -> None:
        self._app = app
        self._given = given
        self._only = only
        self._started = self._manifest.settings
        self._runaway = Runaway()
        self._watcher = Watcher(self._rules, self._changed, since=since, warn=app.say)

    @property
    def _manifest(self) -> Manifest:
        assert self._app.manifest is not None, "only an app with code is watched"
        return self._app.manifest

    async def start(self) -> None:
        """Begin to watch; the import of watchfiles happens in a thread meanwhile."""
        await self._watcher.start()
        self._app.say("Watching files: a saved one restarts the process types that it belongs to")

    async def close(self) -> None:
        """Stop watching."""
        await self._watcher.close()

    def _describe(self, before: Manifest, after: Manifest, changes: list[str]) -> None:
        """What changed, as Heroku's API says it: names only, for values may be secrets."""
        for line in changes:
            self._app.say(f"{line} by user {DEFAULT_USER}")
        for line in described(before, after):
            self._app.say(line)
        if changes:
            self._app.say(f"Release v{self._app.version} created by user {DEFAULT_USER}")
        if before.settings.routing != after.settings.routing and self._app.state.routing:
            self._app.update(routing="")  # the file was changed later
        self._watcher.refresh()

    def _rules(self) -> RuleSet:
        manifest = self._manifest
        patterns = {kind: manifest.type(kind).watch for kind in self._app.commands}
        files = [os.path.realpath(path) for path in (*manifest.files, *manifest.candidates)]
        root = os.path.realpath(manifest.root)
        return RuleSet(root, patterns, dict.fromkeys(files), spared=own_outputs())

    def _changed(self, change: Change) -> None:
        fresh = self._reload(change) if change.manifest_files else set()
        types = [kind for kind in self._app.commands if kind in change.types - fresh]
        if not any(self._app.formation.get(kind) for kind in types):
            return
        paths, muted = self._runaway.judge(change.paths, time.monotonic())
        if muted:
            self._app.say(f"Not watching {', '.join(muted)}: it changes at every restart {ADVICE}")
        if paths:
            self._app.say(f"Restarting {' '.join(types)}: {', '.join(paths)} changed")
            for runner in self._app.runners:
                if runner.spec.type in types and not runner.leaving:
                    self._app.restart_runner(runner)

    def _reload(self, change: Change) -> set[str]:
        """Apply the changed manifest; returns the types that were restarted for it."""
        app, before = self._app, self._manifest
        names = ", ".join(sorted(os.path.basename(path) for path in change.manifest_files))
        try:
            manifest = manifests.load(self._given, os.environ, self._only, before)
            formation = merged_formation(releasing.saved_of(app), manifest.quantities)
            refuse_missing(manifest, dyno_specs(manifest, formation, app.config, app.around))
            changes = releasing.adopt(app, manifest)
        except UserError as error:
            for line in str(error).splitlines():
                app.say(f"{names} not applied: {line}")
            return set()
        self._describe(before, manifest, changes)
        late = waiting(self._started, before.settings, manifest.settings)
        if late:
            app.say(f"{names}: {', '.join(late)} will change at the next localku start")
        runs = {runner: runner.life.run for runner in app.runners}
        app.apply(refresh=True)
        app.on_change()
        return {r.spec.type for r in app.runners if runs.get(r) != r.life.run}


def own_outputs() -> list[str]:
    """The files that stdout and stderr go to: `localku start --watch > log` must not watch it."""
    found = []
    for fd in (1, 2):
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                found.append(os.path.realpath(f"/proc/self/fd/{fd}"))
        except OSError:
            continue
    return found


def described(before: Manifest, after: Manifest) -> list[str]:
    """What changed in the Procfile."""
    old, new = commands(before), commands(after)
    lines = [f"Procfile: {kind} added" for kind in new if kind not in old]
    lines += [f"Procfile: {kind} removed" for kind in old if kind not in new]
    lines += [f"Procfile: {kind} changed" for kind in new if kind in old and old[kind] != new[kind]]
    return lines


def waiting(started: Settings, before: Settings, after: Settings) -> list[str]:
    """The settings that this change gave another value than the one that they started with."""
    new = [name for name in FIXED if getattr(after, name) != getattr(before, name)]
    return [name for name in new if getattr(after, name) != getattr(started, name)]


def commands(manifest: Manifest) -> dict[str, str]:
    """Type to command."""
    return {kind: entry.command for kind, entry in manifest.entries.items()}
