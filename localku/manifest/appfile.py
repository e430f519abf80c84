"""localku.yml and app.json: what an app says of itself beside its Procfile.

localku.yml is ours: every key must be known. app.json is Heroku's (Dev Center, "app.json
Schema"): its name, env and formation are used here, everything else is left to Heroku, and other
programs that have a file of this name (React Native, Expo) are left alone. Pure; imported only
when one of the two files exists.
"""

from __future__ import annotations

from collections.abc import Callable

from localku.errors import UserError
from localku.manifest import formation
from localku.manifest.appname import checked, slug
from localku.manifest.envfile import is_key
from localku.manifest.levels import Level
from localku.manifest.problems import each, known_words, raise_if_any
from localku.manifest.procfile import is_type_name
from localku.manifest.setting import Setting, boolean
from localku.manifest.settings_table import TABLE
from localku.manifest.tree import Node, from_json, from_yaml

_SETTINGS = {setting.yaml_key: setting for setting in TABLE if setting.yaml_key}
_OF_TYPE = {setting.yaml_key or "watch": setting for setting in TABLE if setting.per_type}
_ENV_KEYS = ["value", "required", "generator", "description"]


class EnvWish:
    """What a file says of one config var. value None: it must come from elsewhere.

    required: True or False as written, None when the file does not say. secret: to be generated.
    """

    __slots__ = ("required", "secret", "value", "where")

    def __init__(
        self, value: str | None, where: str, required: bool | None = None, secret: bool = False
    ) -> None:
        self.value = value
        self.where = where
        self.required = required
        self.secret = secret


class AppFile:
    """One file, read. level: its settings; env: its config vars; is_heroku: it is app.json."""

    __slots__ = ("env", "is_heroku", "level")

    def __init__(self, is_heroku: bool) -> None:
        self.is_heroku = is_heroku
        self.level = Level()
        self.env: dict[str, EnvWish] = {}


def parse_yaml(text: str, name: str = "localku.yml") -> AppFile:
    """localku.yml. Raises UserError (Problems for several) with `name:line`."""
    file = AppFile(is_heroku=False)
    root = from_yaml(text, name)
    reader = _Reader(file)
    for key, node in _mapping(root, name).items():
        reader.attempt(reader.top_key, key, node)
    raise_if_any(reader.errors)
    return file


def parse_json(text: str, name: str = "app.json") -> AppFile:
    """app.json. Raises UserError (Problems for several)."""
    file = AppFile(is_heroku=True)
    reader = _Reader(file)
    root = _mapping(from_json(text, name), name)
    for key in ("name", "env", "formation"):
        if key in root and root[key].value is not None:
            reader.attempt(reader.top_key, key, root[key])
    raise_if_any(reader.errors)
    return file


class _Reader:
    """Fills an AppFile key by key and collects what is wrong."""

    def __init__(self, file: AppFile) -> None:
        self.file = file
        self.level = file.level
        self.errors: list[UserError] = []

    def attempt(self, read: Callable[[str, Node], None], key: str, node: Node) -> None:
        try:
            read(key, node)
        except UserError as error:
            self.errors += each(error)

    def top_key(self, key: str, node: Node) -> None:
        if key == "env":
            for name, item in _mapping(node, "env").items():
                self.attempt(self.config_var, name, item)
        elif key == "types":
            for name, item in _mapping(node, "types").items():
                self.attempt(self.process_type, name, item)
        elif key == "formation":
            self.formation(node)
        elif key == "watch":
            self.watch(node)
        elif key in _SETTINGS:
            self.setting(_SETTINGS[key], key, node, self.level.values)
            self.level.places[_SETTINGS[key].name] = node.where
        else:
            known = [*_SETTINGS, "env", "types"]
            hint = known_words(key, known, "known keys")
            raise UserError(f"unknown key {key}", where=node.where, hint=hint)

    def setting(self, setting: Setting, key: str, node: Node, values: dict[str, object]) -> None:
        if setting.kind == "list":
            values[setting.name] = _texts(node, key)
            return
        if setting.kind == "domains":
            names = [setting.read(name, node.where, f"{key}: ") for name in _texts(node, key)]
            values[setting.name] = [
                each for some in names if isinstance(some, list) for each in some
            ]
            return
        text = _text(node, key)
        if setting.name == "app":
            text = slug(text) if self.file.is_heroku else checked(text, node.where)
        values[setting.name] = setting.read(text, node.where, f"{key}: ")

    def watch(self, node: Node) -> None:
        """yes or no; patterns for all types; or patterns type by type."""
        if isinstance(node.value, dict):
            for name, item in node.value.items():
                self.attempt(self.watch_of_type, name, item)
            return
        if isinstance(node.value, str):
            try:
                self.level.values["watch"] = boolean(node.value)
                self.level.places["watch"] = node.where
                return
            except UserError:
                pass  # not yes or no: then it is one pattern
        self.level.values["watch_pattern"] = _texts(node, "watch")
        self.level.places["watch_pattern"] = node.where

    def watch_of_type(self, name: str, node: Node) -> None:
        self._of_type(name, node).update(watch_pattern=_texts(node, f"watch.{name}"))
        self.level.places[f"{name}.watch_pattern"] = node.where

    def process_type(self, name: str, node: Node) -> None:
        values = self._of_type(name, node)
        for key, item in _mapping(node, name).items():
            setting = _OF_TYPE.get(key)
            if setting is None:
                hint = known_words(key, list(_OF_TYPE), "known keys")
                what = f"unknown key {key} for process type {name}"
                self.errors.append(UserError(what, where=item.where, hint=hint))
                continue
            self.level.places[f"{name}.{setting.name}"] = item.where
            try:
                self.setting(setting, f"{name}.{key}", item, values)
            except UserError as error:
                self.errors += each(error)

    def _of_type(self, name: str, node: Node) -> dict[str, object]:
        if not is_type_name(name):
            raise UserError(f"{name!r} cannot name a process type", where=node.where)
        self.level.places.setdefault(name, node.where)
        return self.level.types.setdefault(name, {})

    def formation(self, node: Node) -> None:
        """`web=2`, {web: 2}, {web: {quantity: 2, size: ...}}, or [{process: web, quantity: 2}]."""
        wishes: dict[str, int] = {}
        self.level.values["formation"] = wishes
        self.level.places["formation"] = node.where
        if isinstance(node.value, str):
            wishes.update(formation.parse([node.value], node.where))
            return
        for name, item in _formation_items(node):
            if not is_type_name(name):
                raise UserError(f"{name!r} cannot name a process type", where=item.where)
            if isinstance(item.value, dict):
                item = item.value.get("quantity", Node("1", item.where))
            wishes[name] = formation.quantity(name, _text(item, f"formation.{name}"), item.where)
            self.level.places[f"formation.{name}"] = item.where

    def config_var(self, name: str, node: Node) -> None:
        if not is_key(name):
            hint = "use letters, digits and _, with no digit first"
            raise UserError(f"{name!r} cannot name a config var", where=node.where, hint=hint)
        if name == "PORT" and not self.file.is_heroku:
            hint = "write port: for the router's"
            raise UserError("PORT is set for each dyno", where=node.where, hint=hint)
        if not isinstance(node.value, dict):
            self.file.env[name] = EnvWish(_value(node, name), node.where)
            return
        for key in node.value:
            if key not in _ENV_KEYS and not self.file.is_heroku:
                hint = known_words(key, _ENV_KEYS, "known keys")
                raise UserError(f"unknown key {key} for {name}", where=node.where, hint=hint)
        self.file.env[name] = _env_wish(name, node.value, node.where)


def _env_wish(name: str, parts: dict[str, Node], where: str) -> EnvWish:
    value = _value(parts["value"], name) if "value" in parts else None
    required = None
    if "required" in parts:
        required = _yes(parts["required"], f"env.{name}.required")
    generator = _text(parts["generator"], f"env.{name}.generator") if "generator" in parts else ""
    if generator not in ("", "secret"):
        what = f"env.{name}.generator: {generator!r} is unknown"
        raise UserError(what, where=where, hint="Heroku has one generator: secret")
    return EnvWish(value, where, required, generator == "secret")


def _formation_items(node: Node) -> list[tuple[str, Node]]:
    if isinstance(node.value, dict):
        return list(node.value.items())
    items: list[tuple[str, Node]] = []
    for item in node.value if isinstance(node.value, list) else [Node(None, node.where)]:
        if not isinstance(item.value, dict) or "process" not in item.value:
            raise UserError("formation: not a formation", where=item.where, hint="write {web: 2}")
        items.append((_text(item.value["process"], "formation.process"), item))
    return items


def _mapping(node: Node, key: str) -> dict[str, Node]:
    if isinstance(node.value, dict):
        return node.value
    raise UserError(f"{key} must be a mapping, not {node.kind}", where=node.where)


def _text(node: Node, key: str) -> str:
    if isinstance(node.value, str):
        return node.value
    raise UserError(f"{key} must be one value, not {node.kind}", where=node.where)


def _texts(node: Node, key: str) -> list[str]:
    """One text, or a list of texts."""
    items = node.value if isinstance(node.value, list) else [node]
    return [_text(item, key) for item in items]


def _value(node: Node, key: str) -> str:
    """The value of a config var; never shown in a message."""
    if isinstance(node.value, str):
        if "\0" in node.value:
            raise UserError(f"a NUL character in the value of {key}", where=node.where)
        if any("\ud800" <= letter <= "\udfff" for letter in node.value):
            raise UserError(f"half a character in the value of {key}", where=node.where)
        return node.value
    hint = 'write "" for an empty value'
    raise UserError(f"env.{key} must be text, not {node.kind}", where=node.where, hint=hint)


def _yes(node: Node, key: str) -> bool:
    try:
        return boolean(_text(node, key))
    except UserError as error:
        raise UserError(f"{key} {error.message}", where=node.where, hint=error.hint) from None
