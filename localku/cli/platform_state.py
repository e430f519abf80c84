"""`localku platform:status` and `platform:stop`: is it there, and its end."""

from __future__ import annotations

import json
import os
import signal
import time

from localku.cli import tables
from localku.cli.client import Client, Options, answering, as_list, as_object, code_root, say
from localku.errors import UserError
from localku.platform import home

ENDS_WITHIN = 60.0  # seconds
LOOK = 0.02  # seconds


def main(name: str, argv: list[str]) -> int:
    """Run one of the two; returns its exit status. Raises UserError."""
    parser = Options(name)
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    client = answering(home.shared())
    if client is None:
        raise UserError("no platform is running", hint="start it with `localku platform`")
    if name == "platform:stop":
        return stop(client)
    return status(client, as_json=options.json)


def status(client: Client, *, as_json: bool) -> int:
    """Say what runs, and where."""
    found = as_object(client.get("/localku/status"))
    if as_json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"Platform (pid {found['pid']}), up for {span(float(found['uptime']))}")
    print(f"State in {home.shared()}\n")
    rows = []
    for app in as_list(client.get("/apps")):
        client.app = app["name"]
        dynos = as_list(client.get(client.at("dynos")))
        up = sum(each["state"] == "up" for each in dynos)
        counts = f"{up} of {len(dynos)} up" if dynos else "none"
        rows.append((app["name"], counts, app["web_url"], code_root(app) or "no code yet"))
    if rows:
        print("\n".join(tables.table(("app", "dynos", "url", "root"), rows)))
    else:
        print("No apps yet: `localku apps:create NAME --root DIR` makes one.")
    return 0


def span(seconds: float) -> str:
    """`59s`, `3m`, `5h`, `2d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"


def stop(client: Client) -> int:
    """End the platform and wait until all of it is gone."""
    pid = int(as_object(client.get("/localku/status"))["pid"])
    say(f"Stopping the platform (pid {pid})...", end="")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + ENDS_WITHIN
    while home.is_claimed(home.shared()):
        if time.monotonic() > deadline:
            say(" !")
            raise UserError(f"the platform (pid {pid}) does not end")
        time.sleep(LOOK)
    say(" done")
    return 0
