"""A shop whose dynos say what they are told, and its dashboard in a real Chromium."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chromium_kit
import pytest
from chromium_kit import Browser, Tab
from conftest import PATIENCE, Folder, Running
from gate_kit import Door

needs_chromium = pytest.mark.skipif(not chromium_kit.find(), reason="no chromium is installed")

# /say prints the bytes of the query, /status/N answers with that status
WEB = """\
import http.server, os, sys, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        word, _, query = self.path.partition("?")
        if word == "/say":
            os.write(1, urllib.parse.unquote_to_bytes(query) + b"\\n")
        self.send_response(int(word[8:]) if word.startswith("/status/") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
# RATE lines a second, in ticks of 20 ms, while the file `loud` is there
WORKER = """\
import os, time
number = 0
while True:
    time.sleep(0.02)
    if not os.path.exists("loud"):
        continue
    count = int(open("loud").read() or 0) // 50
    lines = (f"at=info event=job number={n} path=/orders/{n} status=200 measure#job=3ms"
             for n in range(number, number + count))
    os.write(1, "".join(line + "\\n" for line in lines).encode())
    number += count
"""
PROCFILE = "web: exec python3 web.py\nworker: exec python3 worker.py\n"
PAGE = "import('/localku/dashboard/main.js').then(({ page }) => %s)"


class Desk:
    """The running shop, and ways to make things happen in it."""

    def __init__(self, folder: Folder, running: Running) -> None:
        self.folder = folder
        self.running = running
        self.door = Door(folder.path, running)

    @property
    def url(self) -> str:
        """The dashboard's address, as the banner has it."""
        found = self.running.wait_for(r"dashboard and API on (http://127\.0\.0\.1:\d+)$")
        return f"{found[1]}/"

    def get(self, path: str) -> int:
        """A request of a client of the app; returns the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def say(self, line: bytes) -> None:
        """Have web.1 print a line."""
        assert self.get("/say?" + "".join(f"%{byte:02x}" for byte in line)) == 200

    def formation(self) -> dict[str, int]:
        return {
            each["type"]: each["quantity"]
            for each in self.door.ask("GET", "/apps/shop/formation").value
        }

    def loud(self, rate: int) -> None:
        """Have worker.1 print so many lines a second; 0: none."""
        draft = self.folder.write("loud.new", str(rate))
        draft.replace(self.folder.path / "loud")


@contextmanager
def shop(root: Path, *argv: str) -> Iterator[Desk]:
    """The shop, running in `root`."""
    root.mkdir()
    folder = Folder(root)
    for name, text in {"Procfile": PROCFILE, "web.py": WEB, "worker.py": WORKER}.items():
        folder.write(name, text)
    running = folder.start(*argv)
    try:
        running.wait_for(r"heroku\[web\.1\]: State changed from starting to up")
        yield Desk(folder, running)
    finally:
        for each in folder.started:
            each.destroy()
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def chromium() -> Iterator[Browser]:
    browser = Browser()
    try:
        yield browser
    finally:
        browser.close()


def look(browser: Browser, url: str) -> Tab:
    """The dashboard in a new tab, connected."""
    tab = browser.tab()
    tab.go(url)
    live(tab)
    return tab


def live(tab: Tab) -> None:
    """Wait until the page follows the platform."""
    tab.wait_for("document.querySelector('#connection').dataset.state === 'live'")
    tab.wait_for("document.querySelectorAll('[data-dyno] .state.good').length >= 2")


def lines(tab: Tab) -> list[str]:
    """What is in the log's window now."""
    found = tab.eval("[...document.querySelectorAll('#lines .text')].map((e) => e.textContent)")
    return [str(each) for each in found]


def shows_line(tab: Tab, text: str) -> None:
    """Wait until the log shows a line with that."""
    tab.wait_for(f"document.querySelector('#lines').textContent.includes({json.dumps(text)})")


def choose(tab: Tab, place: str, value: str) -> None:
    """Have a select or an input hold that, as if a person did it."""
    found = f"document.querySelector({json.dumps(place)})"
    tab.eval(f"{found}.value = {json.dumps(value)}")
    tab.eval(f"{found}.dispatchEvent(new Event('input', {{bubbles: true}}))")
