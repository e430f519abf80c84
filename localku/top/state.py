"""All that `localku top` knows of an app, put together from the events of the feed. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from localku.top.custom import Customs
from localku.top.window import Point, Window

KEPT_MARKS = 200
SAME = 60.0  # seconds; errors of one kind closer together than that are one mark with a count


@dataclass(slots=True)
class Dyno:
    """One dyno, as the feed has it. since: epoch seconds. What was not measured is None."""

    name: str
    type: str
    state: str
    since: float
    pid: int | None = None
    restarts: int = 0
    in_flight: int | None = None
    memory: float | None = None
    quota: float | None = None
    load: float | None = None

    @classmethod
    def of(cls, given: dict[str, Any]) -> Dyno:
        """From the object of a `dynos` event."""
        name = str(given.get("name", ""))
        return cls(
            name=name,
            type=str(given.get("type") or name.partition(".")[0]),
            state=str(given.get("state", "")),
            since=float(given.get("since") or 0),
            pid=given.get("pid") or None,
            restarts=int(given.get("restarts") or 0),
            in_flight=given.get("in_flight"),
            memory=given.get("memory"),
            quota=given.get("quota") or None,
            load=given.get("load"),
        )


@dataclass(slots=True)
class Mark:
    """An event or an error on the time line; times: how many of them this one stands for."""

    t: float
    kind: str
    text: str
    code: str = ""
    dyno: str = ""
    times: int = 1

    @classmethod
    def of(cls, given: dict[str, Any]) -> Mark:
        """From the object of a `mark` event."""
        return cls(
            t=float(given.get("t") or 0),
            kind=str(given.get("kind", "")),
            text=str(given.get("text", "")),
            code=str(given.get("code") or ""),
            dyno=str(given.get("dyno") or ""),
        )

    @property
    def is_bad(self) -> bool:
        """Whether it is an error."""
        return self.kind in ("crash", "error")

    def repeats(self, other: Mark) -> bool:
        """Whether it says the same of the same dyno, soon after."""
        same = (self.kind, self.code, self.dyno) == (other.kind, other.code, other.dyno)
        return self.kind == "error" and same and abs(self.t - other.t) < SAME


@dataclass(slots=True)
class State:
    """hello: the last `hello` event. now: epoch seconds of the platform's clock. summary, minute:
    the last seconds and the last minute, each merged into one point, None while nothing happened.
    lost: why the platform is not there, "" while it is."""

    hello: dict[str, Any] = field(default_factory=dict)
    dynos: list[Dyno] = field(default_factory=list)
    marks: deque[Mark] = field(default_factory=lambda: deque(maxlen=KEPT_MARKS))
    window: Window = field(default_factory=Window)
    customs: Customs = field(default_factory=Customs)
    summary: Point | None = None
    minute: Point | None = None
    now: float = 0.0
    lost: str = ""

    def take(self, name: str, data: dict[str, Any]) -> None:
        """One event of the feed. Unknown ones, and `lines`, change nothing."""
        if name == "hello":
            self._hello(data)
        elif name == "dynos":
            self.dynos = self._sorted([Dyno.of(each) for each in data.get("dynos", ())])
        elif name == "point":
            self._point(data)
        elif name == "mark":
            self.mark(Mark.of(data))

    def past(self, metrics: dict[str, Any]) -> None:
        """What was before we looked: an answer of `GET …/metrics`, by the second."""
        for point in metrics.get("points", ()):
            self._point(point)
        self.events(metrics)
        self._clock(float(metrics.get("now") or 0))

    def events(self, metrics: dict[str, Any]) -> None:
        """The marks of such an answer that are later than what is known; a platform that was
        started again does not know what was before."""
        latest = self.marks[-1].t if self.marks else 0.0
        for mark in (Mark.of(each) for each in metrics.get("marks", ())):
            if mark.t > latest:
                self.mark(mark)

    def lose(self, why: str) -> None:
        """The platform is not there."""
        if not self.lost:
            self.mark(Mark(self.now, "crash", why, "platform"))
        self.lost = f"{why.rstrip('.')}. Waiting for it to come back..."
        self.dynos = []
        self.summary = self.minute = None

    def mark(self, mark: Mark) -> None:
        """One more event or error; one that repeats a recent one is counted there."""
        for at in range(len(self.marks) - 1, -1, -1):
            before = self.marks[at]
            if mark.repeats(before):
                mark.times += before.times
                del self.marks[at]
                break
            if mark.t - before.t >= SAME:
                break
        self.marks.append(mark)

    def _hello(self, data: dict[str, Any]) -> None:
        self.hello = data
        self.lost = ""
        self._clock(float(data.get("now") or 0))
        self.dynos = self._sorted(self.dynos)

    def _point(self, point: Point) -> None:
        self.window.add(point)
        self.customs.add(point)
        self._clock(float(point.get("t") or 0) + 1)

    def _clock(self, now: float) -> None:
        self.now = max(self.now, now)
        self.window.move(self.now)

    def _sorted(self, dynos: list[Dyno]) -> list[Dyno]:
        """By process type in the order of the formation, then by number."""
        types = [str(each.get("type")) for each in self.formation]
        places = {kind: place for place, kind in enumerate(types)}

        def key(dyno: Dyno) -> tuple[int, str, int, str]:
            number = dyno.name.rpartition(".")[2]
            place = places.get(dyno.type, len(places))
            return place, dyno.type, int(number) if number.isdecimal() else 0, dyno.name

        return sorted(dynos, key=key)

    # -- what follows from it ----------------------------------------------------------------

    @property
    def app(self) -> str:
        """The name of the app."""
        return str(self.hello.get("app", ""))

    @property
    def formation(self) -> list[dict[str, Any]]:
        """Type, command, quantity and size of each process type."""
        return list(self.hello.get("formation") or ())

    def quantity(self, kind: str) -> int | None:
        """How many dynos of that process type are to run; None for one that there is not."""
        for each in self.formation:
            if each.get("type") == kind:
                return int(each.get("quantity") or 0)
        return None

    def service(self, dyno: str = "") -> dict[str, float]:
        """Service times of the last seconds, of the app or of one dyno; empty for no request."""
        summary = self.summary or {}
        of = summary.get("dynos", {}).get(dyno, {}) if dyno else summary
        found = of.get("service") or {}
        return found if found.get("count") else {}
