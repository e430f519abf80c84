"""What a client sees of a failure: Heroku's pages, told from one place. Pure.

An app's own ERROR_PAGE_URL or MAINTENANCE_PAGE_URL is shown in a frame with the same status code
(Dev Center "Error Pages"); without one the page needs nothing from the network.
"""

from __future__ import annotations

from html import escape

REASONS = {
    400: b"Bad Request",
    404: b"Not Found",
    408: b"Request Timeout",
    414: b"URI Too Long",
    417: b"Expectation Failed",
    431: b"Request Header Fields Too Large",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    505: b"HTTP Version Not Supported",
}

_HEAD = """<!DOCTYPE html>
<html>
<head>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta charset="utf-8">
<title>{title}</title>
<style media="screen">
html, body {{ margin: 0; height: 100%; font: 16px/1.5 sans-serif; color: #333; }}
main {{ max-width: 36em; margin: 0 auto; padding: 4em 1em; }}
iframe {{ display: block; width: 100%; height: 100%; border: 0; }}
</style>
</head>
<body>
"""
_TAIL = "</body>\n</html>\n"


def frame_page(title: str, url: str) -> bytes:
    """The page of the app's own: url in a frame that fills the window."""
    frame = f'<iframe src="{escape(url)}"></iframe>\n'
    return (_HEAD.format(title=escape(title)) + frame + _TAIL).encode()


def text_page(title: str, *paragraphs: str) -> bytes:
    """A page of a heading and some paragraphs of plain text."""
    body = "".join(f"<p>{escape(text)}</p>\n" for text in paragraphs)
    heading = f"<main>\n<h1>{escape(title)}</h1>\n"
    return (_HEAD.format(title=escape(title)) + heading + body + "</main>\n" + _TAIL).encode()


def error_page(code: str, desc: str, url: str = "") -> bytes:
    """An application error. url: the app's ERROR_PAGE_URL or empty."""
    if url:
        return frame_page("Application Error", url)
    return text_page(
        "Application Error",
        "An error occurred in the application and your page could not be served. If you are the "
        "application owner, check your logs for details: localku logs --tail",
        f"{code} {desc}",
    )


def maintenance_page(url: str = "") -> bytes:
    """Maintenance mode. url: the app's MAINTENANCE_PAGE_URL or empty."""
    if url:
        return frame_page("Offline for Maintenance", url)
    return text_page(
        "Offline for Maintenance",
        "This application is undergoing maintenance right now. Please check back later.",
    )


def blank_page(app: str) -> bytes:
    """An app without code."""
    return text_page(
        f"Welcome to your new app: {app}",
        "It has no code yet. Give it the folder of an app: localku apps:create NAME --root DIR",
    )


def no_such_app_page() -> bytes:
    """404 for a host that no app has."""
    return text_page(
        "No such app",
        "There is no app configured at that hostname. Perhaps the app owner has renamed it, or "
        "you mistyped the URL.",
        "An app is at localhost, at APP.localhost, and at the names that it was given: "
        "localku start --domain NAME",
    )


def client_error_page(status: int) -> bytes:
    """A request that is not HTTP as the router understands it."""
    reason = REASONS.get(status, b"Bad Request").decode("ascii")
    return text_page(f"{status} {reason}", "The request could not be understood.")


def plain_on_tls_page() -> bytes:
    """400 for a request in plain HTTP on the port that speaks TLS."""
    return text_page(
        "400 Bad Request",
        "This port speaks https, and the request came in plain HTTP. Use an address that begins "
        "with https:// here.",
    )


def error_head(status: int, size: int, via: bytes, server: bytes, date: bytes) -> bytes:
    """The head of a page of ours; the connection always closes behind it (cowboyku). size: bytes"""
    return (
        b"HTTP/1.1 %d %b\r\nConnection: close\r\nServer: %b\r\nDate: %b\r\nContent-Length: %d\r\n"
        b"Content-Type: text/html; charset=utf-8\r\nCache-Control: no-cache, no-store\r\n"
        b"Via: %b\r\n\r\n"
    ) % (status, REASONS.get(status, b"Error"), server, date, size, via)
