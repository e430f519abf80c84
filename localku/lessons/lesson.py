"""One lesson as its folder has it: lesson.yml, README.md, start/, solution/."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from localku.errors import UserError

FILE = "lesson.yml"
HINTS = 3
KEYS = ("title", "factor", "goal", "minutes", "start_says", "learned", "hints")
FOLDER = re.compile(r"(\d\d)_([a-z][a-z0-9]*)")


@dataclass(frozen=True, slots=True)
class Lesson:
    """number, name: of its folder, `04_sessions`. title, factor, goal: a line each. minutes: about.
    start_says: a regular expression; what its check says of the flawed app matches it. learned:
    three lines for who has done it. hints: three, from vague to exact. path: of its folder."""

    number: int
    name: str
    path: str
    title: str
    factor: str
    goal: str
    minutes: int
    start_says: str
    learned: tuple[str, ...]
    hints: tuple[str, ...]

    @property
    def folder(self) -> str:
        """What the learner's copy is called."""
        return f"{self.number:02}_{self.name}"

    @property
    def check(self) -> str:
        """The module of its check, which has `async def check(app: Watched) -> None`."""
        return f"localku.lessons.checks.{self.name}"

    def readme(self) -> str:
        """Its page. Raises OSError."""
        with open(os.path.join(self.path, "README.md"), encoding="utf-8") as file:
            return file.read()


def read(path: str) -> Lesson:
    """The lesson of a folder. Raises UserError."""
    import yaml

    where = os.path.join(os.path.basename(path), FILE)
    match = FOLDER.fullmatch(os.path.basename(path))
    if match is None:
        raise UserError("a lesson's folder is called 04_name", where=path)
    try:
        with open(os.path.join(path, FILE), encoding="utf-8") as file:
            value = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"cannot read the lesson: {error}", where=where) from None
    if not isinstance(value, dict) or set(value) != set(KEYS):
        raise UserError(f"a lesson has exactly these keys: {', '.join(KEYS)}", where=where)
    hints, learned, minutes = value["hints"], value["learned"], value["minutes"]
    for key, items, count in (("hints", hints, HINTS), ("learned", learned, 3)):
        if not isinstance(items, list) or len(items) != count:
            raise UserError(f"{key} has to be a list of {count}", where=where)
    if not isinstance(minutes, int):
        raise UserError("minutes has to be a whole number", where=where)
    texts = [value[key] for key in KEYS[:3]] + [value["start_says"], *hints, *learned]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise UserError("all but minutes is text, and not empty", where=where)
    return Lesson(
        int(match[1]),
        match[2],
        path,
        value["title"].strip(),
        value["factor"].strip(),
        value["goal"].strip(),
        minutes,
        value["start_says"],
        tuple(" ".join(text.split()) for text in learned),
        tuple(text.strip() for text in hints),
    )
