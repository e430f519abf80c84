"""The screen of `localku top`. Textual; only this module, top_pane and top_prompt import it."""

from __future__ import annotations

import asyncio
import copy
import signal
from collections.abc import Callable
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from localku.cli.client import Client
from localku.cli.top_feed import Feed
from localku.cli.top_pane import Choice, Pane, Tail
from localku.cli.top_prompt import Help, Prompt
from localku.errors import UserError
from localku.top import header, keys, layout, panels, table, wishes
from localku.top.loglines import Filter
from localku.top.spans import harmless
from localku.top.state import State
from localku.top.wishes import Wish

SOON = 0.1  # seconds; what is new meanwhile is drawn at once
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SOURCES = ("app", "heroku", "router", "api", "logplex")


class Top(App[int]):
    """The panes and the keys; all that they show is made of the state by the modules of
    `localku.top`. Its result is the exit status."""

    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = "#dynos"
    CSS = """
    Screen, Vertical, Pane { background: ansi_default; color: ansi_default; }
    Screen { overflow: hidden; }
    Pane { width: 100%; height: 0; }
    #head { height: 3; }
    #bottom { dock: bottom; height: 2; }
    #said, #keys { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+q", "leave", show=False),
        Binding("ctrl+z", "suspend_process", show=False),
        *(Binding(key.names, key.action, show=False) for key in keys.KEYS),
    ]

    def __init__(self, client: Client, find: Callable[[], Client]) -> None:
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self.feed = Feed(client, find, self.draw_soon)
        self.frozen: State | None = None
        self.has_log = False
        self._is_due = False
        self._gone = 0  # lines that had left the log when it was drawn
        self._steering: set[asyncio.Task[None]] = set()
        self.head, self.said, self.keys = (_still(name) for name in ("head", "said", "keys"))
        self.dynos = Choice("dynos")
        self.happened, self.numbers, self.log_pane = Pane("events"), Pane("numbers"), Tail("log")
        self.prompt = Prompt()

    def compose(self) -> ComposeResult:
        """The panes from above to below."""
        yield from (self.head, self.dynos, self.happened, self.numbers, self.log_pane)
        with Vertical(id="bottom"):
            yield from (self.said, self.prompt, self.keys)

    def on_mount(self) -> None:
        """Begin to follow the platform."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.exit, 128 + number)
        self.run_worker(self.feed.run(), exit_on_error=True)

    # -- drawing -----------------------------------------------------------------------------

    def draw_soon(self) -> None:
        """Something is new."""
        if not self._is_due:
            self._is_due = True
            self.set_timer(SOON, self.draw)

    def on_resize(self) -> None:
        """The terminal has another size."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Show what there is to show, as far as it is not shown already."""
        self._is_due = False
        state = self.frozen or self.feed.state
        width = self.size.width
        shape = table.plan(width, [dyno.name for dyno in state.dynos])
        rows = table.rows(state, shape)
        numbers = panels.numbers(state, width)
        self._share(layout.heights(self.size.height, len(rows), len(numbers), log=self.has_log))
        paused = self.frozen is not None
        self.head.show((), header.header(state, width, paused=paused))
        self.dynos.offer(table.titles(shape), rows)
        self.happened.show(panels.EVENTS_TITLE, panels.events(state))
        self.numbers.show(panels.CUSTOM_TITLE, numbers)
        self.keys.show((), [keys.bottom_line(width)])
        if self.has_log and not paused:
            self._draw_log()

    def _draw_log(self) -> None:
        lines = self.feed.lines
        self.log_pane.show(lines.title(), lines, shifted=lines.gone - self._gone)
        self._gone = lines.gone

    def _share(self, heights: layout.Heights) -> None:
        for pane, lines in (
            (self.dynos, heights.dynos),
            (self.happened, heights.events),
            (self.numbers, heights.numbers),
            (self.log_pane, heights.log),
        ):
            pane.display = lines > 0
            pane.styles.height = lines

    def say(self, text: str, style: str = "") -> None:
        """One line over the keys: what was done, or what went wrong."""
        self.said.show((), [((harmless(" ".join(text.split())), style),)])

    # -- keys that change what is seen -------------------------------------------------------

    def action_leave(self) -> None:
        """Quit."""
        self.exit(0)

    def action_interrupt(self) -> None:
        """Quit, as Ctrl-C ends the other commands."""
        self.exit(128 + signal.SIGINT)

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help())

    def action_pause(self) -> None:
        """Hold the screen still, or go on."""
        self.frozen = None if self.frozen else copy.deepcopy(self.feed.state)
        self.draw()

    def action_log(self) -> None:
        """Show the log, or hide it."""
        self.has_log = not self.has_log
        self.feed.show_lines(self.has_log)
        self.draw()
        if self.has_log:
            self.log_pane.follows = True
        elif self.focused is self.log_pane or self.focused is None:
            self.dynos.focus()

    def action_filter(self) -> None:
        """Ask which lines of the log are wanted."""
        if not self.has_log:
            self.action_log()
        self._ask("filter", "Only lines with:", self.feed.lines.filter.text)

    # -- keys that change the app ------------------------------------------------------------

    def action_scale(self) -> None:
        """Ask how many dynos are wanted."""
        kind = self._selected_type()
        about = f" (+1, -1 or 3 for {harmless(kind)})" if kind else ""
        self._ask("scale", f"Scale to, as web=3{about}:")

    def action_more(self) -> None:
        """One more of the selected type."""
        self._scale("+1")

    def action_fewer(self) -> None:
        """One fewer of the selected type."""
        self._scale("-1")

    def action_restart(self) -> None:
        """Restart the selected dyno."""
        if dyno := self._selected_dyno():
            self._steer(f"Restarting {dyno}...", wishes.restart(dyno))

    def action_stop(self) -> None:
        """Stop the selected dyno."""
        if dyno := self._selected_dyno():
            self._steer(f"Stopping {dyno}...", wishes.stop(dyno))

    def action_restart_all(self) -> None:
        """Ask whether all are to be restarted."""
        count = len(self.feed.state.dynos)
        self._ask("restart", f"Restart all {count} dynos? y or n:", yes_or_no=True)

    def action_maintenance(self) -> None:
        """Maintenance mode on or off."""
        on = not self.feed.state.hello.get("maintenance")
        self._steer("Switching maintenance mode...", wishes.maintenance(on))

    def _ask(self, purpose: str, question: str, text: str = "", *, yes_or_no: bool = False) -> None:
        self.say("")
        self.said.display = False  # the question stands in its place
        self.prompt.ask(purpose, question, text, yes_or_no=yes_or_no)

    def on_prompt_answered(self, answer: Prompt.Answered) -> None:
        """What was typed."""
        self.said.display = True
        (self.log_pane if answer.purpose == "filter" else self.dynos).focus()
        if answer.text is None:
            return
        if answer.purpose == "filter":
            self._narrow(answer.text)
        elif answer.purpose == "scale":
            self._scale(answer.text)
        else:
            self._steer("Restarting all dynos...", wishes.restart_all())

    def _narrow(self, text: str) -> None:
        state = self.feed.state
        names = {dyno.name for dyno in state.dynos} | {dyno.type for dyno in state.dynos}
        self.feed.lines.narrow(Filter(text, names.union(SOURCES)))
        self.log_pane.follows = True
        self._draw_log()

    def _scale(self, text: str) -> None:
        try:
            wish = wishes.scale(text, self.feed.state, self._selected_type())
        except UserError as error:
            self.say(str(error), "bad")
            return
        self._steer("Scaling...", wish)

    def _selected_type(self) -> str:
        return self.dynos.selected.partition(".")[0]

    def _selected_dyno(self) -> str:
        name = self.dynos.selected
        if "." in name:
            return name
        self.say("There is no dyno to choose: scale one up with s", "bad")
        return ""

    def _steer(self, doing: str, wish: Wish) -> None:
        self.say(doing, "dim")
        task = asyncio.get_running_loop().create_task(self._grant(wish))
        self._steering.add(task)  # the loop itself does not keep it
        task.add_done_callback(self._steering.discard)

    async def _grant(self, wish: Wish) -> None:
        try:
            await self.feed.grant(wish)
        except UserError as error:
            self.say(str(error), "bad")
        else:
            self.say(wish.done, "good")


def _still(name: str) -> Pane:
    """A pane without a title that nobody can go to."""
    pane = Pane(name, titled=False)
    pane.can_focus = False
    return pane
