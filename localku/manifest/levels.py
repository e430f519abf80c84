"""Where settings come from: each source is a level, and the highest that says something wins.

Pure. START PATH.
"""

from __future__ import annotations

from localku.errors import UserError
from localku.manifest import arguments
from localku.manifest.problems import each, raise_if_any
from localku.manifest.setting import Setting
from localku.manifest.settings_table import BY_NAME, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from localku.manifest.envfile import EnvFile

DEFAULT = "default"


class Level:
    """What one source says. types: values for one process type. places: where, by setting name.

    A value for one process type has its place under `TYPE.NAME`.
    """

    __slots__ = ("places", "types", "values")

    def __init__(
        self, values: dict[str, object] | None = None, places: dict[str, str] | None = None
    ) -> None:
        self.values: dict[str, object] = {} if values is None else values
        self.places: dict[str, str] = {} if places is None else places
        self.types: dict[str, dict[str, object]] = {}


def find(levels: list[Level], setting: Setting, process_type: str = "") -> tuple[object, str]:
    """The value of the highest level that has one, and its origin; else the default."""
    for level in levels:
        own = level.types.get(process_type)
        if own is not None and setting.name in own:
            key = f"{process_type}.{setting.name}"
            return own[setting.name], level.places.get(key, setting.flag)
        if setting.name in level.values:
            return level.values[setting.name], level.places[setting.name]
    return setting.default, DEFAULT


def variables(environ: Mapping[str, str]) -> Level:
    """The LOCALKU_* variables. An empty one counts as not set."""
    level = Level()
    errors: list[UserError] = []
    for setting in TABLE:
        text = environ.get(setting.variable, "")
        if text:
            try:
                arguments.store(level.values, setting, text, setting.variable)
            except UserError as error:
                errors += each(error)
            level.places[setting.name] = setting.variable
    raise_if_any(errors)
    types = level.values.pop("types", None)
    if isinstance(types, dict):
        level.types = types
    return level


def ambient(environ: Mapping[str, str], dotenv: EnvFile | None, port: bool) -> Level:
    """Variables that other programs share with us: PORT and NO_COLOR (no-color.org)."""
    level = Level()
    if environ.get("NO_COLOR"):
        level.values["color"] = "never"
        level.places["color"] = "NO_COLOR"
    text, place = "", "PORT"
    if port:
        text = environ.get("PORT", "")
        if dotenv is not None and dotenv.values.get("PORT"):
            text, place = dotenv.values["PORT"], dotenv.places["PORT"]
    if text:
        try:
            level.values["port"] = BY_NAME["port"].read(text, place)
        except UserError as error:
            # the value is not shown: what stands in .env stays there
            text = "the value of PORT is not a port"
            raise UserError(text, where=place, hint=error.hint) from None
        level.places["port"] = place
    return level
