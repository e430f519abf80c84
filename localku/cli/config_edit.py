"""`localku config:edit`: all config vars, or one, in the editor of the user."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile

from localku.cli import quoting
from localku.cli.client import Client, Options, connect, done, say
from localku.cli.config import config_of, newest
from localku.errors import UserError


def main(name: str, argv: list[str]) -> int:
    """Edit, show what differs, set it. Raises UserError; then nothing is changed."""
    parser = Options(name)
    parser.add_argument("key", nargs="?", default="")
    options = parser.read(argv)
    client = connect(options)
    before = config_of(client)
    if options.key:
        value = before.get(options.key, "")
        edited = edit(value + "\n" if value else "", options.key)
        after = {**before, options.key: edited.removesuffix("\n")}
    else:
        after = read(edit(written(before), "config"))
    changes = {key: value for key, value in after.items() if before.get(key) != value}
    gone = [key for key in before if key not in after]
    if not changes and not gone:
        say("No changes to config")
        return 0
    show(before, after)
    if not agreed(client):
        return 1
    if config_of(client) != before:
        raise UserError("Config changed on server. Refusing to update.")
    say(f"Updating config on ⬢ {client.app} and restarting...", end="")
    wish = {**changes, **dict.fromkeys(gone)}
    done(client, "PATCH", client.at("config-vars"), wish, end=",")
    say(f" {newest(client)}")
    return 0


def written(config: dict[str, str]) -> str:
    """Config vars as the editor shows them, sorted."""
    return "".join(f"{key}={quoting.quote(config[key])}\n" for key in sorted(config))


def read(text: str) -> dict[str, str]:
    """Config vars out of the edited text. Raises UserError with the number of a bad line."""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        try:
            pair = quoting.parse_line(line)
        except quoting.BadLine as error:
            raise UserError(str(error), where=f"line {number}") from None
        if pair is not None:
            found[pair[0]] = pair[1]
    return found


def edit(text: str, name: str) -> str:
    """What the user made of a text. Raises UserError when the editor fails."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    # mkdtemp makes it 0700: nobody else may read the values
    with tempfile.TemporaryDirectory(prefix="localku-") as folder:
        path = os.path.join(folder, f"{name}.sh")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        try:
            status = subprocess.call([*shlex.split(editor), path])
        except OSError as error:
            hint = "set VISUAL or EDITOR"
            raise UserError(f"cannot run {editor}: {error.strerror}", hint=hint) from None
        if status:
            raise UserError(f"{editor} ended with status {status}: nothing is changed")
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()


def show(before: dict[str, str], after: dict[str, str]) -> None:
    """What differs, line by line."""
    print("Config Diff:")
    for key in sorted({**before, **after}):
        if before.get(key) != after.get(key):
            for sign, config in (("-", before), ("+", after)):
                if key in config:
                    print(f"{sign} {key}={quoting.quote(config[key])}")
    print(flush=True)


def agreed(client: Client) -> bool:
    """Ask the user, if there is one at the keys."""
    if not os.isatty(0):
        return True
    say(f"Update config on ⬢ {client.app} with these values? (y/n) ", end="")
    return input().strip().lower() in ("y", "yes")
