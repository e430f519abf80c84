"""`localku config`, `config:get`, `config:set`, `config:unset`: the config vars of an app."""

from __future__ import annotations

import json
from typing import Any

from localku.cli import quoting, tables
from localku.cli.client import USAGE, Client, Options, as_list, as_object, connect, done, say
from localku.errors import UserError

NEWEST = {"Range": "version ..; order=desc,max=1"}


def main(name: str, argv: list[str]) -> int:
    """Run one of the four; returns its exit status. Raises UserError."""
    commands = {"config": show, "config:get": get, "config:set": set_, "config:unset": unset}
    return commands[name](argv)


def config_of(client: Client) -> dict[str, Any]:
    """The config vars of the client's app, sorted."""
    return dict(sorted(as_object(client.get(client.at("config-vars"))).items()))


def newest(client: Client) -> str:
    """The newest release, as `v12`."""
    found = as_list(client.request("GET", client.at("releases"), headers=NEWEST))
    return f"v{found[0]['version']}" if found else ""


def show(argv: list[str]) -> int:
    """Print all config vars."""
    parser = Options("config")
    parser.add_argument("-s", "--shell", action="store_true")
    parser.add_argument("-j", "--json", action="store_true")
    parser.add_argument("--export", action="store_true")
    options = parser.read(argv)
    client = connect(options)
    config = config_of(client)
    if options.json:
        print(json.dumps(config, indent=2, ensure_ascii=False))
    elif options.export:
        print_each([quoting.export_line(key, value) for key, value in config.items()])
    elif options.shell:
        print_each([f"{key}={quoting.quote(value)}" for key, value in config.items()])
    elif config:
        print(tables.header(f"⬢ {client.app} Config Vars"))
        print_each(tables.aligned(config))
    else:
        print(f"⬢ {client.app} has no config vars.")
    return 0


def print_each(lines: list[str]) -> None:
    """Print lines; nothing at all for none."""
    for line in lines:
        print(line)


def get(argv: list[str]) -> int:
    """Print the value of one config var, an empty line for one that there is not."""
    parser = Options("config:get")
    parser.add_argument("keys", nargs="+", metavar="KEY")
    parser.add_argument("-s", "--shell", action="store_true")
    parser.add_argument("-j", "--json", action="store_true")
    options = parser.read(argv)
    config = config_of(connect(options))
    found = {key: config.get(key, "") for key in options.keys}
    if options.json:
        print(json.dumps({key: config.get(key) for key in options.keys}, indent=2))
    elif options.shell:
        print_each([f"{key}={quoting.quote(value)}" for key, value in found.items()])
    else:
        print_each(list(found.values()))
    return 0


def set_(argv: list[str]) -> int:
    """Set config vars; the app gets a new release."""
    parser = Options("config:set")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--literal", action="store_true")
    parser.add_argument("-j", "--json", action="store_true")
    # first of all: a piece of a value may look like a flag
    whole, torn = (argv, []) if "--literal" in argv else quoting.join_torn(argv)
    options = parser.read(whole)
    if not options.words:
        usage = "Usage: localku config:set KEY1=VALUE1 [KEY2=VALUE2 ...]"
        raise UserError(f"{usage}\nMust specify KEY and VALUE to set.", status=USAGE)
    changes = read_changes(options.words)
    if torn:
        say(f"{', '.join(torn)}: put together again from words, with one space between each two")
    client = connect(options)
    names = ", ".join(changes)
    say(f"Setting {names} and restarting ⬢ {client.app}...", end="")
    config = as_object(done(client, "PATCH", client.at("config-vars"), changes, end=","))
    say(f" {newest(client)}")
    now = {key: config.get(key, "") for key in changes}
    if options.json:
        print(json.dumps(now, indent=2, ensure_ascii=False))
    else:
        print_each(tables.aligned({key: value for key, value in now.items() if value}))
    return 0


def read_changes(words: list[str]) -> dict[str, str]:
    """`A=1` as a change. Raises UserError."""
    changes = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            # what stands there may be a piece of a secret: it is not shown whole
            shown = key if len(key) <= 20 else key[:20] + "…"
            raise UserError(f"{shown} is invalid. Must be in the format FOO=bar.")
        changes[key] = value
    return changes


def unset(argv: list[str]) -> int:
    """Remove config vars; the app gets a new release if one of them was there."""
    parser = Options("config:unset")
    parser.add_argument("keys", nargs="*", metavar="KEY")
    options = parser.read(argv)
    if not options.keys:
        usage = "Usage: localku config:unset KEY1 [KEY2 ...]"
        raise UserError(f"{usage}\nMust specify KEY to unset.", status=USAGE)
    client = connect(options)
    say(f"Unsetting {', '.join(options.keys)} and restarting ⬢ {client.app}...", end="")
    done(client, "PATCH", client.at("config-vars"), dict.fromkeys(options.keys), end=",")
    say(f" {newest(client)}")
    return 0
