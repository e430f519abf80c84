"""Which config vars an app gets, when several files speak of them.

.env wins over `env:` in localku.yml, and both over the real environment, as `heroku local` has
it. What app.json says is only a default, used where nothing else has a value. PORT is left out:
it is the router's, and each dyno has its own. Pure, but for generated secrets. START PATH.
"""

from __future__ import annotations

from localku.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from localku.manifest.appfile import AppFile, EnvWish
    from localku.manifest.envfile import EnvFile


class ConfigVars:
    """values and places by key; generated: secrets made here; errors and warnings to report."""

    __slots__ = ("errors", "generated", "places", "values", "warnings")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self.generated: dict[str, str] = {}
        self.errors: list[UserError] = []
        self.warnings: list[tuple[str, str]] = []


def merge(
    env: EnvFile,
    appfiles: list[AppFile],
    environ: Mapping[str, str],
    generated: Mapping[str, str],
) -> ConfigVars:
    """The config vars of an app. generated: secrets of an earlier reading, which are kept."""
    merged = ConfigVars()
    for file in reversed(appfiles):
        for key, wish in file.env.items():
            is_default = file.is_heroku and key in environ
            if wish.value is not None and not is_default:
                merged.values[key] = wish.value
                merged.places[key] = wish.where
    merged.values.update(env.values)
    merged.places.update(env.places)
    for key in env.values:
        if key.startswith("LOCALKU_"):
            what = f"{key} has no effect here: set it in the environment, or in localku.yml"
            merged.warnings.append((env.places[key], what))
    for file in appfiles:
        for key, wish in file.env.items():
            if key not in merged.values and key not in environ:
                _without_value(merged, key, wish, file.is_heroku, generated)
    if "PORT" in merged.values:
        del merged.values["PORT"], merged.places["PORT"]
    return merged


def _without_value(
    merged: ConfigVars, key: str, wish: EnvWish, is_heroku: bool, generated: Mapping[str, str]
) -> None:
    """Generate a secret, or report a config var that is required and has no value anywhere."""
    if wish.secret:
        if key not in generated:
            from secrets import token_hex  # 64 hexadecimal digits, as Heroku makes them

            merged.generated[key] = token_hex(32)
        else:
            merged.generated[key] = generated[key]
        merged.values[key] = merged.generated[key]
        merged.places[key] = wish.where
    elif wish.required:
        hint = f"write {key}=... into .env"
        merged.errors.append(UserError(f"{key} has no value", where=wish.where, hint=hint))
    elif wish.required is None and is_heroku:
        merged.warnings.append((wish.where, f"{key} has no value; Heroku would ask for it"))
