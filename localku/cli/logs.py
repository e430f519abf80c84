"""`localku logs`: what the app and its platform said, and with -t what they go on to say."""

from __future__ import annotations

import argparse
import os
import re
import urllib.parse
from collections.abc import Callable

from localku.cli import streaming
from localku.cli.client import Client, Options, as_list, as_object, connect, say
from localku.errors import UserError
from localku.logs.format import KINDS
from localku.logs.palette import RESET, Palette

HEAD = re.compile(rb"\S{32} [^\s\[:]+(?:\[([^\]]*)\])?:")  # `2026-…+00:00 app[web.1]:`


def main(name: str, argv: list[str]) -> int:
    """Print lines until they end, or (-t) until the user or the platform ends it. UserError."""
    options = read_options(argv)
    client = connect(options)
    wish = {
        "lines": options.num,
        "tail": options.tail,
        "dyno": options.dyno or None,
        "type": options.type or None,
        "source": options.source or None,
    }
    session = as_object(client.request("POST", client.at("log-sessions"), wish))
    path = urllib.parse.urlsplit(str(session.get("logplex_url"))).path
    stream = streaming.Stream(client.path, f"{path}?format={options.format}")
    stream.copy(painter(client, options))
    if options.tail:
        say("The platform has ended.")
    return 0


def read_options(argv: list[str]) -> argparse.Namespace:
    """The flags, with the names that they had in several versions of Heroku's CLI."""
    parser = Options("logs")
    parser.add_argument("-n", "--num", type=int, default=100)
    parser.add_argument("-t", "--tail", action="store_true")
    parser.add_argument("-d", "--dyno-name", "--dyno", dest="dyno", default="")
    parser.add_argument("-p", "--process-type", "--ps", dest="type", default="")
    parser.add_argument("-s", "--source", default="")
    parser.add_argument("--no-color", action="store_true")
    parser.add_argument("--log-format", "--format", dest="format", default=KINDS[0], choices=KINDS)
    parser.add_argument("--json", dest="format", action="store_const", const="json")
    options = parser.read(argv)
    if options.num < 0:
        raise UserError("the number of lines cannot be below 0", where="--num", status=2)
    return options


def painter(client: Client, options: argparse.Namespace) -> Callable[[bytes], bytes]:
    """What makes the lines coloured, on a terminal that wants it."""
    if options.format != KINDS[0] or options.no_color or not is_colored():
        return bytes
    formation = as_list(client.get(client.at("formation")))
    return Painter(Palette(str(each["type"]) for each in formation)).paint


def is_colored() -> bool:
    """As `localku start` decides it: LOCALKU_COLOR, and NO_COLOR (https://no-color.org)."""
    wish = os.environ.get("LOCALKU_COLOR", "auto")
    if wish in ("always", "never"):
        return wish == "always"
    return os.isatty(1) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Painter:
    """Colours the heads of lines, and ends the app's own colours with its line."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._within = False  # the head of this line is out
        self._stained = False
        self._held = b""  # a head that is not whole yet

    def paint(self, data: bytes) -> bytes:
        """The next bytes, coloured."""
        *lines, rest = (self._held + data).split(b"\n")
        self._held = b""
        out = []
        for line in lines:
            out.append(self._piece(line))
            out.append(RESET + b"\n" if self._stained else b"\n")
            self._within = self._stained = False
        if self._within or HEAD.match(rest):
            out.append(self._piece(rest))
        else:
            self._held = rest
        return b"".join(out)

    def _piece(self, text: bytes) -> bytes:
        self._stained = self._stained or b"\x1b" in text
        if self._within:
            return text
        self._within = True
        match = HEAD.match(text)
        if match is None:
            return text
        who = (match[1] or b"").decode("utf-8", "replace") or "heroku"
        return self._palette.code(who) + match[0] + RESET + text[match.end() :]
