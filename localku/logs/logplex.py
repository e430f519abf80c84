"""Entries in, frames out: how Logplex writes a line for a drain (heroku.md 4.3). Pure.

HTTP    `LEN <PRI>1 TIME host SOURCE DYNO - TEXT\\n`          application/logplex-1
syslog  `LEN <PRI>1 TIME d.TOKEN SOURCE DYNO - - TEXT\\n`     RFC 6587 3.4.1, RFC 5424

LEN is the octets behind its space, the line end among them. A frame of the HTTP form is RFC 5424
without the field for structured data, as Logplex has always sent it. The text is the app's, byte
for byte: since LEN is counted, nothing in a line can begin another frame. A line of more than
10,000 bytes becomes several.
"""

from __future__ import annotations

import re

from localku.logs.entry import Entry
from localku.logs.lines import MAX_LINE, cut
from localku.logs.stamp import to_micros, utc_second

HTTP_HOST = "host"  # what Logplex writes there, literally

# facility * 8 + severity (RFC 5424 6.2.1), as seen in Heroku's own drains
PRI_APP = 190  # local7.info
PRI_ROUTER = 158  # local3.info: the classic router
PRI_ROUTER_2 = 134  # local0.info: Router 2.0
PRI_HEROKU = 134  # local0.info: the dyno manager, since 2023
PRI_LOGPLEX = 172  # local5.warning: L10

_FEW = 8
_MAX_HEADS = 1000  # one-off dynos have ever new names
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]+")


class Framer:
    """Frames the entries of one app for one drain.

    token: `d.UUID` for the syslog form, "" for that of HTTP. router_pri: of the router's lines.
    """

    __slots__ = ("_heads", "_host", "_nil", "_router_pri", "_second")

    def __init__(self, token: str = "", router_pri: int = PRI_ROUTER) -> None:
        self._host = token or HTTP_HOST
        self._nil = "- - " if token else "- "
        self._router_pri = router_pri
        self._second = -1
        self._heads: dict[tuple[str, str], bytes] = {}  # of this second

    def frames(self, entry: Entry) -> list[bytes]:
        """A frame for each line of entry; all of them have to be whole."""
        second, micros = to_micros(entry.time)
        if second != self._second or len(self._heads) > _MAX_HEADS:
            self._second = second
            self._heads.clear()
        who = (entry.source, entry.dyno)
        head = self._heads.get(who)
        if head is None:
            head = self._heads[who] = self._head(entry, f"{utc_second(second)}.%06d+00:00")
        head = head % micros
        size = len(head) + 1
        lines = cut(entry.data, MAX_LINE, MAX_LINE).split(b"\n")
        lines.pop()  # what is behind the last line end
        if len(lines) < _FEW:
            return [b"%d %b%b\n" % (size + len(line), head, line) for line in lines]
        # many lines of one moment have few different lengths: most of a frame is the same
        heads = {count: b"%d %b" % (size + count, head) for count in set(map(len, lines))}
        return [heads[len(line)] + line + b"\n" for line in lines]

    def loss(self, entry: Entry) -> bytes:
        """The frame of an L10 entry: Logplex writes whole seconds and no line end in it."""
        moment = utc_second(to_micros(entry.time)[0]) + "+00:00"
        text = self._head(entry, moment) % () + entry.data.rstrip(b"\n")
        return b"%d %b" % (len(text), text)

    def _head(self, entry: Entry, moment: str) -> bytes:
        """A template: a percent sign of a name is written twice."""
        names = f"{_name(entry.source, 48)} {_name(entry.dyno, 128)}".replace("%", "%%")
        return f"<{self._pri(entry)}>1 {moment} {self._host} {names} {self._nil}".encode()

    def _pri(self, entry: Entry) -> int:
        if entry.source != "heroku":
            return PRI_APP
        if entry.dyno == "router":
            return self._router_pri
        return PRI_LOGPLEX if entry.dyno == "logplex" else PRI_HEROKU


def _name(text: str, limit: int) -> str:
    """A header field: printable, without a space, of at most limit letters (RFC 5424 6.2)."""
    return _UNPRINTABLE.sub("?", text)[:limit] or "-"
