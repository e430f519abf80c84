"""`localku learn`: the course in the terminal; one function a subcommand.

Exit status: 0, or 1 when a lesson is not done yet or something is wrong, 2 for a wrong command.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from localku.cli.client import USAGE, Options, say
from localku.errors import UserError
from localku.lessons import course, pages, paper, place
from localku.lessons.lesson import Lesson
from localku.lessons.place import Place

HERE = "."


class Words:
    """A subcommand's arguments. given: the words that are no flags."""

    def __init__(self, name: str, argv: list[str], most: int, *flags: str) -> None:
        parser = Options(name)
        parser.add_argument("words", nargs="*")
        parser.add_argument("--course", default=os.environ.get("LOCALKU_COURSE", ""))
        for flag in flags:
            parser.add_argument(flag, action="store_true")
        self.options = parser.read(argv)
        self.given: list[str] = self.options.words
        self.paper = paper.of_stdout()
        if len(self.given) > most:
            hint = f"see `localku help {name}`"
            what = f"{name.replace(':', ' ')} does not take {' '.join(self.given[most:])}"
            raise UserError(what, hint=hint, status=USAGE)

    @property
    def first(self) -> str:
        """The first word, or ""."""
        return self.given[0] if self.given else ""

    def flag(self, name: str) -> bool:
        """Whether --name was given."""
        return bool(getattr(self.options, name))

    def found(self) -> Place | None:
        """The course folder, if there is one. Raises UserError for a --course that is none."""
        wanted = self.options.course
        path = place.find(wanted or HERE)
        if wanted and path not in (
            os.path.abspath(wanted),
            os.path.abspath(f"{wanted}/{place.NAME}"),
        ):
            raise UserError("there is no course", where=wanted, hint="localku learn init FOLDER")
        if not path:
            return None
        it = Place(path, course.all_lessons())
        if it.complaint:
            say(f"localku: {it.complaint}; the course starts at the beginning")
        return it

    def place(self) -> Place:
        """The course folder. Raises UserError."""
        it = self.found()
        if it is None:
            hint = "make it with `localku learn init`, or go to where it is"
            raise UserError(f"there is no {place.NAME} here", hint=hint)
        return it


def main(name: str, argv: list[str]) -> int:
    """Run one of them; returns its exit status. Raises UserError."""
    return COMMANDS[name](name, argv)


def learn(name: str, argv: list[str]) -> int:
    """The course, the lesson that is on, and what to do next."""
    words = Words(name, argv, 0, "--json")
    it = words.found()
    if it is None:
        if words.flag("json") or not (sys.stdin.isatty() and sys.stdout.isatty()):
            words.place()
        it = _first_time()
        if it is None:
            return 1
    if words.flag("json"):
        print(json.dumps(pages.facts(it), indent=2))
        return 0
    _show(words, it, it.meant("", HERE))
    return 0


def _first_time() -> Place | None:
    lessons = course.all_lessons()
    print(f"A course of {len(lessons)} lessons in twelve-factor design. Each is a small app with a")
    print("flaw that you see, and mend, while it runs; localku watches it and says what it saw.")
    print()
    if not agreed(f"Make the folder {place.NAME}/ here, with the apps in it?", default=True):
        print("`localku learn init FOLDER` makes it somewhere else.")
        return None
    print()
    return place.make(place.NAME, lessons)


def agreed(question: str, *, default: bool = False) -> bool:
    """Ask; no answer is the default. Raises UserError when nobody can be asked."""
    if not sys.stdin.isatty():
        raise UserError("there is no terminal to ask at", hint="--yes says yes")
    answer = input(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
    return default if not answer else answer in ("y", "yes")


def init(name: str, argv: list[str]) -> int:
    """Make the course folder."""
    words = Words(name, argv, 1)
    it = place.make(words.first or words.options.course or place.NAME, course.all_lessons())
    print(f"Made {pages.shown_path(it.path, HERE)}: {len(it.lessons)} lessons.")
    print()
    _show(words, it, it.current)
    return 0


def listing(name: str, argv: list[str]) -> int:
    """All lessons, and which are done."""
    words = Words(name, argv, 0, "--json")
    it = words.place()
    if words.flag("json"):
        print(json.dumps(pages.facts(it), indent=2))
    else:
        paper.show(pages.listing(words.paper, it))
    return 0


def read(name: str, argv: list[str]) -> int:
    """A lesson's page."""
    words = Words(name, argv, 1)
    it, lesson = _lesson(words)
    paper.show(pages.whole(words.paper, lesson))
    return 0


def verify(name: str, argv: list[str]) -> int:
    """Judge the learner's running app."""
    from localku.lessons.verifying import Verifying

    words = Words(name, argv, 1, "--start", "--json")
    it, lesson = _lesson(words)
    verifying = Verifying(words.paper, it, lesson, HERE)
    return verifying.once(start=words.flag("start"), as_json=words.flag("json"))


def watch(name: str, argv: list[str]) -> int:
    """Judge it again and again, until it is right."""
    from localku.lessons.verifying import Verifying

    words = Words(name, argv, 1)
    it, lesson = _lesson(words)
    return Verifying(words.paper, it, lesson, HERE).watch()


def hint(name: str, argv: list[str]) -> int:
    """The first hint, then the next one."""
    words = Words(name, argv, 1)
    it, lesson = _lesson(words)
    known = it.progress.hints.get(lesson.folder, 0)
    number = min(known + 1, len(lesson.hints))
    paper.show(pages.hint(words.paper, lesson, number))
    if known >= len(lesson.hints):
        print("That was the last one. `localku learn solution` shows how it ends.")
    elif number < len(lesson.hints):
        print("Once more for the next one.")
    it.progress.hints[lesson.folder] = number
    it.save()
    return 0


def reset(name: str, argv: list[str]) -> int:
    """Lay a lesson out as it was at first."""
    words = Words(name, argv, 1, "--yes")
    it, lesson = _lesson(words)
    where = pages.shown_path(it.folder(lesson), os.sep)
    if not words.flag("yes") and not agreed(f"Put {where} back as it was at first?"):
        print("Nothing was changed.")
        return 1
    backup = it.reset(lesson)
    print(f"{where} is as it was at first.")
    _tell_backup(it, lesson, backup)
    return 0


def solution(name: str, argv: list[str]) -> int:
    """Show the solution, or write it."""
    words = Words(name, argv, 1, "--apply")
    it, lesson = _lesson(words)
    if lesson.folder not in it.progress.solutions:
        it.progress.solutions.append(lesson.folder)
        it.save()
        say("(The progress notes that the solution was seen.)")
    if not words.flag("apply"):
        paper.show(pages.difference(words.paper, lesson, it.data(lesson)))
        say("`localku learn solution --apply` writes it into your folder.")
        return 0
    backup = it.solve(lesson)
    print(f"The solution is in {pages.shown_path(it.folder(lesson), os.sep)}.")
    _tell_backup(it, lesson, backup)
    return 0


def _tell_backup(it: Place, lesson: Lesson, backup: str) -> None:
    from localku.lessons.verdict import app_in

    if backup:
        print(f"Your version is in {pages.shown_path(backup, os.sep)}.")
    if app_in(it.folder(lesson)) is not None:
        print("The app runs: end it with Ctrl-C and start it again, so that all is taken up.")


def following(name: str, argv: list[str]) -> int:
    """Go to the next lesson that is not done."""
    words = Words(name, argv, 0)
    it = words.place()
    now = it.current
    after = it.after(now)
    if after is None:
        what = "all lessons are done" if it.is_done(now) else "all others are done"
        print(f"There is no next lesson: {what}.")
        return 0
    if not it.is_done(now):
        say(f"(Lesson {now.number} stays open.)")
    return _go(words, it, after)


def goto(name: str, argv: list[str]) -> int:
    """Go to one lesson."""
    words = Words(name, argv, 1)
    if not words.first:
        raise UserError("go to which lesson?", hint="localku learn goto 4", status=USAGE)
    it = words.place()
    return _go(words, it, course.find(it.lessons, words.first))


def _go(words: Words, it: Place, lesson: Lesson) -> int:
    it.progress.current = lesson.folder
    it.ensure(lesson)
    it.save()
    _show(words, it, lesson)
    return 0


def _show(words: Words, it: Place, lesson: Lesson) -> None:
    from localku.lessons.verdict import other_running

    it.ensure(lesson)
    paper.show(pages.screen(words.paper, it, lesson, HERE, other_running(it, lesson)))


def _lesson(words: Words) -> tuple[Place, Lesson]:
    it = words.place()
    lesson = it.meant(words.first, HERE)
    it.ensure(lesson)
    return it, lesson


COMMANDS: dict[str, Callable[[str, list[str]], int]] = {
    "learn": learn,
    "learn:init": init,
    "learn:list": listing,
    "learn:read": read,
    "learn:verify": verify,
    "learn:watch": watch,
    "learn:hint": hint,
    "learn:reset": reset,
    "learn:solution": solution,
    "learn:next": following,
    "learn:goto": goto,
}
