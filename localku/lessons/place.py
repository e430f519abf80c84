"""The learner's course folder: one folder a lesson, their data, backups, and the progress."""

from __future__ import annotations

import os
import shutil
from datetime import datetime

from localku.errors import UserError
from localku.lessons import course, progress
from localku.lessons.lesson import Lesson
from localku.lessons.progress import Progress
from localku.platform import home

NAME = "localku-course"
DATA, BACKUPS = "data", "backups"
KEPT = home.FOLDER  # the state of the app that may run there: not the learner's work


class Place:
    """A course folder. path: absolute. lessons: of the course. complaint: of its progress file."""

    def __init__(self, path: str, lessons: list[Lesson]) -> None:
        self.path = path
        self.lessons = lessons
        self.progress, self.complaint = progress.read(path)
        if self.complaint:
            self.save()

    def save(self) -> None:
        """Write the progress down. Raises UserError."""
        progress.write(self.path, self.progress)

    def folder(self, lesson: Lesson) -> str:
        """Where the learner works on it."""
        return os.path.join(self.path, lesson.folder)

    def data(self, lesson: Lesson) -> str:
        """Where its backing service is: outside the slug."""
        return os.path.join(self.path, DATA, lesson.folder)

    def ensure(self, lesson: Lesson) -> None:
        """Lay it out, if it is not there."""
        if not os.path.isdir(self.folder(lesson)):
            course.lay_out(lesson, self.folder(lesson), self.data(lesson))

    def is_done(self, lesson: Lesson) -> bool:
        """Whether it was verified once."""
        return lesson.folder in self.progress.done

    @property
    def done(self) -> int:
        """How many are."""
        return sum(self.is_done(each) for each in self.lessons)

    @property
    def current(self) -> Lesson:
        """The lesson that is on: the one that was chosen, or the first that is not done."""
        for each in self.lessons:
            if each.folder == self.progress.current:
                return each
        return self.after(None) or self.lessons[-1]

    def after(self, lesson: Lesson | None) -> Lesson | None:
        """The next lesson that is not done, from there on, and then from the beginning."""
        number = lesson.number if lesson is not None else 0
        open_ones = [each for each in self.lessons if not self.is_done(each) and each != lesson]
        later = [each for each in open_ones if each.number > number]
        return next(iter(later or open_ones), None)

    def meant(self, word: str, here: str) -> Lesson:
        """The lesson that a command is about: the one named, the one in whose folder we are unless
        it is done, or the current one. Raises UserError."""
        if word:
            return course.find(self.lessons, word)
        inside = os.path.relpath(os.path.realpath(here), os.path.realpath(self.path))
        first = inside.split(os.sep)[0]
        open_ones = [each for each in self.lessons if not self.is_done(each)]
        return next((each for each in open_ones if each.folder == first), self.current)

    def back_up(self, lesson: Lesson) -> str:
        """Copy the learner's version, and its data, to a folder of their own; returns it. Raises
        UserError."""
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        base = os.path.join(self.path, BACKUPS, f"{lesson.folder}-{stamp}")
        target, number = base, 1
        while os.path.exists(target):
            number += 1
            target = f"{base}-{number}"
        skip = shutil.ignore_patterns(KEPT, "__pycache__")
        try:
            shutil.copytree(self.folder(lesson), target, symlinks=True, ignore=skip)
            if os.path.isdir(self.data(lesson)) and os.listdir(self.data(lesson)):
                shutil.copytree(self.data(lesson), f"{target}-data", symlinks=True)
        except (OSError, shutil.Error) as error:
            what = f"cannot make a backup, so nothing was changed: {error}"
            raise UserError(what, where=target) from None
        return target

    def reset(self, lesson: Lesson) -> str:
        """Lay it out as it was at first; returns where the learner's version is now, "" when there
        was none. The app's state (formation, config vars, releases) goes there, too, unless the app
        runs. Raises UserError."""
        folder, backup = self.folder(lesson), ""
        state = os.path.join(folder, KEPT)
        if os.path.isdir(folder):
            backup = self.back_up(lesson)
            if os.path.isdir(state) and not home.is_claimed(state):
                shutil.move(state, os.path.join(backup, KEPT))
            _empty(folder)
            _empty(self.data(lesson))
        course.lay_out(lesson, folder, self.data(lesson))
        return backup

    def solve(self, lesson: Lesson) -> str:
        """Write the solution over the learner's version, with no data, as those may be broken;
        returns where both are now."""
        self.ensure(lesson)
        backup = self.back_up(lesson)
        _empty(self.data(lesson))
        course.lay_out(lesson, self.folder(lesson), self.data(lesson), solved=True)
        return backup


def _empty(folder: str) -> None:
    try:
        for entry in os.scandir(folder) if os.path.isdir(folder) else ():
            if entry.is_dir(follow_symlinks=False):
                if entry.name != KEPT:
                    shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
    except OSError as error:
        what = f"cannot empty the folder: {error.strerror}"
        raise UserError(what, where=str(error.filename or folder)) from None


def find(start: str) -> str:
    """The course folder that a command means, or "": from there upward, the folder itself or the
    localku-course/ in it."""
    here = os.path.abspath(start)
    while True:
        for path in (here, os.path.join(here, NAME)):
            if os.path.exists(os.path.join(path, progress.FILE)):
                return path
        above = os.path.dirname(here)
        if above == here:
            return ""
        here = above


def make(path: str, lessons: list[Lesson]) -> Place:
    """Make a course folder, with all lessons. Raises UserError for one that has something else."""
    path = os.path.abspath(path)
    if os.path.exists(os.path.join(path, progress.FILE)):
        raise UserError("the course is there already", where=path, hint="see `localku learn`")
    try:
        if os.path.exists(path) and os.listdir(path):
            hint = "name another one: localku learn init FOLDER"
            raise UserError("the folder is not empty", where=path, hint=hint)
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder: {error.strerror}", where=path) from None
    progress.write(path, Progress())
    made = Place(path, lessons)
    for each in lessons:
        made.ensure(each)
    return made
