"""What was seen of an app while it ran: values that the judges read. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sight:
    """One thing that a hook saw inside a dyno. event: write, read, sqlite, bind, connect, lookup,
    spawn, fork, import, env, python, node. where: `app.py:12` or "". data: what else it says."""

    event: str
    where: str
    pid: int
    dyno: str
    data: dict[str, Any]

    @property
    def path(self) -> str:
        """The file that it is about, or ""."""
        return str(self.data.get("path", ""))


@dataclass(frozen=True)
class Line:
    """A log line. time: seconds since 1970."""

    time: float
    source: str
    dyno: str
    message: str
    router: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """A request of the script. body: "" for none."""

    path: str
    method: str = "GET"
    body: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Answer:
    """What came back. status: 0 when nothing did (error says why). cut: it went on for too long,
    and its end was not waited for. took: seconds. cookies: name -> value that it sets."""

    ask: Ask
    status: int = 0
    kind: str = ""
    body: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    took: float = 0.0
    error: str = ""
    cut: bool = False
    location: str = ""


@dataclass(frozen=True)
class Listener:
    """Who listens where. host: as bound, `0.0.0.0`. dyno: its name. command: of the process."""

    host: str
    port: int
    dyno: str
    pid: int
    command: str


@dataclass(frozen=True)
class Process:
    """A process of a dyno. orphan: its parent inside the dyno is gone, and it lives on.
    names: of the variables that it has."""

    pid: int
    dyno: str
    command: str
    orphan: bool
    cwd: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Stop:
    """The end of a dyno. took: seconds from SIGTERM to its exit; None: it did not end within limit
    seconds. status: its exit status, None when unknown. request: what was asked just before, with
    the answer; None when nothing was. in_hand: it was not answered when SIGTERM was sent."""

    dyno: str
    took: float | None
    limit: float
    status: int | None = None
    answer: Answer | None = None
    in_hand: bool = False


@dataclass
class Run:
    """One private platform, from its start to its end. slug: the folder that ran. ports: of each
    web dyno. boots: seconds from the start of a dyno to up. failed: why it did not come up, or "".
    touched: paths below the slug that were made or changed, but for those of localku. original:
    paths that were there. commands: of the process types."""

    slug: str = ""
    commands: dict[str, str] = field(default_factory=dict)
    formation: dict[str, int] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    boots: list[float] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    connections: list[tuple[str, str, int]] = field(default_factory=list)  # dyno, host, port
    original: frozenset[str] = frozenset()
    touched: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)  # paths that the release phase made
    at_home: list[str] = field(default_factory=list)  # files below HOME, which was empty
    stops: list[Stop] = field(default_factory=list)
    failed: str = ""
    wanted: int = 0  # web dynos at the most
    one_off: dict[str, str] = field(
        default_factory=dict
    )  # folder, names, hash, web_hash of a one-off
    stands: dict[str, int] = field(default_factory=dict)  # variable -> connections to its stand-in
    files: dict[str, str] = field(default_factory=dict)  # variable -> the SQLite file it was given
    grown: dict[str, bool] = field(default_factory=dict)  # variable -> its SQLite file was changed
    came_back: bool | None = None  # after SIGKILL; None: it was not tried
    changed: dict[str, str] = field(default_factory=dict)  # config vars with another value
    services_missed: list[str] = field(default_factory=list)  # variables whose stand-in was tried
    traffic_at: float = 0.0  # seconds since 1970: when the first request was sent
    ended_at: float = 0.0  # when the end began
    can_see_processes: bool = False

    def of(self, *events: str) -> list[Sight]:
        """What the hooks saw of these kinds."""
        return [sight for sight in self.sights if sight.event in events]

    @property
    def languages(self) -> set[str]:
        """Those of which a hook ran in a dyno: python, node."""
        return {sight.event for sight in self.of("python", "node")}

    def said(self, dyno: str) -> list[Line]:
        """The lines of the app itself, of that dyno."""
        return [line for line in self.lines if line.source == "app" and line.dyno == dyno]
