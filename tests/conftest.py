"""Drives the installed command as a person does: real processes, real signals, real sockets."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LOCALKU = str(Path(sys.executable).with_name("localku"))
LINUX = sys.platform.startswith("linux")
PATIENCE = 15.0  # seconds; generous, because two cores may be busy
# whoever runs the tests may have a platform of their own
os.environ["LOCALKU_HOME"] = "/nonexistent/localku-tests"
# whole apps first: the files that take longest must not be the last ones, alone on one core
LONGEST = ("check", "examples", "lessons", "chaos", "cli", "start", "platform", "api", "load")
RUNNING = re.compile(r"Running .* on http://localhost:(\d+)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files are given out in this order; within a file nothing changes."""
    here = Path(__file__).parent
    rank = {room: place for place, room in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(here).parts[0], len(rank)))


def wait_until(condition: Callable[[], object], what: str, timeout: float = PATIENCE) -> None:
    """Wait until `condition` holds; an AssertionError names what did not happen."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        time.sleep(0.01)


def processes_with(mark: str) -> list[int]:
    """All living processes whose environment or command line holds `mark`, but ourselves."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
            blob = Path(f"/proc/{name}/environ").read_bytes()
            blob += Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if state != "Z" and mark.encode() in blob:
            found.append(int(name))
    return found


class Running:
    """A `localku` process: what it said, and whether anything of it is left."""

    def __init__(self, argv: list[str], cwd: Path, mark: str, **popen: object) -> None:
        self.mark = mark
        self.text = ""
        self._adding = threading.Lock()
        options: dict[str, object] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **popen,
        }
        self.proc = subprocess.Popen([LOCALKU, *argv], cwd=cwd, **options)  # type: ignore[call-overload]
        self.cwd = cwd
        self._readers: list[threading.Thread] = []
        for stream in (self.proc.stdout, self.proc.stderr):
            if stream is not None:
                thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
                thread.start()
                self._readers.append(thread)

    def _read(self, stream) -> None:  # type: ignore[no-untyped-def]
        while chunk := os.read(stream.fileno(), 65536):
            said = chunk.decode("utf-8", "replace")
            with self._adding:  # += of two threads at once loses what one of them has read
                self.text += said

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def wait_for(self, pattern: str, timeout: float = PATIENCE, count: int = 1) -> re.Match[str]:
        """Wait until what it said matches `pattern` (at least `count` times)."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found[:] = re.finditer(pattern, self.text, re.MULTILINE)
            return len(found) >= count or (self.proc.poll() is not None and not self._draining())

        deadline = time.monotonic() + timeout
        while not look():
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.text}"
            time.sleep(0.01)
        assert len(found) >= count, f"it ended without {pattern!r}:\n{self.text}"
        return found[count - 1]

    def _draining(self) -> bool:
        return any(thread.is_alive() for thread in self._readers)

    @property
    def port(self) -> int:
        """The router's port."""
        return int(self.wait_for(RUNNING.pattern)[1])

    def pid_of(self, dyno: str) -> int:
        """The pid that a dyno printed as `pid N`."""
        return int(self.wait_for(rf"app\[{re.escape(dyno)}\]: pid (\d+)")[1])

    def signal(self, number: int) -> None:
        self.proc.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        status = self.proc.wait(timeout)
        for thread in self._readers:
            thread.join(PATIENCE)
        return status

    def survivors(self) -> list[int]:
        return processes_with(self.mark)

    def assert_nothing_left(self, within: float = 5.0) -> None:
        wait_until(lambda: not self.survivors(), f"nothing of it is left: {self.text}", within)

    def cli(self, *argv: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Another localku command, from a second terminal in the same folder."""
        return subprocess.run(
            [LOCALKU, *argv], cwd=self.cwd, capture_output=True, text=True, timeout=timeout
        )

    def destroy(self) -> None:
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait(PATIENCE)
        for thread in self._readers:
            thread.join(PATIENCE)
        for stream in (self.proc.stdout, self.proc.stderr):
            if stream is not None:
                stream.close()
        for pid in self.survivors():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Folder:
    """An app's folder; `start` runs it. `mark` is in the environment of all that it starts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mark = f"localku-test-{uuid.uuid4().hex}"
        self.started: list[Running] = []

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environ(self, **more: str) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("LOCALKU_") and k != "PORT"}
        env["LOCALKU_HOME"] = str(self.path.parent / "localku-home")  # not that of the developer
        return {**env, "LOCALKU_TEST_MARK": self.mark, **more}

    def start(self, *argv: str, env: dict[str, str] | None = None, **popen: object) -> Running:
        """`localku start` on a free port."""
        if not {"-p", "--port"} & set(argv):
            argv = ("-p", "0", *argv)
        return self.run("start", *argv, env=env, **popen)

    def run(self, *argv: str, env: dict[str, str] | None = None, **popen: object) -> Running:
        """Any localku command, left running."""
        environ = self.environ(**(env or {}))
        running = Running(list(argv), self.path, self.mark, env=environ, **popen)
        self.started.append(running)
        return running

    def fails(self, *argv: str, env: dict[str, str] | None = None) -> tuple[int, str]:
        """Run a command that should refuse: its status, and what it said on stderr."""
        done = subprocess.run(
            [LOCALKU, *argv],
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=self.environ(**(env or {})),
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert not processes_with(self.mark)
        return done.returncode, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """An empty folder for an app; whatever is started in it is ended with the test."""
    root = tmp_path / "shop"
    root.mkdir()
    it = Folder(root)
    yield it
    for running in it.started:
        running.destroy()
