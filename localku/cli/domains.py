"""`localku domains` and its kin: the names at which the router finds the app."""

from __future__ import annotations

import argparse
import json

from localku.cli import tables
from localku.cli.client import USAGE, Client, Options, as_list, as_object, connect, done, say
from localku.errors import UserError


def main(name: str, argv: list[str]) -> int:
    """Run one of them; returns its exit status. Raises UserError."""
    parser = Options(name)
    if name == "domains:clear":
        return clear(parser.read(argv))
    if name == "domains":
        parser.add_argument("--json", action="store_true")
        return domains(parser.read(argv))
    parser.add_argument("hostname", nargs="?", default="")
    options = parser.read(argv)
    if not options.hostname:
        raise UserError(f"{name} needs a domain", hint=f"write localku {name} NAME", status=USAGE)
    return add(options) if name == "domains:add" else remove(options)


def domains(options: argparse.Namespace) -> int:
    """List the names of the app."""
    client = connect(options)
    found = as_list(client.get(client.at("domains")))
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    print(tables.header(f"⬢ {client.app} Heroku Domain"))
    print(next(each["hostname"] for each in found if each["kind"] == "heroku"))
    custom = [each for each in found if each["kind"] == "custom"]
    if custom:
        columns = ("Domain Name", "DNS Record Type", "DNS Target", "SNI Endpoint")
        rows = [(each["hostname"], "CNAME", each["cname"], "") for each in custom]
        print("\n\n" + tables.header(f"⬢ {client.app} Custom Domains"))
        print("\n".join(tables.table(columns, rows)))
    return 0


def add(options: argparse.Namespace) -> int:
    """Give the app a name more."""
    client = connect(options)
    say(f"Adding {options.hostname} to ⬢ {client.app}...", end="")
    wish = {"hostname": options.hostname, "sni_endpoint": None}
    made = as_object(done(client, "POST", client.at("domains"), wish))
    print(
        f"Point {made['hostname']} at this machine: `127.0.0.1 {made['hostname']}` in /etc/hosts."
    )
    return 0


def remove(options: argparse.Namespace) -> int:
    """Take a name away."""
    client = connect(options)
    say(f"Removing {options.hostname} from ⬢ {client.app}...", end="")
    done(client, "DELETE", client.at("domains", options.hostname))
    return 0


def clear(options: argparse.Namespace) -> int:
    """Take all custom domains away."""
    client = connect(options)
    say(f"Removing all domains from ⬢ {client.app}...", end="")
    try:
        _clear(client)
    except UserError:
        say(" !")
        raise
    say(" done")
    return 0


def _clear(client: Client) -> None:
    for each in as_list(client.get(client.at("domains"))):
        if each["kind"] == "custom":
            client.request("DELETE", client.at("domains", each["hostname"]))
