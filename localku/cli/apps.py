"""`localku apps` and its kin, `whoami`, `open`: which apps there are, and where."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from localku.cli import tables
from localku.cli.client import (
    USAGE,
    Client,
    Options,
    as_list,
    as_object,
    code_root,
    connect,
    done,
    running,
    say,
)
from localku.errors import UserError


def main(name: str, argv: list[str]) -> int:
    """Run one of them; returns its exit status. Raises UserError."""
    commands = {
        "apps": apps,
        "apps:create": create,
        "apps:info": info,
        "apps:destroy": destroy,
        "apps:rename": rename,
        "apps:source": source,
        "whoami": whoami,
        "open": open_app,
    }
    return commands[name](argv)


def apps(argv: list[str]) -> int:
    """List the apps of the platform."""
    parser = Options("apps")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    found = as_list(connect(options, app=False).get("/apps"))
    if options.json:
        print(json.dumps(found, indent=2))
    elif not found:
        print("You have no apps.")
    else:
        print(tables.header(f"{found[0]['owner']['email']} Apps"))
        print("\n".join(sorted(str(each["name"]) for each in found)))
    return 0


def create(argv: list[str]) -> int:
    """Make an app on the platform that can have several; with --root it has its code at once."""
    parser = argparse_for_create()
    options = parser.read(argv)
    client = many(options.at)
    name = options.name or options.app
    body: dict[str, object] = {"name": name} if name else {}
    path = "/apps"
    if options.root:
        body["root"] = folder(options.root)
        path = "/localku/apps"
    say(f"Creating {'⬢ ' + name if name else 'app'}...", end="")
    app = as_object(done(client, "POST", path, body, end=""))
    say(f", ⬢ {app['name']}" if not name else "")
    if options.json:
        print(json.dumps(app, indent=2))
    else:
        print(f"{app['web_url']} | {app['git_url'] if options.root else 'no code yet'}")
    return 0


def argparse_for_create() -> Options:
    """--root is the code of the new app here, not where the platform is looked for."""
    parser = Options("apps:create")
    parser.set_defaults(at=parser.get_default("root"), root="")
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--json", action="store_true")
    return parser


def many(root: str) -> Client:
    """The nearest platform that may host any number of apps. Raises UserError."""
    found = running(root)
    if not found:
        raise UserError("no platform is running", hint="start it with `localku platform`")
    return next((client for client in found if not client.app), found[0])


def folder(path: str) -> str:
    """A folder as an absolute path. Raises UserError when it is none."""
    if not os.path.isdir(path):
        raise UserError(f"there is no such folder: {path}")
    return os.path.abspath(path)


def named(name: str, argv: list[str], *flags: str) -> tuple[argparse.Namespace, Client]:
    """Options and client of a command that takes its app as a word, too."""
    parser = Options(name)
    parser.add_argument("word", nargs="?", default="")
    for flag in flags:
        parser.add_argument(*flag.split(), action="store_true")
    options = parser.read(argv)
    options.app = options.word or options.app
    return options, connect(options)


def info(argv: list[str]) -> int:
    """Show one app."""
    options, client = named("apps:info", argv, "--json", "-s --shell")
    app = as_object(client.get(client.at()))
    dynos = as_list(client.get(client.at("dynos")))
    if options.json:
        print(json.dumps({"app": app, "dynos": dynos}, indent=2))
        return 0
    facts = facts_of(app, dynos)
    if options.shell:
        for key, value in facts.items():
            print(f"{key.lower().replace(' ', '_')}={value}")
        return 0
    print(tables.header(f"⬢ {app['name']}"))
    print("\n".join(tables.aligned(facts)))
    return 0


def facts_of(app: dict[str, Any], dynos: list[dict[str, Any]]) -> dict[str, object]:
    """What `apps:info` shows, by the names that Heroku's CLI has for it."""
    counts: dict[str, int] = {}
    for dyno in dynos:
        counts[dyno["type"]] = counts.get(dyno["type"], 0) + 1
    return {
        "Root": code_root(app) or "none yet: `localku apps:source DIR`",
        "Web URL": app["web_url"],
        "Owner": app["owner"]["email"],
        "Region": app["region"]["name"],
        "Dynos": ", ".join(f"{kind}: {count}" for kind, count in counts.items()),
        "Stack": app["stack"]["name"],
        "Maintenance": "on" if app["maintenance"] else "off",
        "Created": app["created_at"],
    }


def destroy(argv: list[str]) -> int:
    """Forget an app; --confirm NAME instead of a question."""
    parser = Options("apps:destroy")
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("-c", "--confirm", default="")
    options = parser.read(argv)
    options.app = options.word or options.app
    if not options.app:
        hint = "write localku apps:destroy NAME --confirm NAME"
        raise UserError("destroy which app?", hint=hint, status=USAGE)
    client = connect(options)
    as_object(client.get(client.at()))
    confirm(client.app, options.confirm)
    say(f"Destroying ⬢ {client.app} (including all add-ons)...", end="")
    done(client, "DELETE", client.at())
    return 0


def confirm(app: str, given: str) -> None:
    """See that the user means this app. Raises UserError."""
    if not given and os.isatty(0):
        say(f"To destroy ⬢ {app}, its config vars and releases, type its name: ", end="")
        given = input()
    if given != app:
        what = f"{given} is not {app}" if given else "this cannot be undone"
        raise UserError(what, hint=f"confirm it with --confirm {app}", status=USAGE)


def rename(argv: list[str]) -> int:
    """Give an app another name."""
    parser = Options("apps:rename")
    parser.add_argument("name")
    options = parser.read(argv)
    client = connect(options)
    say(f"Renaming {client.app} to {options.name}...", end="")
    app = as_object(done(client, "PATCH", client.at(), {"name": options.name}))
    print(app["web_url"])
    return 0


def source(argv: list[str]) -> int:
    """Use the code of another folder."""
    parser = Options("apps:source")
    parser.add_argument("folder")
    options = parser.read(argv)
    root = folder(options.folder)
    client = connect(options)
    say(f"Running ⬢ {client.app} from {root}...", end="")
    done(client, "PUT", "/localku" + client.at("source"), {"root": root})
    return 0


def whoami(argv: list[str]) -> int:
    """Print who the platform takes you for."""
    options = Options("whoami").read(argv)
    print(as_object(connect(options, app=False).get("/account"))["email"])
    return 0


def open_app(argv: list[str]) -> int:
    """Open the app in the browser, or print its address."""
    parser = Options("open")
    parser.add_argument("path", nargs="?", default="")
    parser.add_argument("-p", "--print", action="store_true", dest="only")
    options = parser.read(argv)
    client = connect(options)
    base = str(as_object(client.get(client.at()))["web_url"])
    url = base + options.path.lstrip("/")
    if options.only or not browse(url):
        print(url)
    else:
        say(f"Opening {url}")
    return 0


def browse(url: str) -> bool:
    """Whether a browser could be told."""
    import webbrowser

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
