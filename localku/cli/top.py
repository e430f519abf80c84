"""`localku top`: the app live in the terminal, or once as a table or as JSON.

Textual is loaded for the screen alone: --once and --json answer without it.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from localku.cli.client import Client, Options, connect
from localku.errors import UserError

STANDARD = (0, 1, 2)
STDOUT, STDERR = 1, 2


def main(name: str, argv: list[str]) -> int:
    """Show the app until the user leaves, or once. UserError when there is no platform, or no
    terminal that can show it."""
    parser = Options(name)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    if options.once or options.json or not (os.isatty(0) and os.isatty(STDOUT)):
        return once(options)
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        what = f"the terminal cannot show it (TERM is {os.environ.get('TERM') or 'not set'})"
        raise UserError(what, hint="`localku top --once` prints it once")
    return live(options, connect(options))


def once(options: argparse.Namespace) -> int:
    """Print it once."""
    from localku.cli.top_once import look
    from localku.top import report

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no such letter
    state = asyncio.run(look(connect(options)))
    if options.json:
        print(json.dumps(report.as_object(state), indent=2))
    else:
        print("\n".join(report.text(state)))
    return 0


def live(options: argparse.Namespace, client: Client) -> int:
    """The screen."""
    clear_environment()
    from localku.cli.top_screen import Top

    client.close()  # the screen makes its own connections
    with screen_on_stderr():
        status = Top(client, lambda: connect(options)).run(mouse=False)
    return 0 if status is None else status


def clear_environment() -> None:
    """Take away what would have textual think wrongly of the terminal."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)  # the size that it had when they were exported
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)  # https://no-color.org: not if it is empty


@contextmanager
def screen_on_stderr() -> Iterator[None]:
    """Textual draws on stderr: meanwhile that is the terminal, though it was redirected."""
    kept = os.dup(STDERR)
    os.dup2(STDOUT, STDERR)
    try:
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
