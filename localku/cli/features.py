"""`localku features` and `labs`, with `:info`, `:enable` and `:disable`: what can be switched."""

from __future__ import annotations

import argparse
import json

from localku.cli import tables
from localku.cli.client import USAGE, Options, as_list, as_object, connect, done, say
from localku.errors import UserError


def main(name: str, argv: list[str]) -> int:
    """Run one of them; returns its exit status. Raises UserError."""
    parser = Options(name)
    topic, _, verb = name.partition(":")
    if verb:
        parser.add_argument("feature", nargs="?", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    if not verb:
        return features(options, "general" if topic == "features" else "beta")
    if not options.feature:
        hint = f"write localku {name} NAME; `localku {topic}` lists them"
        raise UserError(f"{name} needs a feature", hint=hint, status=USAGE)
    return info(options) if verb == "info" else switch(options, verb == "enable")


def features(options: argparse.Namespace, state: str) -> int:
    """List the features of one state. Heroku lists those that are not final under `labs`."""
    client = connect(options)
    found = [each for each in as_list(client.get(client.at("features"))) if each["state"] == state]
    found.sort(key=lambda each: str(each["name"]))
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    print(tables.header(f"App Features ⬢ {client.app}"))
    width = max((len(each["name"]) for each in found), default=0)
    for each in found:
        mark = "+" if each["enabled"] else " "
        print(f"[{mark}] {each['name']:{width}}  {each['description']}")
    return 0


def info(options: argparse.Namespace) -> int:
    """Show one feature."""
    client = connect(options)
    one = as_object(client.get(client.at("features", options.feature)))
    if options.json:
        print(json.dumps(one, indent=2))
        return 0
    print(tables.header(one["name"]))
    facts = {
        "Description": one["description"],
        "Docs": one["doc_url"],
        "Enabled": str(one["enabled"]).lower(),
    }
    print("\n".join(tables.aligned(facts)))
    return 0


def switch(options: argparse.Namespace, on: bool) -> int:
    """Switch one on or off. UserError when it is so already, as Heroku has it."""
    client = connect(options)
    path = client.at("features", options.feature)
    if as_object(client.get(path))["enabled"] is on:
        raise UserError(f"{options.feature} is already {'enabled' if on else 'disabled'}.")
    word = "Enabling" if on else "Disabling"
    say(f"{word} {options.feature} for ⬢ {client.app}...", end="")
    done(client, "PATCH", path, {"enabled": on})
    return 0
