"""The settings of one run: where each value comes from, and which one wins.

Flag, then LOCALKU_* variable, then localku.yml, then app.json, then default. PORT stands between
variables and files: first the one in .env, then the one of the environment, as heroku local has
it. Pure: the files are read by others. `python -m localku.manifest.settings` prints the table of
the README. START PATH.
"""

from __future__ import annotations

from localku.manifest import formation
from localku.manifest.arguments import parse_argv as parse_argv
from localku.manifest.levels import DEFAULT as DEFAULT
from localku.manifest.levels import Level, ambient, find, variables
from localku.manifest.settings_table import BY_NAME, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localku.manifest.appfile import AppFile
    from localku.manifest.envfile import EnvFile

HTTPS_DISTANCE = 437  # 5443 for 5006


class TypeSettings:
    """What holds for the dynos of one process type. Seconds and bytes.

    watch: patterns as in .gitignore, None for all files. memory: quota, None for none. cpu: cores,
    None for what the size has. health: a path, "" for none.
    """

    __slots__ = ("boot_timeout", "cpu", "grace", "health", "health_timeout", "memory", "watch")

    def __init__(self, values: dict[str, object]) -> None:
        self.watch: list[str] | None = values["watch_pattern"]  # type: ignore[assignment]
        self.grace: float = values["grace"]  # type: ignore[assignment]
        self.boot_timeout: float = values["boot_timeout"]  # type: ignore[assignment]
        self.memory: int | None = values["memory"]  # type: ignore[assignment]
        self.cpu: float | None = values["dyno_cpu"]  # type: ignore[assignment]
        self.health: str = values["health"]  # type: ignore[assignment]
        self.health_timeout: float = values["health_timeout"]  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeSettings) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    __hash__ = None  # type: ignore[assignment]


class Settings:
    """One value for each setting of the table. Durations in seconds, already scaled."""

    __slots__ = (*BY_NAME, "_levels", "_origins", "formation_places")

    root: str
    procfile: list[str]
    env: list[str]
    formation: dict[str, int]
    config: str
    app: str
    port: int
    bind: str
    routers: int
    port_base: int | None
    domain: list[str]
    routing: str
    session_affinity: bool
    tls: bool
    tls_port: int | None
    http2: bool
    request_timeout: float
    idle_timeout: float
    connect_timeout: float
    quarantine: float
    boot_wait: float
    connect_tries: int
    backlog: int
    head_timeout: float
    client_keepalive: float
    dyno_keepalive: float
    router_log: str
    api_port: int | None
    pty: bool | None
    exit_on_crash: bool
    memory: int | None
    cap_dynos: bool | None
    dyno_cpu: float | None
    health: str
    health_timeout: float
    boot_timeout: float
    grace: float
    shutdown_grace: float
    backoff_first: float
    backoff_max: float
    backoff_reset: float
    heroku_times: bool
    time_scale: float
    drain_connect_timeout: float
    drain_timeout: float
    drain_retry: float
    drain_buffer: int
    watch: bool
    watch_pattern: list[str] | None
    format: str
    color: str
    partial_line: float

    def __init__(self, levels: list[Level]) -> None:
        self._levels = levels
        self._origins: dict[str, str] = {}
        self.formation_places: dict[str, str] = {}
        for setting in TABLE:
            value, origin = find(levels, setting)
            setattr(self, setting.name, value)
            self._origins[setting.name] = origin
        if self.http2 and not self.tls:
            self.tls, self._origins["tls"] = True, self._origins["http2"]
        self._apply_heroku_times()
        self._apply_formation()
        self._apply_watch()
        self._apply_scale()
        if self.is_default("shutdown_grace"):
            self.shutdown_grace = min(self.shutdown_grace, self.grace)

    def origin(self, name: str) -> str:
        """Where a value comes from: a flag, a variable, `localku.yml:3`, `.env:1` or `default`."""
        return self._origins[name]

    def is_default(self, name: str) -> bool:
        """Whether nobody asked for this value."""
        return self._origins[name] in (DEFAULT, BY_NAME["heroku_times"].flag)

    def first_port(self, router_port: int) -> int:
        """The port of the first dyno, given the port on which the router really listens."""
        return router_port + 100 if self.port_base is None else self.port_base

    def https_port(self, router_port: int) -> int:
        """The port to bind for https; 0 for any free one, as it is when the router's is."""
        if self.tls_port is not None:
            return self.tls_port
        return router_port + HTTPS_DISTANCE if self.port else 0

    def of_type(self, process_type: str) -> TypeSettings:
        """What holds for one process type; a flag for all types wins over its line in a file."""
        values: dict[str, object] = {}
        for setting in TABLE:
            if setting.per_type:
                value = find(self._levels, setting, process_type)[0]
                scaled = setting.kind == "duration" and isinstance(value, float)
                values[setting.name] = value * self.time_scale if scaled else value  # type: ignore[operator]
        return TypeSettings(values)

    def own_types(self) -> dict[str, str]:
        """Process types that have settings of their own, and where."""
        return {
            name: level.places.get(name, next(iter(BY_NAME[key].flag for key in values), ""))
            for level in reversed(self._levels)
            for name, values in level.types.items()
        }

    def _apply_heroku_times(self) -> None:
        if not self.heroku_times:
            return
        for setting in TABLE:
            if setting.heroku is not None and self._origins[setting.name] == DEFAULT:
                setattr(self, setting.name, setting.heroku)
                self._origins[setting.name] = BY_NAME["heroku_times"].flag

    def _apply_formation(self) -> None:
        """Add up the levels: an upper one wins type by type, its `all` over everything below."""
        merged: dict[str, int] = {}
        for level in reversed(self._levels):
            wishes = level.values.get("formation", {})
            place = level.places.get("formation", "--formation")
            if isinstance(wishes, list):
                wishes = formation.parse(wishes, place)
            if isinstance(wishes, dict):
                merged = formation.merge(merged, wishes)
                for name in wishes:
                    self.formation_places[name] = level.places.get(f"formation.{name}", place)
        self.formation = merged

    def _apply_watch(self) -> None:
        """Patterns ask for watching, unless somebody said yes or no."""
        if self._origins["watch"] != DEFAULT:
            return
        flag = BY_NAME["watch_pattern"].flag
        for level in self._levels:
            for prefix, values in (("", level.values), *level.types.items()):
                if "watch_pattern" in values:
                    key = f"{prefix}.watch_pattern".removeprefix(".")
                    self.watch = True
                    self._origins["watch"] = level.places.get(key, flag)
                    return

    def _apply_scale(self) -> None:
        for setting in TABLE:
            if setting.kind == "duration":
                setattr(self, setting.name, getattr(self, setting.name) * self.time_scale)


class Sources:
    """The levels of one run, highest first; the files join when they have been read."""

    def __init__(self, given: dict[str, object], environ: Mapping[str, str]) -> None:
        """given: from parse_argv. Raises UserError for a bad LOCALKU_* variable."""
        flags = Level(given, {setting.name: setting.flag for setting in TABLE})
        types = given.get("types", {})
        if isinstance(types, dict):
            flags.types = types
        self._above = [flags, variables(environ)]
        self._below: list[Level] = []
        self._environ = environ

    def add(self, level: Level) -> None:
        """Put a level under all others."""
        self._below.append(level)

    def value(self, name: str) -> tuple[object, str]:
        """A value as far as it is known now, and its origin."""
        return find([*self._above, *self._below], BY_NAME[name])

    def settings(self, dotenv: EnvFile | None = None) -> Settings:
        """All settings. dotenv: for its PORT. Raises UserError."""
        port = "port" not in self._above[0].values and "port" not in self._above[1].values
        shared = ambient(self._environ, dotenv if port else None, port)
        return Settings([*self._above, shared, *self._below])


def resolve(
    given: dict[str, object],
    environ: Mapping[str, str],
    appfiles: Sequence[AppFile] = (),
    dotenv: EnvFile | None = None,
) -> Settings:
    """The settings from parsed flags, environment, files (the first wins), and PORT in .env.

    Raises UserError.
    """
    sources = Sources(given, environ)
    for file in appfiles:
        sources.add(file.level)
    return sources.settings(dotenv)


def readme_block() -> str:
    """The table of settings for the README, between its two markers."""
    from localku.manifest.settings_docs import markdown_block

    return markdown_block()


if __name__ == "__main__":
    import sys

    sys.stdout.write(readme_block())
