"""A scenario: what `localku load` is to do, as a YAML file that is data and no program. Pure.

    rate: 50..500/60s
    duration: 60s
    fail-if: [p95>300ms, errors>0.1%]
    headers: {Accept: text/html}
    requests:
      - /                            # a path alone, with the weight 1
      - path: /cart
        weight: 3
      - path: /orders
        method: POST
        headers: {Content-Type: application/json}
        json: {sku: 7}               # or body: text, or body-file: order.json

Its settings are the flags of the command, which win over it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localku.errors import UserError
from localku.load.plan import Ask
from localku.load.words import read_word
from localku.manifest.problems import known_words

# settings that are texts, as their flags are
TEXTS = ("rate", "duration", "warmup", "timeout", "arrivals", "target")
COUNTS = ("connections", "max-connections", "max-in-flight", "seed")
KEYS = [*TEXTS, *COUNTS, "fail-if", "headers", "requests"]
REQUEST_KEYS = ["path", "method", "weight", "headers", "body", "body-file", "json"]
BODIES = ("body", "body-file", "json")


@dataclass(slots=True)
class Scenario:
    """settings: by the name of their flag, as texts. fail_if: thresholds as texts."""

    settings: dict[str, str] = field(default_factory=dict)
    fail_if: list[str] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)


def read(value: object, where: str, read_file: Callable[[str], bytes]) -> Scenario:
    """A scenario from its YAML, as it was loaded. read_file: the bytes of a body-file; may raise
    UserError. Raises UserError."""
    top = _mapping(value, where, "the scenario")
    _check_keys(top, KEYS, where)
    found = Scenario()
    for name in (*TEXTS, *COUNTS):
        if name in top:
            found.settings[name] = _scalar(top[name], where, name)
    limits = top.get("fail-if", [])
    limits = limits if isinstance(limits, list) else [limits]
    found.fail_if = [_scalar(each, where, "fail-if") for each in limits]
    common = _headers(top.get("headers"), where)
    requests = top.get("requests", ["/"])
    if not isinstance(requests, list) or not requests:
        raise UserError("requests has to be a list", where=where)
    for number, each in enumerate(requests, 1):
        at = f"{where}: request {number}"
        found.asks.append(_request(each, at, common, read_file))
    return found


def _request(
    value: object, where: str, common: dict[str, str], read_file: Callable[[str], bytes]
) -> Ask:
    if isinstance(value, str):
        value = {"path": value}
    it = _mapping(value, where, "it")
    _check_keys(it, REQUEST_KEYS, where)
    path = _scalar(it.get("path", "/"), where, "path")
    try:
        origin, plain = read_word(path)
    except UserError as error:
        error.where = where
        raise
    if origin is not None:
        raise UserError("path has to be a path; the target is named with target:", where=where)
    given = [name for name in BODIES if name in it]
    if len(given) > 1:
        raise UserError(f"one body, not {' and '.join(given)}", where=where)
    headers = {**common, **_headers(it.get("headers"), where)}
    body = b""
    if "json" in it:
        body = json.dumps(it["json"]).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    elif "body" in it:
        body = _scalar(it["body"], where, "body").encode()
    elif "body-file" in it:
        body = read_file(_scalar(it["body-file"], where, "body-file"))
    method = _scalar(it.get("method", "POST" if given else "GET"), where, "method").upper()
    weight = it.get("weight", plain.weight)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight <= 1e6:
        raise UserError(f"weight: {weight!r} is no number above 0", where=where)
    return Ask(plain.path, method, tuple(headers.items()), body, float(weight))


def _headers(value: object, where: str) -> dict[str, str]:
    if value is None:
        return {}
    it = _mapping(value, where, "headers")
    return {str(name): _scalar(text, where, str(name)) for name, text in it.items()}


def _mapping(value: object, where: str, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{what} has to be a mapping of keys to values", where=where)
    return value


def _scalar(value: object, where: str, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UserError(f"{name}: {value!r} is no plain value", where=where)
    return str(value)


def _check_keys(it: Mapping[str, Any], known: list[str], where: str) -> None:
    for key in it:
        if key not in known:
            hint = known_words(str(key), known, "known here")
            raise UserError(f"unknown key {key}", where=where, hint=hint)
