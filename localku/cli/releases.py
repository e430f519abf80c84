"""`localku releases`, `releases:info`, `releases:output`, `rollback`: what the app was before."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from localku.cli import quoting, tables
from localku.cli.client import Client, Options, as_list, as_object, connect, done, say
from localku.cli.ps import ago
from localku.cli.terminal import columns
from localku.errors import UserError

LEAST = 20  # letters of a description, however narrow the terminal is
COLUMNS = ("v", "description", "user", "created_at")
LIVE = "The code of every release is the live folder: a rollback brings back config vars only."
STATUS = {
    "pending": "release command executing",
    "failed": "release command failed",
    "expired": "release expired",
}


def main(name: str, argv: list[str]) -> int:
    """Run one of the four; returns its exit status. Raises UserError."""
    commands = {
        "releases": releases,
        "releases:info": info,
        "releases:output": output,
        "rollback": rollback,
    }
    return commands[name](argv)


def newest(client: Client, count: int) -> list[dict[str, Any]]:
    """The newest releases, newest first."""
    wish = {"Range": f"version ..; max={count}, order=desc"}
    return as_list(client.request("GET", client.at("releases"), headers=wish))


def find(client: Client, word: str) -> dict[str, Any]:
    """The release of that version (`v7`, `7`), the current one for "". Raises UserError."""
    if word:
        return as_object(client.get(client.at("releases", word.removeprefix("v"))))
    found = newest(client, 1)
    if not found:
        raise UserError(f"⬢ {client.app} has no releases")
    return found[0]


def releases(argv: list[str]) -> int:
    """List releases."""
    parser = Options("releases")
    parser.add_argument("-n", "--num", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    if options.num < 1:
        raise UserError("the number of releases begins at 1", where="--num", status=2)
    client = connect(options)
    found = newest(client, options.num)
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    if not found:
        print(f"⬢ {client.app} has no releases.")
        return 0
    current = next((f" - Current: v{each['version']}" for each in found if each["current"]), "")
    print(tables.header(f"⬢ {client.app} Releases{current}"))
    now = datetime.now().astimezone()
    print("\n".join(tables.table(COLUMNS, fitted(rows(found, now), columns()))))
    say(LIVE)
    return 0


def rows(found: list[dict[str, Any]], now: datetime) -> list[tuple[str, str, str, str]]:
    """Releases as the table shows them. now: in the time zone in which times are shown."""
    lines = []
    for each in found:
        status = STATUS.get(each["status"], "")
        what = f"{each['description']} {status}".rstrip()
        who, when = each["user"]["email"], ago(each["created_at"], now)
        lines.append((f"v{each['version']}", what, who, when))
    return lines


def fitted(lines: list[tuple[str, str, str, str]], width: int) -> list[tuple[str, str, str, str]]:
    """Rows with descriptions short enough for so many columns, as far as that makes sense. Where
    nothing would be left of them, the moment is only told as `~ 5m ago`."""
    if width and _beside(lines) + LEAST > width:
        lines = [
            (v, what, who, when.partition(" (")[2].rstrip(")") or when)
            for v, what, who, when in lines
        ]
    room = max(width - _beside(lines), LEAST) if width else 10_000
    return [
        (v, what if len(what) <= room else what[: room - 1] + "…", who, when)
        for v, what, who, when in lines
    ]


def _beside(lines: list[tuple[str, str, str, str]]) -> int:
    """The columns that all but the descriptions take, and the rule's end."""
    widths = [max(len(line[place]) for line in [COLUMNS, *lines]) for place in (0, 2, 3)]
    return sum(widths) + 3 * len(widths) + 3


def info(argv: list[str]) -> int:
    """Show one release and its config vars."""
    parser = Options("releases:info")
    parser.add_argument("release", nargs="?", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-s", "--shell", action="store_true")
    options = parser.read(argv)
    client = connect(options)
    one = find(client, options.release)
    config = as_object(client.get(client.at("releases", str(one["version"]), "config-vars")))
    if options.json:
        print(json.dumps(one, indent=2))
        return 0
    print(tables.header(f"Release v{one['version']}"))
    print("\n".join(tables.aligned(facts_of(one))))
    print()
    print(tables.header(f"v{one['version']} Config vars"))
    if options.shell:
        lines = [f"{key}={quoting.quote(value)}" for key, value in config.items()]
    else:
        lines = tables.aligned(config)
    for line in lines:
        print(line)
    return 0


def facts_of(one: dict[str, Any]) -> dict[str, object]:
    """What `releases:info` shows, in the order of its names."""
    status = STATUS.get(one["status"], "")
    return {
        "By": one["user"]["email"],
        "Change": f"{one['description']} {status}".rstrip(),
        "Code": "live folder",
        "Eligible for Rollback?": "Yes" if one["eligible_for_rollback"] else "No",
        "When": one["created_at"],
    }


def output(argv: list[str]) -> int:
    """Print what a release's command said."""
    parser = Options("releases:output")
    parser.add_argument("release", nargs="?", default="")
    options = parser.read(argv)
    client = connect(options)
    one = find(client, options.release)
    if not one.get("output_stream_url"):
        warn(f"Release v{one['version']} has no release output available.")
        return 0
    from urllib.parse import urlsplit

    from localku.cli.streaming import Stream

    Stream(client.path, urlsplit(str(one["output_stream_url"])).path).copy(bytes)
    return 0


def rollback(argv: list[str]) -> int:
    """Make a new release from an old one: the newest before the current one, if none is named."""
    parser = Options("rollback")
    parser.add_argument("release", nargs="?", default="")
    options = parser.read(argv)
    client = connect(options)
    target = find(client, options.release) if options.release else before(client)
    say(f"Rolling back ⬢ {client.app} to v{target['version']}...", end="")
    made = as_object(
        done(client, "POST", client.at("releases"), {"release": target["id"]}, end=",")
    )
    say(f" v{made['version']}")
    warn("Rollback affects config vars; the code is the live folder, and stays as it is.")
    warn(f"To undo, run: localku rollback v{made['version'] - 1}")
    return 0


def before(client: Client) -> dict[str, Any]:
    """The newest release that can be rolled back to. Raises UserError."""
    for each in newest(client, 10):
        if each["eligible_for_rollback"] and not each["current"]:
            return each
    raise UserError(f"⬢ {client.app} has no release to roll back to")


def warn(text: str) -> None:
    """A warning as Heroku's CLI shows it."""
    sys.stdout.flush()
    for line in tables.warning(text):
        say(line)
