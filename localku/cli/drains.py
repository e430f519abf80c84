"""`localku drains`, `drains:add` and `drains:remove`: where the log goes."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from localku.cli import tables
from localku.cli.client import USAGE, Options, as_list, as_object, connect, say
from localku.errors import UserError


def main(name: str, argv: list[str]) -> int:
    """Run one of them; returns its exit status. Raises UserError."""
    parser = Options(name)
    if name == "drains":
        parser.add_argument("--json", action="store_true")
        return drains(parser.read(argv))
    if name == "drains:add":
        parser.add_argument("--ca", default="")
    parser.add_argument("drain", nargs="?", default="")
    options = parser.read(argv)
    if not options.drain:
        what = "a URL" if name == "drains:add" else "the URL, token or id of a drain"
        hint = f"write localku {name} URL"
        raise UserError(f"{name} needs {what}", hint=hint, status=USAGE)
    return add(options) if name == "drains:add" else remove(options)


def drains(options: argparse.Namespace) -> int:
    """List them as Heroku's CLI does; under each, what became of the lines."""
    client = connect(options)
    found = as_list(client.get("/localku" + client.at("log-drains")))
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    if not found:
        say(f"⬢ {client.app} has no log drains.")
        return 0
    print(tables.header("Drains"))
    for each in found:
        print(f"{each['url']} ({each['token']})")
        print(f"    {described(each)}")
    return 0


def described(drain: dict[str, Any]) -> str:
    """`delivered 12 lines, dropped 0, waiting 3; last error: connection refused at ...`"""
    text = f"delivered {_lines(drain['delivered'])}"
    text += f", dropped {drain['dropped']}, waiting {drain['waiting']}"
    if drain["trouble"]:
        return f"{text}; in trouble: {drain['trouble']}"
    if drain["last_error"]:
        return f"{text}; last error: {drain['last_error']}, {drain['failed_at']}"
    return text


def _lines(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'}"


def add(options: argparse.Namespace) -> int:
    """Send the log there, too, from now on."""
    wish = {"url": options.drain}
    if options.ca:
        wish["ca"] = read_ca(options.ca)
    client = connect(options)
    made = as_object(client.request("POST", client.at("log-drains"), wish))
    print(f"Successfully added drain {made['url']}")
    return 0


def read_ca(path: str) -> str:
    """The text of a CA's file. Raises UserError."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError as error:
        raise UserError(f"cannot read the CA: {error.strerror}", where=path) from None
    except ValueError:
        raise UserError("this is no certificate in PEM", where=os.path.abspath(path)) from None


def remove(options: argparse.Namespace) -> int:
    """Send it there no more."""
    client = connect(options)
    gone = as_object(client.request("DELETE", client.at("log-drains", options.drain)))
    print(f"Successfully removed drain {gone['url']}")
    return 0
