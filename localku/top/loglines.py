"""The lines of the log pane: the latest ones, and which of them a filter lets through. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, overload

from localku.top import figures
from localku.top.spans import Line, harmless

KEPT = 2000  # lines
LONGEST = 2000  # letters of a line that are shown: no terminal has more columns


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the log."""

    time: float
    source: str
    dyno: str
    text: str

    @classmethod
    def of(cls, given: dict[str, Any]) -> Said:
        """From an object of a `lines` event."""
        return cls(
            time=float(given.get("time") or 0),
            source=str(given.get("source", "")),
            dyno=str(given.get("dyno", "")),
            text=str(given.get("text", ""))[:LONGEST],
        )


class Filter:
    """Words that all have to be in a line; `web`, `web.1`, `router`, `heroku`, `source=app` and the
    like are about who said it, `-word` must not be there. Upper and lower case are the same,
    unless the word has upper case in it."""

    __slots__ = ("text", "_words")

    def __init__(self, text: str = "", names: Iterable[str] = ()) -> None:
        self.text = " ".join(text.split())
        known = set(names)
        self._words = [_Word(word, known) for word in self.text.split(" ") if word.strip("-")]

    def takes(self, said: Said) -> bool:
        """Whether the line is one of those that were asked for."""
        return all(word.takes(said) for word in self._words)


class _Word:
    __slots__ = ("is_cased", "is_name", "is_not", "key", "word")

    def __init__(self, word: str, known: set[str]) -> None:
        self.is_not = word.startswith("-")
        self.word = word.removeprefix("-")
        self.key, sign, rest = self.word.partition("=")
        if sign and self.key in ("source", "dyno", "type") and rest:
            self.is_name, self.word = True, rest
        else:
            self.is_name, self.key = self.word in known, ""
        self.is_cased = self.word != self.word.lower()

    def takes(self, said: Said) -> bool:
        return self._is_in(said) != self.is_not

    def _is_in(self, said: Said) -> bool:
        if self.is_name:
            kind = said.dyno.partition(".")[0]
            who = {"source": [said.source], "dyno": [said.dyno], "type": [kind]}
            return self.word in who.get(self.key, [said.source, said.dyno, kind])
        text = f"{said.dyno} {said.text}"
        return self.word in (text if self.is_cased else text.lower())


class Lines(Sequence[Line]):
    """The last lines that the filter lets through, as lines of a pane that are made when they are
    asked for. gone: how many have left at the old end since it was made."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self.filter = Filter()
        self.gone = 0
        self.lost = 0  # lines that the platform left out for us, because there were too many
        self._zone = zone
        self._all: deque[Said] = deque(maxlen=KEPT)
        self._shown: deque[Said] = deque(maxlen=KEPT)

    def add(self, event: dict[str, Any]) -> None:
        """The data of a `lines` event."""
        self.lost += int(event.get("dropped") or 0)
        for given in event.get("lines", ()):
            said = Said.of(given)
            self._all.append(said)
            if self.filter.takes(said):
                self.gone += len(self._shown) == KEPT
                self._shown.append(said)

    def narrow(self, wanted: Filter) -> None:
        """Another filter, also for the lines that are there."""
        self.filter = wanted
        self._shown = deque(filter(wanted.takes, self._all), maxlen=KEPT)

    def clear(self) -> None:
        """Forget all lines."""
        self._all.clear()
        self._shown.clear()
        self.lost = 0

    def __len__(self) -> int:
        return len(self._shown)

    @overload
    def __getitem__(self, at: int) -> Line: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Line]: ...
    def __getitem__(self, at: int | slice) -> Line | Sequence[Line]:
        if isinstance(at, slice):
            return [self._line(said) for said in list(self._shown)[at]]
        return self._line(self._shown[at])

    def _line(self, said: Said) -> Line:
        who = f" {said.source}[{harmless(said.dyno)}]: "
        return (
            (figures.clock(said.time, self._zone), "dim"),
            (who, "mark" if said.source == "app" else "warn"),
            (harmless(said.text), "bad" if is_error(said) else ""),
        )

    def title(self) -> Line:
        """The pane's title: what the filter is, and what is missing."""
        spans = [("log", "title")]
        if self.filter.text:
            spans.append((f"  only {harmless(self.filter.text)}", "warn"))
            spans.append((f"  {len(self._shown)} of {len(self._all)} lines", "dim"))
        if self.lost:
            spans.append((f"  {figures.count(self.lost)} left out", "dim"))
        return tuple(spans)


def is_error(said: Said) -> bool:
    """Whether the platform says that something went wrong."""
    return said.source == "heroku" and (
        said.text.startswith(("at=error", "Error ")) or said.text.endswith(" to crashed")
    )
