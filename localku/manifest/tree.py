"""localku.yml and app.json as a tree of places: every value knows the line on which it stands.

All scalars stay text, as written: `KEY: 1.10` is "1.10" and `KEY: yes` is "yes", so that one
reader of values serves files, flags and variables. Pure; imported only when such a file exists.
"""

from __future__ import annotations

import json

import yaml

from localku.errors import UserError

# What yaml gives to a value without a written tag; any other would need a program to build it.
_TAGS = frozenset("str int float bool null timestamp value merge seq map".split())  # noqa: SIM905


class Node:
    """value: text, None (nothing written), a list of nodes, or a dictionary of nodes."""

    __slots__ = ("value", "where")

    def __init__(self, value: str | None | list[Node] | dict[str, Node], where: str) -> None:
        self.value = value
        self.where = where

    @property
    def kind(self) -> str:
        """What the value is, in words for a message."""
        if self.value is None:
            return "nothing"
        return {str: "text", list: "a list", dict: "a mapping"}[type(self.value)]


def from_yaml(text: str, name: str) -> Node:
    """The tree of a yaml text. name: the file for messages. An empty text is an empty mapping.

    Raises UserError with `name:line:column` for a syntax error, with `name:line` for a key that
    occurs twice or for a value of a type that has no place in such a file.
    """
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        tree = _Walk(loader, name).node(root) if root is not None else Node(None, "")
        return tree if tree.value is not None else Node({}, f"{name}:1")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        what = error.problem or error.context or "cannot be read"
        raise UserError(f"not valid yaml: {what}", where=place) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"not valid yaml: character U+{int(error.character):04X}"
        raise UserError(what, where=f"{name}:{line}", hint="remove it") from None


class _Walk:
    """From nodes of pyyaml to ours. Anchors are followed; a node inside itself is an error."""

    def __init__(self, loader: yaml.SafeLoader, name: str) -> None:
        self.loader = loader
        self.name = name
        self.done: dict[int, Node] = {}
        self.open: set[int] = set()

    def node(self, node: yaml.Node) -> Node:
        if id(node) in self.done:
            return self.done[id(node)]
        where = f"{self.name}:{node.start_mark.line + 1}"
        if id(node) in self.open:
            raise UserError("this value contains itself", where=where)
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
            raise UserError(f"the tag {node.tag} means nothing here", where=where)
        self.open.add(id(node))
        result = Node(self._value(node), where)
        self.open.discard(id(node))
        self.done[id(node)] = result
        return result

    def _value(self, node: yaml.Node) -> str | None | list[Node] | dict[str, Node]:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.node(item) for item in node.value]
        return None if node.tag.endswith(":null") else str(node.value)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Node]:
        found: dict[str, Node] = {}
        written = [key for key, _ in node.value]
        self.loader.flatten_mapping(node)  # `<<: *defaults`: merged keys come first
        for key, value in node.value:
            where = f"{self.name}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                raise UserError("a key must be a word", where=where)
            if key.value in found and any(key is one for one in written):
                before = [
                    one.value for one in written if one.start_mark.index < key.start_mark.index
                ]
                if key.value in before:
                    raise UserError(f"{key.value} is given twice", where=where)
            item = self.node(value)
            found[key.value] = Node(item.value, where)
        return found


def from_json(text: str, name: str) -> Node:
    """The tree of a JSON text, without lines. Raises UserError with `name:line:column`."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise UserError(f"not valid JSON: {error.msg}", where=place) from None
    except RecursionError:
        raise UserError("nested too deeply", where=name) from None
    return _from_value(value, name)


def _from_value(value: object, name: str) -> Node:
    if isinstance(value, dict):
        return Node({key: _from_value(item, name) for key, item in value.items()}, name)
    if isinstance(value, list):
        return Node([_from_value(item, name) for item in value], name)
    if isinstance(value, bool):
        return Node("true" if value else "false", name)
    return Node(None if value is None else str(value), name)
