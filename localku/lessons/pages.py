"""What `localku learn` shows, as lines: the course, a lesson and what to do next, a verdict."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from typing import Any

from localku.lessons import course
from localku.lessons.lesson import Lesson
from localku.lessons.paper import BOLD, GREEN, RED, YELLOW, Paper, section
from localku.lessons.place import Place
from localku.lessons.verdict import Verdict

BAR = 32  # columns
TASK = "Task"  # the heading of a README's task


def shown_path(path: str, here: str) -> str:
    """A path as it is typed in `here`: relative when it is below it, else from ~ or whole."""
    path, here = os.path.realpath(path), os.path.realpath(here)
    if path == here:
        return "."
    if path.startswith(os.path.join(here, "")) and here != os.sep:
        return shlex.quote(os.path.relpath(path, here))
    user = os.path.realpath(os.path.expanduser("~"))
    if user != os.sep and path.startswith(os.path.join(user, "")):
        return "~/" + shlex.quote(os.path.relpath(path, user))
    return shlex.quote(path)


def bar(paper: Paper, done: int, total: int) -> str:
    """`[######--------] 6 of 16 lessons done`."""
    full = BAR * done // max(total, 1)
    return f"[{paper.ink(GREEN, '#' * full)}{'-' * (BAR - full)}] {done} of {total} lessons done"


def marks(place: Place, lesson: Lesson) -> str:
    """What the progress knows of a lesson beside done: hints and a solution that were seen."""
    notes = []
    if count := place.progress.hints.get(lesson.folder, 0):
        notes.append(f"{count} hint{'' if count == 1 else 's'}")
    if lesson.folder in place.progress.solutions:
        notes.append("solution seen")
    return ", ".join(notes)


def listing(paper: Paper, place: Place) -> list[str]:
    """All lessons, a line each."""
    lines = []
    wide = max(len(each.title) for each in place.lessons)
    for each in place.lessons:
        mark = paper.ink(GREEN, paper.yes) if place.is_done(each) else " " * len(paper.yes)
        arrow = ">" if each == place.current else " "
        line = f"{arrow} {mark} {each.number:2}  {each.title.ljust(wide)}  "
        rest = fitted(each.factor, marks(place, each), paper.width - len(line) - 1)
        title = paper.ink(BOLD, line.rstrip()) if each == place.current else line.rstrip()
        lines.append(title + line[len(line.rstrip()) :] + rest)
    return [*lines, "", bar(paper, place.done, len(place.lessons))]


def fitted(factor: str, notes: str, room: int) -> str:
    """The factor, and the notes on a lesson, in so many columns: `IX  2 hints, solution`."""
    if notes:
        numbers = ", ".join(re.findall(r"[IVX]+(?=\.)", factor))
        factor = f"{numbers or factor}  {notes.replace(' seen', '')}"
    return factor if len(factor) <= room else factor[: room - 1] + "…"


def head(paper: Paper, place: Place, lesson: Lesson) -> list[str]:
    """A lesson's title, and what is known of it."""
    notes = marks(place, lesson)
    state = paper.ink(GREEN, "done") if place.is_done(lesson) else "not done yet"
    facts = [lesson.factor, f"about {lesson.minutes} minutes", state, *([notes] if notes else [])]
    title = paper.ink(BOLD, f"Lesson {lesson.number} of {len(place.lessons)}: {lesson.title}")
    return [title, " | ".join(facts)]


def screen(
    paper: Paper, place: Place, lesson: Lesson, here: str, other: Lesson | None = None
) -> list[str]:
    """The state of the course, the lesson, its task, and what to type where. other: a lesson whose
    app runs."""
    above = [bar(paper, place.done, len(place.lessons)), "", *head(paper, place, lesson), ""]
    above += [*paper.para(lesson.goal), ""]
    below = ["", *what_next(paper, place, lesson, here, other)]
    task = [paper.ink(BOLD, TASK), *paper.page(section(lesson.readme(), TASK))]
    return [*above, *cut(paper, task, len(above) + len(below)), *below]


def cut(paper: Paper, lines: list[str], others: int) -> list[str]:
    """As many whole paragraphs as fit on the screen beside so many other lines."""
    room = paper.height - others - 1
    if not paper.height or len(lines) <= room:
        return lines
    ends = [at for at, line in enumerate(lines) if not line]
    end = max((at for at in ends if at < room), default=ends[0] if ends else len(lines))
    return [*lines[:end], paper.codes("... more of it: `localku learn read`")]


def what_next(
    paper: Paper, place: Place, lesson: Lesson, here: str, other: Lesson | None
) -> list[str]:
    """Which commands to type in which terminal."""
    folder = place.folder(lesson)
    start = paper.ink("36", f"cd {shown_path(folder, os.sep)}; {start_of(lesson)}")
    lines = [f"Terminal 1:  {start}"]
    if other is not None:
        lines.insert(0, f"Terminal 1:  Ctrl-C ends lesson {other.number}, which runs there. Then:")
        lines[1] = " " * 13 + start
    is_here = os.path.realpath(here) == os.path.realpath(folder)
    go = "" if is_here else f"cd {shown_path(folder, here)}"
    commands = [
        ("localku learn read", "the page of this lesson: what to see, and why"),
        ("localku learn verify", "when you think that you have it"),
        ("localku learn hint", "when you are stuck"),
    ]
    if place.is_done(lesson):
        commands = [("localku learn next", "the next lesson")]
        if place.after(lesson) is None:
            commands = [("localku learn list", "all lessons are done")]
    rows = [*([(go, "")] if go and not place.is_done(lesson) else []), *commands]
    for at, (command, what) in enumerate(rows):
        label = "Terminal 2:  " if at == 0 else " " * 13
        gap = " " * max(2, 22 - len(command))
        if len(command) + len(gap) + len(what) + 13 > paper.width:
            lines += [label + paper.ink("36", command), " " * 35 + what]
        else:
            lines.append((label + paper.ink("36", command) + gap + what).rstrip())
    return lines


def whole(paper: Paper, lesson: Lesson) -> list[str]:
    """Its page; below a long one, how to see it a screen at a time."""
    lines = paper.page(lesson.readme())
    if paper.height and len(lines) >= paper.height:
        hint = f"({len(lines)} lines; a screen at a time: `localku learn read | less`)"
        lines += ["", paper.codes(hint)]
    return lines


def start_of(lesson: Lesson) -> str:
    """The command that its page starts the app with: `localku start -m web=2`."""
    match = re.search(r"^localku start[^#\n]*", lesson.readme(), re.MULTILINE)
    return match[0].strip() if match else "localku start"


def missing(paper: Paper, lesson: Lesson, folder: str, other: Lesson | None) -> list[str]:
    """What to do when the app does not run. other: a lesson whose app does."""
    where = shown_path(folder, os.sep)
    lines = []
    if other is not None:
        lines = paper.para(f"(What runs is lesson {other.number}: end it there with Ctrl-C.)")
    command = paper.ink("36", f"cd {where}; {start_of(lesson)}")
    return [*lines, "Open a second terminal, and type there:", f"    {command}"]


def seen(paper: Paper, text: str) -> list[str]:
    """One thing that was right."""
    return paper.para(text, "    ", f"  {paper.ink(GREEN, paper.yes)} ")


def still(paper: Paper, verdict: Verdict) -> list[str]:
    """What is still wrong, and where to look."""
    lines = paper.para(verdict.wrong, "    ", f"  {paper.ink(RED, paper.no)} ")
    if verdict.look:
        lines += paper.para(f"Look at: {verdict.look}", "    ", "    ")
    return lines


def praise(paper: Paper, place: Place, lesson: Lesson) -> list[str]:
    """A lesson is done: what was learned, and what comes next."""
    lines = ["", paper.ink(GREEN, f"Well done: lesson {lesson.number}, {lesson.title}.")]
    for line in lesson.learned:
        lines += paper.para(line, "  ", "- ")
    lines += ["", bar(paper, place.done, len(place.lessons))]
    after = place.after(lesson)
    if after is None:
        return [*lines, "That was the whole course. `localku doctor` looks at your own app."]
    return [*lines, paper.codes(f"Next: {after.number}, {after.title}: `localku learn next`")]


def hint(paper: Paper, lesson: Lesson, number: int) -> list[str]:
    """One hint."""
    lines = [paper.ink(YELLOW, f"Hint {number} of {len(lesson.hints)}")]
    return lines + paper.page(lesson.hints[number - 1])


def difference(paper: Paper, lesson: Lesson, data: str) -> list[str]:
    """The solution, as a diff against the start."""
    before = course.shipped(lesson, data)
    after = course.shipped(lesson, data, solved=True)
    lines: list[str] = []
    for path in sorted(after):
        old, new = (_lines(files.get(path, b"")) for files in (before, after))
        names = (f"start/{path}" if path in before else "/dev/null", f"solution/{path}")
        for line in difflib.unified_diff(old, new, *names, lineterm=""):
            code = {"+": GREEN, "-": RED, "@": "36"}.get(line[:1], "")
            lines.append(paper.ink(code, line) if code else line)
    return lines


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").splitlines()


def facts(place: Place) -> dict[str, Any]:
    """The course for other tools (--json)."""
    return {
        "folder": place.path,
        "current": place.current.folder,
        "done": place.done,
        "lessons": [
            {
                "number": each.number,
                "name": each.folder,
                "title": each.title,
                "factor": each.factor,
                "goal": each.goal,
                "minutes": each.minutes,
                "folder": place.folder(each),
                "done_at": place.progress.done.get(each.folder),
                "hints": place.progress.hints.get(each.folder, 0),
                "solution_seen": each.folder in place.progress.solutions,
            }
            for each in place.lessons
        ],
    }
