"""What a person did wrong, as a value: the bottom floor, imported by every room.

A room raises UserError; only `localku.cli` prints it and turns it into an exit status.
"""

from __future__ import annotations


class UserError(Exception):
    """A mistake that the user can mend.

    message: what is wrong, one line. where: `file:line` or a flag, or "". hint: what to do, or "".
    status: the exit status of the command (never 0).
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "", status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.status = status

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{advice}"
