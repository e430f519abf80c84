"""Templates that are safe by default: a value is escaped unless its type says that it is HTML."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent / "templates"


class Html(str):
    """Text that is HTML already: made by `render` or written in this code, never by a visitor."""

    __slots__ = ()


def render(name: str, **values: object) -> Html:
    """The template of that name with `values` in place of its `$names`, every one escaped."""
    return fill(_template(name), **values)


def fill(template: Template | str, **values: object) -> Html:
    """As `render`, for a template that is a few words long and stands in the code."""
    template = Template(template) if isinstance(template, str) else template
    return Html(template.substitute({name: escape(value) for name, value in values.items()}))


def escape(value: object) -> Html:
    """`value` as HTML."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / f"{name}.html").read_text(encoding="utf-8"))
