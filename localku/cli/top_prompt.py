"""The line of `localku top` on which one types, and the help over the screen. Textual."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from localku.top.keys import help_lines


class Prompt(Horizontal):
    """A question and what is typed. It is hidden until somebody asks."""

    DEFAULT_CSS = """
    Prompt { height: 1; display: none; }
    Prompt Static { width: auto; text-style: bold; }
    Prompt Input, Prompt Input:focus {
        width: 1fr; height: 1; border: none; padding: 0;
        background: ansi_default; color: ansi_default;
        & > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", show=False),
        Binding("tab,shift+tab", "stay", show=False),
    ]

    class Answered(Message):
        """purpose: as asked. text: what was typed, None if it was given up."""

        def __init__(self, purpose: str, text: str | None) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self.purpose = ""
        self._is_yes_or_no = False
        self._question = Static("", markup=False)
        self._input = Input(select_on_focus=False, compact=True)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """The question, then what is typed."""
        yield self._question
        yield self._input

    def ask(self, purpose: str, question: str, text: str = "", *, yes_or_no: bool = False) -> None:
        """Ask; an Answered follows. yes_or_no: one key is the answer."""
        self.purpose = purpose
        self._is_yes_or_no = yes_or_no
        self._question.update(f"{question} ")
        self._input.value = text
        self._input.cursor_position = len(text)
        self.display = True
        self._input.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The answer to yes or no."""
        event.stop()
        if self._is_yes_or_no and event.value and self.display:
            self._close(event.value if event.value in ("y", "Y") else None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What was typed is the answer."""
        event.stop()
        if self.display:
            self._close(None if self._is_yes_or_no else event.value)

    def action_drop(self) -> None:
        """There is no answer."""
        self._close(None)

    def action_stay(self) -> None:
        """Tab leads nowhere while a question is open."""

    def _close(self, text: str | None) -> None:
        self.display = False
        self.post_message(self.Answered(self.purpose, text))


class Help(ModalScreen[None]):
    """All keys; any key closes it."""

    DEFAULT_CSS = """
    Help { align: center middle; background: ansi_default; }
    Help Static {
        width: auto; height: auto; max-width: 100%; max-height: 100%; padding: 0 1;
        background: ansi_default; color: ansi_default;
    }
    """

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static("\n".join(help_lines()), markup=False)

    def on_key(self, event: Key) -> None:
        """Close it; that key means nothing else."""
        event.stop()
        event.prevent_default()
        self.dismiss()
