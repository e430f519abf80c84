"""Requests out of a HAR file, as browsers save it (HTTP Archive 1.2): those to the app alone. Pure.

A recorded page also asks fonts, trackers and other people's servers; they are left out.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from localku.errors import UserError
from localku.load.plan import Ask
from localku.load.wire import OURS
from localku.load.words import read_url
from localku.router.grammar import is_token

# what a browser says of its connection, or what would have no answer to count
HOP = (*OURS, "keep-alive", "proxy-connection", "proxy-authorization", "trailer")


def read(value: object, hosts: Collection[str], where: str) -> tuple[list[Ask], list[str]]:
    """(requests in their order, notes) of a HAR.

    value: its JSON. hosts: authorities (`shop.localhost:5006`, `shop.herokuapp.com`) that are the
    app. where: the file's name. Raises UserError when it is no HAR, or none of it is the app's.
    """
    try:
        entries = value["log"]["entries"]  # type: ignore[index]
        requests = [entry["request"] for entry in entries]
        urls = [str(request["url"]) for request in requests]
    except (KeyError, TypeError):
        raise UserError(
            "this is no HAR: it has no log.entries with requests", where=where
        ) from None
    asks: list[Ask] = []
    others: dict[str, int] = {}
    skipped = 0
    for request, url in zip(requests, urls, strict=True):
        try:
            origin, path = read_url(url)
        except UserError:
            skipped += 1  # data:, blob:, ws:
            continue
        if origin.authority not in hosts and origin.host not in hosts:
            others[origin.authority] = others.get(origin.authority, 0) + 1
            continue
        asks.append(_ask(request, path, where))
    if not asks:
        seen = ", ".join(sorted(others, key=lambda host: -others[host])[:3]) or "nobody"
        hint = "name the host that is the app with --har-host"
        said = f"no request in it is to {sorted(hosts)[0]}, but to {seen}"
        raise UserError(said, where=where, hint=hint)
    left = sum(others.values()) + skipped
    notes = [f"{left:,} requests of {where} are not to the app, and left out"] if left else []
    return asks, notes


def _ask(request: Mapping[str, Any], path: str, where: str) -> Ask:
    headers = []
    for field in request.get("headers") or ():
        name, value = str(field.get("name", "")), str(field.get("value", ""))
        if is_token(name.encode()) and name.isascii() and name.lower() not in HOP:
            headers.append((name, value))
    return Ask(path, str(request.get("method", "GET")), tuple(headers), _body(request, where))


def _body(request: Mapping[str, Any], where: str) -> bytes:
    data = request.get("postData") or {}
    text = str(data.get("text") or "")
    if data.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            raise UserError("the body of a request is no base64", where=where) from None
    if not text and data.get("params"):
        pairs = [(each.get("name", ""), each.get("value", "")) for each in data["params"]]
        return urlencode(pairs).encode()
    return text.encode()
