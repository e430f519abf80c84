"""A real Chromium, driven over the DevTools protocol through a pipe: no library, no port.

`Browser` is the process, `Tab` a page in it. What the page asks of the network, says on its console
or violates of its policy is kept, so that a test can look at it.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from conftest import PATIENCE, wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-default-apps",
    "--disable-extensions",
    "--mute-audio",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
]
READ, WRITE = 3, 4  # the descriptors that Chromium takes for the pipe
KEYS = {
    "Enter": (13, "\r"),
    "Tab": (9, ""),
    "Escape": (27, ""),
    "ArrowUp": (38, ""),
    "ArrowDown": (40, ""),
    "ArrowLeft": (37, ""),
    "ArrowRight": (39, ""),
    " ": (32, " "),
}

# an element can be clicked: in sight, enabled, not covered, and where it was two frames ago
STANDS = """(async () => {
  const element = document.querySelector(%s);
  if (!element || element.disabled) return false;
  const frame = () => new Promise(requestAnimationFrame);
  const place = () => {
    const box = element.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  element.scrollIntoView({block: "center", behavior: "instant"});
  const before = place();
  await frame();
  await frame();
  window.clickPlace = place();
  const seen = document.elementFromPoint(...window.clickPlace);
  return String(before) === String(window.clickPlace) && element.contains(seen);
})()"""


def find() -> str:
    """The path of a Chromium, or "" (CHROMIUM names another one)."""
    given = os.environ.get("CHROMIUM", "")
    return given or next((path for name in NAMES if (path := shutil.which(name))), "")


class Browser:
    """A Chromium with a profile of its own. Messages are JSON, each ended by a zero byte."""

    def __init__(self, *flags: str) -> None:
        self.profile = tempfile.mkdtemp(prefix="localku-chromium-")
        self._answers: dict[int, dict[str, Any]] = {}
        self._arrived = threading.Condition()
        self._ids = itertools.count(1)
        self._tabs: dict[str, Tab] = {}
        ours, theirs = os.pipe(), os.pipe()  # to it, from it
        rootly = ["--no-sandbox"] if os.getuid() == 0 else []
        self.proc = subprocess.Popen(
            [find(), *FLAGS, *rootly, f"--user-data-dir={self.profile}", *flags, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(READ, WRITE),
            preexec_fn=lambda: _place(ours[0], theirs[1]),
            start_new_session=True,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = ours[1], theirs[0]
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def call(self, method: str, session: str = "", **params: object) -> dict[str, Any]:
        """One command; returns its result. AssertionError for an error."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        with self._arrived:
            self._arrived.wait_for(lambda: number in self._answers, PATIENCE)
            answer = self._answers.pop(number, None)
        assert answer is not None, f"no answer to {method}"
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def tab(self, url: str = "about:blank") -> Tab:
        """A new page."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        tab = Tab(self, session["sessionId"], target["targetId"])
        self._tabs[tab.session] = tab
        tab.begin()
        if url != "about:blank":
            tab.go(url)
        return tab

    def _read(self) -> None:
        rest = b""
        while chunk := os.read(self._from, 1 << 20):
            *whole, rest = (rest + chunk).split(b"\0")
            for each in whole:
                self._take(json.loads(each))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            with self._arrived:
                self._answers[message["id"]] = message
                self._arrived.notify_all()
            return
        tab = self._tabs.get(message.get("sessionId", ""))
        if tab is not None:
            tab.take(message["method"], message["params"])

    def close(self) -> None:
        """End it and all its processes."""
        os.close(self._to)  # it ends with its pipe
        try:
            self.proc.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.proc.pid, 9)
            self.proc.wait(PATIENCE)
        self._reader.join(PATIENCE)
        os.close(self._from)
        shutil.rmtree(self.profile, ignore_errors=True)


def _place(read: int, write: int) -> None:
    """In the child: have the pipe's ends where Chromium looks for them."""
    read, write = os.dup(read), os.dup(write)  # out of the way of each other
    os.dup2(read, READ)
    os.dup2(write, WRITE)


class Tab:
    """A page. requests: URLs that it asked for. troubles: errors, console errors, violations."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self.browser = browser
        self.session = session
        self.target = target
        self.requests: list[str] = []
        self.troubles: list[str] = []
        self.loaded = 0

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """One command to this page."""
        return self.browser.call(method, self.session, **params)

    def begin(self) -> None:
        """Watch it."""
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.size(1280, 900)

    def take(self, method: str, params: dict[str, Any]) -> None:
        """An event of the page."""
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded += 1
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.troubles.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.troubles.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.troubles.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def go(self, url: str) -> None:
        """Navigate as a person who types an address, and wait until it is loaded."""
        before = self.loaded
        self.call("Page.navigate", url=url)
        wait_until(lambda: self.loaded > before, f"{url} is loaded")

    def size(self, width: int, height: int, scale: float = 1) -> None:
        """The window in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    def prefer(self, **features: str) -> None:
        """Media features: `prefers_color_scheme="dark"`."""
        named = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        self.call("Emulation.setEmulatedMedia", features=named)

    def eval(self, expression: str) -> Any:
        """The value of an expression, awaited. AssertionError when it throws."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout: float = PATIENCE) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + timeout
        while not self.eval(f"(async () => Boolean(await ({expression})))()"):
            if time.monotonic() > deadline:
                seen = self.text("#trouble-text") + self.text("#dynos")
                raise AssertionError(
                    f"not within {timeout:g} s: {expression}; {self.troubles}; the page: {seen}"
                )
            time.sleep(0.02)

    def text(self, selector: str) -> str:
        """What is to be read there."""
        return str(self.eval(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        """Click in the middle of an element with the mouse, as soon as it stands still there."""
        self.wait_for(STANDS % json.dumps(selector))
        x, y = self.eval("window.clickPlace")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, shift: bool = False) -> None:
        """Press and release a key: a letter, or one of KEYS."""
        code, text = KEYS.get(key, (ord(key.upper()) if len(key) == 1 else 0, key))
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        down = "keyDown" if text else "rawKeyDown"
        self.call("Input.dispatchKeyEvent", type=down, text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def shot(self, path: Path, full: bool = False) -> None:
        """A picture of the window, or of the whole page."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        """Close it."""
        self.browser.call("Target.closeTarget", targetId=self.target)
