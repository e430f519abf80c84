"""What a request wants of a formation: JSON in, quantities out, or an error that says why. Pure.

All of a batch is read and checked before anything of it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localku.api import errors, lookup
from localku.api.serialize import fixed_id
from localku.errors import UserError
from localku.manifest.formation import MAX_QUANTITY, Change
from localku.platform.catalog import SIZES

if TYPE_CHECKING:
    from localku.platform.app import App

MAX_UPDATES = 1000


def flag(wish: object, name: str) -> bool:
    """A yes or no; heroku3 sends 0 and 1. Raises ApiError."""
    if wish in (0, 1) and isinstance(wish, int):
        return bool(wish)
    raise errors.invalid(f"Invalid {name}: it has to be true or false.")


class Wishes:
    """quantities, sizes: of the process types that are to have others than now."""

    def __init__(self) -> None:
        self.quantities: dict[str, int] = {}
        self.sizes: dict[str, str] = {}

    def add(self, app: App, kind: str, update: dict[str, object]) -> None:
        """One update of one process type, on top of those before. Raises ApiError."""
        chosen = size(update.get("size", update.get("dyno_size")))
        if chosen:
            self.sizes[kind] = chosen
        wish = update.get("quantity")
        if wish is None:
            return
        now = self.quantities.get(kind, app.quantity(kind))
        try:
            self.quantities[kind] = _change(kind, wish).quantity(now)
        except UserError as error:
            raise errors.invalid(f"Invalid quantity: {error}.") from None


def batch(app: App, body: dict[str, object]) -> Wishes:
    """What `{"updates": [...]}` wants. Raises ApiError."""
    updates = body.get("updates")
    if not isinstance(updates, list):
        raise errors.invalid("Require params: updates.")
    if len(updates) > MAX_UPDATES:
        raise errors.invalid(f"More than {MAX_UPDATES} updates.")
    wishes = Wishes()
    for update in updates:
        if not isinstance(update, dict) or not isinstance(update.get("type"), str):
            raise errors.invalid("Each update needs a type.")
        wishes.add(app, lookup.process_type(app, update["type"]), update)
    return wishes


def _change(kind: str, wish: object) -> Change:
    """`3`, `"3"`, `"+1"` or `"-2"` (Heroku's CLI sends texts) as a change."""
    text = str(wish) if isinstance(wish, (int, str)) and not isinstance(wish, bool) else ""
    relative = isinstance(wish, str) and text.startswith(("+", "-"))
    sign, digits = (text[0], text[1:]) if relative else ("=", text)
    if not (digits.isascii() and digits.isdecimal()):
        shown = repr(wish) if len(str(wish)) <= 40 else "this"
        raise errors.invalid(
            f"Invalid quantity for {kind}: {shown} is not a whole number from 0 to {MAX_QUANTITY}."
        )
    # int() refuses texts of thousands of digits: such a text is too many anyway
    return Change(kind, sign, int(digits) if len(digits) < 10 else MAX_QUANTITY + 1)


def size(wish: object) -> str:
    """The dyno size that is asked for, "" for none. Raises ApiError for one that there is not."""
    if isinstance(wish, dict):
        wish = wish.get("name", wish.get("id"))
    if wish is None:
        return ""
    for each in SIZES:
        if isinstance(wish, str) and wish.lower() in (
            each.name.lower(),
            fixed_id("dyno-size", each.name),
        ):
            return each.name
    shown = repr(wish) if len(str(wish)) <= 40 else "that"
    raise errors.invalid(f"No such dyno size as {shown}: see `localku ps:type`.")
