"""The lessons that there are, and the copying of one to a learner's folder."""

from __future__ import annotations

import os

from localku.errors import UserError
from localku.lessons import lesson as lessons
from localku.lessons.lesson import Lesson

COURSE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "course")
START, SOLUTION = "start", "solution"
DATA = "{data}"  # in .env: the folder of the lesson's data, which is outside the slug
SKIPPED = ("__pycache__", ".localku")


def all_lessons(course: str = COURSE) -> list[Lesson]:
    """All of a course, in their order. Raises UserError."""
    names = sorted(name for name in os.listdir(course) if lessons.FOLDER.fullmatch(name))
    return [lessons.read(os.path.join(course, name)) for name in names]


def find(course: list[Lesson], word: str) -> Lesson:
    """The lesson that a number, name or folder means: `4`, `04`, `sessions`, `04_sessions/`.
    Raises UserError."""
    plain = os.path.basename(word.rstrip("/"))
    for each in course:
        if plain in (each.name, each.folder) or (plain.isdecimal() and int(plain) == each.number):
            return each
    hint = "see `localku learn list`"
    raise UserError(f"there is no lesson {word}", hint=hint, status=2)


def files(lesson: Lesson, part: str) -> dict[str, bytes]:
    """The files of start/ or solution/: path in the folder (with /) to content."""
    top = os.path.join(lesson.path, part)
    found = {}
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(each for each in folders if each not in SKIPPED)
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top).replace(os.sep, "/")] = file.read()
    return found


def shipped(lesson: Lesson, data: str, *, solved: bool = False) -> dict[str, bytes]:
    """What a learner's folder holds at the start, or solved. data: the folder that `{data}` in .env
    stands for."""
    found = files(lesson, START)
    if solved:
        found |= files(lesson, SOLUTION)
    if ".env" in found:
        found[".env"] = found[".env"].replace(DATA.encode(), os.fsencode(os.path.abspath(data)))
    return found


def lay_out(lesson: Lesson, folder: str, data: str, *, solved: bool = False) -> None:
    """Write the lesson's app, with its README.md, into a folder; its other files stay. Raises
    UserError."""
    try:
        os.makedirs(data, exist_ok=True)
        text = lesson.readme().encode()
        for path, content in {"README.md": text, **shipped(lesson, data, solved=solved)}.items():
            target = os.path.join(folder, *path.split("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content)
    except OSError as error:
        what = f"cannot write the lesson: {error.strerror or error}"
        raise UserError(what, where=str(error.filename or folder)) from None
