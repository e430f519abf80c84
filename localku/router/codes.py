"""Heroku's H-codes as values: what the log line says and what the client gets.

Source: Dev Center "Error Codes"; where real lines and the document disagree, the real lines win.
`at`, `code`, `desc` and `sock` open the log line; status is sent to the client, except 499, which
only the log knows (the client has gone). fields: which of dyno, connect, service and bytes the line
shows when they are known: "" for none, "dc" for dyno and connect, "dcsb" for all.
"""

from __future__ import annotations

from dataclasses import dataclass

NONE = ""
CONNECTING = "dc"
ALL = "dcsb"


@dataclass(frozen=True, slots=True)
class Code:
    """One way for a request to fail. cause: only with H26; status 0: the field stays empty."""

    name: str
    desc: str
    status: int
    at: str = "error"
    sock: str = ""
    fields: str = NONE
    cause: str = ""

    def opening(self) -> bytes:
        """The log line up to method=, with a space behind it."""
        sock = f"sock={self.sock} " if self.sock else ""
        code = f' code={self.name} desc="{self.desc}"' if self.name else ""
        cause = f' cause="{self.cause}"' if self.cause else ""
        return f"{sock}at={self.at}{code}{cause} ".encode("ascii")


H10 = Code("H10", "App crashed", 503)
H11 = Code("H11", "Backlog too deep", 503)
H12 = Code("H12", "Request timeout", 503, fields=ALL)
H13 = Code("H13", "Connection closed without response", 503, fields=ALL)
H14 = Code("H14", "No web processes running", 503)
H15 = Code("H15", "Idle connection", 503, fields=ALL)
H17 = Code("H17", "Poorly formatted HTTP response", 503, fields=ALL)
H18 = Code("H18", "Server Request Interrupted", 503, sock="backend", fields=ALL)
H19 = Code("H19", "Backend connection timeout", 503, fields=CONNECTING)
H20 = Code("H20", "App boot timeout", 503)
H21 = Code("H21", "Backend connection refused", 503, fields=CONNECTING)
H22 = Code("H22", "Connection limit reached", 503)
H24 = Code("H24", "Forced close", 0, fields=ALL)
H27 = Code("H27", "Client Request Interrupted", 499, at="warning", sock="client", fields=ALL)
H28 = Code("H28", "Client Connection Idle", 499, at="warning", fields=ALL)
H34 = Code("H34", "All up dynos are quarantined", 503)
H80 = Code("H80", "Maintenance mode", 503, at="info")
H81 = Code("H81", "Blank app", 502, at="info")
H99 = Code("H99", "Platform error", 503, fields=ALL)


def restriction(what: str) -> Code:
    """H25: the dyno's head breaks a limit. what: `invalid content length`, `oversized cookie`, …"""
    return Code("H25", f"HTTP restriction: {what}", 502, fields=ALL)


def request_error(status: int, cause: str, *, classic: bool, fields: str = NONE) -> Code:
    """The client broke the protocol: H26 in the classic router, no code in Router 2.0."""
    if classic:
        return Code("H26", "Request Error", status, fields=fields, cause=cause)
    return Code("", "", status, fields=fields)
