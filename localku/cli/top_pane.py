"""A pane of `localku top`: a title and the lines under it, which scroll both ways. Textual."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from localku.top.spans import Line, wide

LOOKS = {
    "bold": Style(bold=True),
    "dim": Style(dim=True),
    "good": Style(color="green"),
    "warn": Style(color="yellow"),
    "bad": Style(color="red", bold=True),
    "mark": Style(color="cyan"),
    "bar": Style(reverse=True),
    "title": Style(bold=True, underline=True),
    "cursor": Style(reverse=True),
}
SIDEWAYS = 8  # columns of a step


@cache
def look(name: str) -> Style:
    """The look of a style name, or of several with spaces between."""
    return sum((LOOKS[each] for each in name.split()), Style.null())


def strip(line: Line) -> Strip:
    """A line for textual."""
    return Strip([Segment(text, look(style)) for text, style in line if text])


class Pane(Widget, can_focus=True):
    """The title stays while the lines scroll. Only rows that changed are drawn again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "top", show=False),
        Binding("end", "bottom", show=False),
        Binding("left", "sideways(-1)", show=False),
        Binding("right", "sideways(1)", show=False),
    ]

    def __init__(self, name: str, *, titled: bool = True) -> None:
        super().__init__(id=name)
        self._above = int(titled)  # rows of the title
        self.lines: Sequence[Line] = ()
        self.head: Line = ()
        self.at = 0  # the first line that is shown
        self.aside = 0  # the columns that are scrolled away
        self._drawn: list[Line] = []

    # -- what it shows -----------------------------------------------------------------------

    def show(self, head: Line, lines: Sequence[Line], *, shifted: int = 0) -> None:
        """Show these lines. shifted: so many have left at the top since the last time."""
        self.head, self.lines = head, lines
        self._go(self.at - shifted)

    @property
    def room(self) -> int:
        """Lines that are shown at once."""
        return max(0, self.size.height - self._above)

    @property
    def _last(self) -> int:
        return max(0, len(self.lines) - self.room)

    def _go(self, at: int) -> None:
        self.at = max(0, min(at, self._last))
        self._redraw()

    def _redraw(self) -> None:
        """Have those rows drawn that are not what they were."""
        rows = [self._row(y) for y in range(self.size.height)]
        if len(rows) != len(self._drawn):
            self._drawn = rows
            self.refresh()
            return
        changed = [y for y, row in enumerate(rows) if row != self._drawn[y]]
        self._drawn = rows
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def _row(self, y: int) -> Line:
        if y < self._above:
            return self._title()
        at = self.at + y - self._above
        return self.line(at) if at < len(self.lines) else ()

    def _title(self) -> Line:
        head = self.head
        if self.has_focus:
            head = tuple((text, f"{style} cursor".strip()) for text, style in head)
        if len(self.lines) > self.room > 0:
            first, last = self.at + 1, min(self.at + self.room, len(self.lines))
            place = f"  {first}-{last} of {len(self.lines)}"
            if wide(head) + len(place) <= self.size.width:
                head = (*head, (place, "dim"))
        return head

    def line(self, at: int) -> Line:
        """One of the lines, as it is shown."""
        return self.lines[at]

    def render_line(self, y: int) -> Strip:
        """One row for textual."""
        row = self._drawn[y] if y < len(self._drawn) else self._row(y)
        aside = self.aside if y >= self._above else 0
        whole = strip(row).adjust_cell_length(aside + self.size.width)
        return whole.crop(aside) if aside else whole

    def on_resize(self) -> None:
        """The terminal, or the share of it, has another size."""
        self.show(self.head, self.lines)

    def on_focus(self) -> None:
        """It is shown in the title who gets the keys."""
        self._redraw()

    def on_blur(self) -> None:
        """The keys go elsewhere."""
        self._redraw()

    # -- keys --------------------------------------------------------------------------------

    def step(self, lines: int) -> None:
        """So many lines down."""
        self._go(self.at + lines)

    def action_move(self, step: int) -> None:
        """One line down or up."""
        self.step(step)

    def action_page(self, step: int) -> None:
        """A page down or up."""
        self.step(step * max(1, self.room - 1))

    def action_top(self) -> None:
        """To the first line."""
        self.step(-len(self.lines))

    def action_bottom(self) -> None:
        """To the last line."""
        self.step(len(self.lines))

    def action_sideways(self, step: int) -> None:
        """To the right, as far as the longest line that is shown goes."""
        shown = range(self.at, min(self.at + self.room, len(self.lines)))
        longest = max((wide(self.line(at)) for at in shown), default=0)
        most = max(0, longest - self.size.width)
        self.aside = max(0, min(self.aside + step * SIDEWAYS, most))
        self.refresh()


class Tail(Pane):
    """A pane that stays at its end until it is scrolled up, and again when it is there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.follows = True

    def show(self, head: Line, lines: Sequence[Line], *, shifted: int = 0) -> None:
        """Show these lines."""
        super().show(head, lines, shifted=shifted)
        if self.follows:
            self._go(self._last)

    def step(self, lines: int) -> None:
        """So many lines down."""
        super().step(lines)
        self.follows = self.at >= self._last


class Choice(Pane):
    """A pane with a line that is selected. names: of the lines. selected: "" if there is none."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.names: list[str] = []
        self.selected = ""

    def offer(self, head: Line, rows: list[tuple[str, Line]]) -> None:
        """Show named lines; the selection stays with its name, or goes to its neighbour."""
        before = self._place
        self.names = [name for name, _ in rows]
        if self.selected not in self.names:
            self.selected = self.names[min(before, len(rows) - 1)] if rows else ""
        self.show(head, [line for _, line in rows])

    @property
    def _place(self) -> int:
        return self.names.index(self.selected) if self.selected in self.names else 0

    def line(self, at: int) -> Line:
        """One of the lines; the selected one is seen by its name."""
        line = self.lines[at]
        if not line or at != self._place:
            return line
        text, style = line[0]
        return ((text, f"{style} cursor".strip()), *line[1:])

    def step(self, lines: int) -> None:
        """Select what is so many lines below."""
        if not self.names:
            return
        place = max(0, min(self._place + lines, len(self.names) - 1))
        self.selected = self.names[place]
        self._go(min(max(self.at, place - self.room + 1), place))
