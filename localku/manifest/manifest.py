"""All that an app says of itself, read from its folder: Procfile, .env, localku.yml, app.json.

Reads files, decides nothing about processes. START PATH: a plain folder costs a few file reads;
yaml, JSON and python-dotenv are imported only for a file that needs them.
"""

from __future__ import annotations

import os

from localku.errors import UserError
from localku.manifest import configvars, envfile, formation, procfile, textfile
from localku.manifest.appname import checked, slug
from localku.manifest.envfile import EnvFile
from localku.manifest.problems import each, raise_if_any
from localku.manifest.procfile import Procfile, ProcfileEntry
from localku.manifest.settings import DEFAULT, Settings, Sources, TypeSettings
from localku.manifest.settings_table import BY_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from localku.manifest.appfile import AppFile

    T = TypeVar("T")

APP_JSON = "app.json"


class Manifest:
    """An app as its folder describes it.

    root: absolute path. app: its name. entries: process types in the order of the Procfile.
    quantities: dynos of each type, 0 for those that are not started. asked: the types whose
    quantity the command line says. env: config vars, which win over
    the real environment (PORT is not among them: each dyno has its own). env_places: where
    each was set. settings: see Settings. files: absolute paths that were read; candidates: those
    that would be read if they were there. generated: secrets made up in this run.
    warnings: (place, text) for `check`.
    """

    __slots__ = (
        "app",
        "asked",
        "candidates",
        "entries",
        "env",
        "env_places",
        "files",
        "generated",
        "quantities",
        "root",
        "settings",
        "warnings",
    )

    def __init__(
        self, root: str, app: str, entries: dict[str, ProcfileEntry], settings: Settings
    ) -> None:
        self.root = root
        self.app = app
        self.entries = entries
        self.settings = settings
        self.quantities: dict[str, int] = {}
        self.asked: frozenset[str] = frozenset()
        self.env: dict[str, str] = {}
        self.env_places: dict[str, str] = {}
        self.generated: dict[str, str] = {}
        self.files: list[str] = []
        self.candidates: list[str] = []
        self.warnings: list[tuple[str, str]] = []

    @property
    def types(self) -> list[str]:
        """All process types, started or not."""
        return list(self.entries)

    def type(self, name: str) -> TypeSettings:
        """The settings that hold for one process type."""
        return self.settings.of_type(name)

    def keep_generated(self, secrets: Mapping[str, str]) -> None:
        """Use these secrets, made up in an earlier run, in place of those made up in this one."""
        for key in self.generated.keys() & secrets.keys():
            self.generated[key] = self.env[key] = secrets[key]

    def port(self, process_type: str, number: int, router_port: int) -> int:
        """The port of dyno `process_type.number`. router_port: where the router listens."""
        first = self.settings.first_port(router_port)
        return formation.port(first, self.types, process_type, number)


def load(
    given: dict[str, object],
    environ: Mapping[str, str],
    positional: list[str] | None = None,
    previous: Manifest | None = None,
) -> Manifest:
    """Read an app. given, positional: from parse_argv. environ: the real environment.

    previous: the manifest before a live change; what was generated for it is kept. Raises
    UserError, or Problems with everything that is wrong in all files.
    """
    reading = Reading(given, environ, positional, previous)
    raise_if_any(reading.errors)
    if reading.manifest is None:
        raise UserError("the app could not be read")  # no manifest without an error: cannot be
    return reading.manifest


class Reading:
    """One reading of an app's folder, with everything that is wrong in it.

    errors: in the order of the files. manifest: None if there are errors. procfiles, envfiles:
    (path, name in messages). The constructor reads; it raises UserError only for the folder
    itself and for LOCALKU_* variables.
    """

    def __init__(
        self,
        given: dict[str, object],
        environ: Mapping[str, str],
        positional: list[str] | None = None,
        previous: Manifest | None = None,
    ) -> None:
        self.environ = environ
        self.errors: list[UserError] = []
        self.warnings: list[tuple[str, str]] = []
        self.files: list[str] = []
        self.candidates: list[str] = []
        self.manifest: Manifest | None = None
        self._sources = Sources(given, environ)
        self._shown_root, self.root = _root(self._sources)
        self._appfiles: list[AppFile] = []
        self._read_appfiles()
        self.envfiles = self._places("env")
        self.procfiles = self._places("procfile")
        env = self._attempt(self._read_env) or EnvFile()
        found = self._attempt(self._read_procfiles)
        settings = self._attempt(self._sources.settings, env)
        if settings is not None:
            app = self._attempt(_app_name, settings, self.root)
            if found is not None and app is not None:
                self._build(app, found, settings, env, positional or [], previous)

    def _attempt(self, step: Callable[..., T], *arguments: object) -> T | None:
        """Take a step; what it finds wrong is kept, and the next one goes on."""
        try:
            return step(*arguments)
        except UserError as error:
            self.errors += each(error)
            return None

    def _place(self, name: str) -> tuple[str, str]:
        """The path of a file of the app, and how messages call it."""
        shown = name if self._shown_root == "." else os.path.join(self._shown_root, name)
        return os.path.join(self.root, name), shown

    def _places(self, setting: str) -> list[tuple[str, str]]:
        names = self._sources.value(setting)[0]
        return [self._place(str(name)) for name in names] if isinstance(names, list) else []

    def _read_appfiles(self) -> None:
        config, origin = self._sources.value("config")
        wanted = [str(config)] if origin != DEFAULT else [str(config), "localku.yaml"]
        for name in (*wanted, APP_JSON):
            path, shown = self._place(name)
            if os.path.exists(path):
                self._attempt(self._read_appfile, path, shown, name == APP_JSON)
            elif origin != DEFAULT and name == config:
                self.errors.append(UserError("no such file", where=shown, hint=f"see {origin}"))
            else:
                self.candidates.append(path)

    def _read_appfile(self, path: str, shown: str, is_heroku: bool) -> None:
        from localku.manifest import appfile  # imports yaml and json

        text = textfile.read(path, shown) or ""
        self.files.append(path)
        file = appfile.parse_json(text, shown) if is_heroku else appfile.parse_yaml(text, shown)
        self._appfiles.append(file)
        self._sources.add(file.level)

    def _read_env(self) -> EnvFile:
        optional = self._sources.value("env")[1] == DEFAULT
        for path, shown in self.envfiles:
            if optional and os.path.isdir(path):  # a virtual environment called .env, say
                self.warnings.append((shown, "is a folder, so there are no config vars in it"))
                self.envfiles = []
                return EnvFile()
            (self.files if os.path.exists(path) else self.candidates).append(path)
        paths = [path for path, _ in self.envfiles]
        names = [shown for _, shown in self.envfiles]
        return envfile.load(paths, self.environ, names, optional)

    def _read_procfiles(self) -> Procfile:
        self.files += [path for path, _ in self.procfiles]
        return procfile.load(
            [path for path, _ in self.procfiles], [shown for _, shown in self.procfiles]
        )

    def _build(
        self,
        app: str,
        found: Procfile,
        settings: Settings,
        env: EnvFile,
        positional: list[str],
        previous: Manifest | None,
    ) -> None:
        manifest = Manifest(self.root, app, found.entries, settings)
        for name, place in settings.own_types().items():
            self._attempt(formation.must_exist, name, found.types, place)
        quantities = self._attempt(self._quantities, found.types, settings, positional)
        manifest.quantities = quantities or {}
        manifest.asked = _asked(found.types, settings, positional)
        self._attempt(_check_ports, manifest)
        generated = previous.generated if previous is not None else {}
        config = configvars.merge(env, self._appfiles, self.environ, generated)
        self.errors += config.errors
        manifest.env, manifest.env_places = config.values, config.places
        manifest.generated = config.generated
        manifest.files, manifest.candidates = self.files, self.candidates
        manifest.warnings = self.warnings = [*self.warnings, *env.warnings, *config.warnings]
        self.manifest = None if self.errors else manifest

    def _quantities(
        self, types: list[str], settings: Settings, positional: list[str]
    ) -> dict[str, int]:
        only, wishes = formation.parse_only(positional)
        app_json = self._place(APP_JSON)[1]
        known = {}
        for name, quantity in settings.formation.items():
            if name in types or settings.formation_places[name] != app_json:
                known[name] = quantity
            else:
                self.warnings.append((app_json, f"formation: the Procfile has no {name}"))
        wanted = formation.merge(known, wishes)
        return formation.resolve(types, wanted, only, settings.formation_places)


def _root(sources: Sources) -> tuple[str, str]:
    """The folder of the app, as written and as an absolute path. Raises UserError."""
    value, origin = sources.value("root")
    shown = str(value)
    try:
        path = os.path.abspath(shown)
    except OSError:
        raise UserError("the current folder is gone", hint="cd to another one") from None
    if not os.path.isdir(path):
        what = "is a file, not a folder" if os.path.exists(path) else "there is no such folder"
        raise UserError(f"{what}: {path}", where=origin)
    return os.path.normpath(shown), path


def _app_name(settings: Settings, root: str) -> str:
    if settings.origin("app") == DEFAULT:
        return slug(os.path.basename(root))
    return checked(settings.app, settings.origin("app"))


def _asked(types: list[str], settings: Settings, positional: list[str]) -> frozenset[str]:
    """The process types whose quantity comes from arguments of the command line."""
    flag = BY_NAME["formation"].flag
    given = {name for name in settings.formation if settings.formation_places[name] == flag}
    return frozenset(types) if positional or formation.ALL in given else frozenset(given)


def _check_ports(manifest: Manifest) -> None:
    """Raise UserError if a dyno would get the router's port, or one above 65535."""
    router = manifest.settings.port
    if not router:
        return  # any free port: known only when the router listens
    hint = "see --port and --port-base"
    for name, quantity in manifest.quantities.items():
        for number in range(1, quantity + 1):
            port = manifest.port(name, number, router)
            if port > 65535:
                raise UserError(f"{name}.{number} would get port {port}", hint=hint)
            if port == router:
                raise UserError(f"{name}.{number} would get the router's port", hint=hint)
