"""`localku ps`, `ps:scale`, `ps:restart`, `ps:stop`: dynos as Heroku's CLI shows and steers them.

Results are on stdout, progress (`Scaling dynos... done`) is on stderr, as Heroku has it.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from datetime import datetime, timedelta
from typing import Any

from localku.cli.client import USAGE, Client, Options, as_list, connect, done, say
from localku.errors import UserError
from localku.manifest.formation import Change, parse_change

DAY_AND_HOUR = 25 * 3600  # seconds; from then on Heroku's CLI leaves out how long ago it was


def main(name: str, argv: list[str]) -> int:
    """Run one of the four; returns its exit status. Raises UserError."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no such letter
    return {"ps": ps, "ps:scale": scale, "ps:restart": restart, "ps:stop": stop}[name](argv)


# -- ps ------------------------------------------------------------------------------------------


def ps(argv: list[str]) -> int:
    """List dynos, all or those of some process types."""
    parser = Options("ps")
    parser.add_argument("types", nargs="*")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    client = connect(options)
    dynos = as_list(client.get(client.at("dynos")))
    if options.types:
        dynos = pick(dynos, options.types, client.app)
    if options.json:
        print(json.dumps(dynos, indent=2))
    elif dynos:
        print("\n".join(render(dynos, datetime.now().astimezone())))
    else:
        print(f"No dynos on ⬢ {client.app}")
    return 0


def pick(dynos: list[dict[str, Any]], types: list[str], app: str) -> list[dict[str, Any]]:
    """The dynos of these process types. Raises UserError for a type that has none."""
    for kind in types:
        if all(dyno["type"] != kind for dyno in dynos):
            raise UserError(f"No {kind} dynos on ⬢ {app}")
    return [dyno for dyno in dynos if dyno["type"] in types]


def render(dynos: list[dict[str, Any]], now: datetime) -> list[str]:
    """Dynos as lines: one-off ones first, then grouped by process type and command.

    now: in the time zone in which times are to be shown.
    """
    groups: dict[str, list[str]] = {}
    for dyno in sorted(dynos, key=lambda dyno: bool(dyno["type"] != "run")):
        what = f"{dyno['state']} {ago(dyno['updated_at'], now)}"
        if dyno["type"] == "run":
            header = "run: one-off processes"
            line = f"{dyno['name']} ({dyno['size']}): {what}: {dyno['command']}"
        else:
            header = f"{dyno['type']} ({dyno['size']}): {dyno['command']}"
            line = f"{dyno['name']}: {what}"
        groups.setdefault(header, []).append(line)
    lines: list[str] = []
    for header, items in groups.items():
        lines += [f"=== {header} ({len(items)})", "", *items, ""]
    return lines


def ago(moment: str, now: datetime) -> str:
    """`2024-01-31T12:00:00Z` as `2024/01/31 12:00:00 +0000 (~ 1h ago)`, in now's time zone."""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    text = then.astimezone(now.tzinfo).strftime("%Y/%m/%d %H:%M:%S %z")
    seconds = max(0, (now - then) // timedelta(seconds=1))
    if seconds < 60:
        return f"{text} (~ {seconds}s ago)"
    if seconds < 3600:
        return f"{text} (~ {seconds // 60}m ago)"
    return f"{text} (~ {seconds // 3600}h ago)" if seconds < DAY_AND_HOUR else text


# -- ps:scale ------------------------------------------------------------------------------------


def scale(argv: list[str]) -> int:
    """Change how many dynos of a process type run, or show it."""
    parser = Options("ps:scale")
    parser.add_argument("changes", nargs="*")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    changes = [parse_change(text) for text in options.changes]
    client = connect(options)
    formation = _scale(client, changes) if changes else _formation(client)
    if options.json:
        print(json.dumps(formation, indent=2))
    elif not changes:
        print(render_formation(formation))
    return 0


def _formation(client: Client) -> list[dict[str, Any]]:
    return as_list(client.get(client.at("formation")))


def _scale(client: Client, changes: list[Change]) -> list[dict[str, Any]]:
    updates = {"updates": [as_update(change) for change in changes]}
    say("Scaling dynos...", end="")
    formation = as_list(done(client, "PATCH", client.at("formation"), updates, end=","))
    say(f" now running {render_change(formation)}")
    return formation


def as_update(change: Change) -> dict[str, str]:
    """A change as the API wants it: Heroku's CLI sends quantities as texts, `+1` for one more."""
    sign = "" if change.sign == "=" else change.sign
    update = {"type": change.process_type, "quantity": f"{sign}{change.amount}"}
    return {**update, "size": change.size} if change.size else update


def render_formation(formation: list[dict[str, Any]]) -> str:
    """`web=1:Standard-1X worker=0:Standard-1X`, in alphabetical order."""
    entries = sorted(formation, key=lambda each: str(each["type"]))
    return " ".join(f"{each['type']}={each['quantity']}:{each['size']}" for each in entries)


def render_change(formation: list[dict[str, Any]]) -> str:
    """`web at 3:Standard-1X, worker at 1:Standard-1X`."""
    return ", ".join(f"{each['type']} at {each['quantity']}:{each['size']}" for each in formation)


# -- ps:restart, ps:stop -------------------------------------------------------------------------


def restart(argv: list[str]) -> int:
    """Restart dynos, those of process types, or all."""
    options = _targets("ps:restart", argv)
    client = connect(options)
    names, types = options.dynos, options.types
    for name in names:
        say(f"Restarting dyno {name} on {client.app}...", end="")
        done(client, "DELETE", client.at("dynos", name))
    for kind in types:
        say(f"Restarting all {kind} dynos on {client.app}...", end="")
        done(client, "DELETE", client.at("formations", kind))
    if not names and not types:
        say(f"Restarting all dynos on {client.app}...", end="")
        done(client, "DELETE", client.at("dynos"))
    return 0


def stop(argv: list[str]) -> int:
    """Stop dynos or those of process types; they start again by themselves."""
    options = _targets("ps:stop", argv)
    if not options.dynos and not options.types:
        hint = "name a dyno (web.1) or a process type (web)"
        raise UserError("ps:stop needs to know what to stop", hint=hint, status=USAGE)
    client = connect(options)
    for name in options.dynos:
        say(f"Stopping dyno {name} on {client.app}...", end="")
        done(client, "POST", client.at("dynos", name, "actions", "stop"))
    for kind in options.types:
        say(f"Stopping all {kind} dynos on {client.app}...", end="")
        done(client, "POST", client.at("formations", kind, "actions", "stop"))
    types = dict.fromkeys([*options.types, *(n.partition(".")[0] for n in options.dynos)])
    zero = " ".join(f"{kind}=0" for kind in types)
    say(f"As on Heroku, they start again by themselves: `localku ps:scale {zero}` keeps them down.")
    return 0


def _targets(name: str, argv: list[str]) -> argparse.Namespace:
    """What to restart or stop (`web.1`, `-d web.1`, `web`, `-p web`): options.dynos and .types."""
    parser = Options(name)
    parser.add_argument("words", nargs="*")
    parser.add_argument("-d", "--dyno-name", dest="dynos", action="append", default=[])
    parser.add_argument("-p", "--process-type", dest="types", action="append", default=[])
    options = parser.read(argv)
    for word in options.words:
        (options.dynos if "." in word else options.types).append(word)
    return options
