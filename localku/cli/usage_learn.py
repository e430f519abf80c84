"""Help of the course."""

from __future__ import annotations

GROUPS = {
    "Learn twelve-factor design": {
        "learn": "a course: where you are, and what to do next",
        "learn:init": "make the course folder",
        "learn:list": "all lessons, and which are done",
        "learn:read": "a lesson's page",
        "learn:verify": "watch your running app, and say what is still wrong",
        "learn:watch": "the same whenever you save a file",
        "learn:hint": "a hint, then the next one",
        "learn:reset": "a lesson as it was at first; yours is kept",
        "learn:solution": "the solution, as a diff",
        "learn:next": "go to the next lesson",
        "learn:goto": "go to any lesson",
    },
}

_LESSON = """
LESSON is a number or a name. Without it: the lesson in whose folder you are,
unless it is done, or the one that is on.
"""

HELP = {
    "learn": """\
Usage: localku learn [--json]
       localku learn SUBCOMMAND

A course in the terminal. Each lesson is a small app with a flaw: you run it,
see what that does, and mend it. `learn verify` watches your running app
(requests, log lines, dynos, faults) and says what is still wrong; it never
reads your code.

Without a subcommand: how far you are, the task, and what to type where. The
first time it makes the folder localku-course/, after asking.

  learn init [FOLDER]     make the course folder
  learn list [--json]     all lessons, and which are done
  learn read [LESSON]     the lesson's page: what to see, the task, why
  learn verify [LESSON]   judge the app; --start starts it for that time
  learn watch [LESSON]    the same whenever you save a file, until it is right
  learn hint [LESSON]     the first hint, then the next one
  learn reset [LESSON]    as it was at first; your version is kept
  learn solution [LESSON] the solution as a diff; --apply writes it
  learn next              go to the next lesson that is not done
  learn goto LESSON       go to any lesson
"""
    + _LESSON
    + """\

The course folder is found from the current folder upward; --course DIR, or
LOCALKU_COURSE, names another one. The progress is in its localku-learn.json.

Exit status: 0, or 1 while a lesson is not done, 2 for a wrong command.
""",
    "learn:init": """\
Usage: localku learn:init [FOLDER]

Makes the course folder (localku-course), with the apps of all lessons.
""",
    "learn:list": "Usage: localku learn:list [--json]\n",
    "learn:read": f"""\
Usage: localku learn:read [LESSON]

Prints the lesson's page, which is README.md in its folder, too.
{_LESSON}""",
    "learn:verify": f"""\
Usage: localku learn:verify [LESSON] [--start] [--json]

Watches the app that `localku start` runs in the lesson's folder, and says what
it saw, and what is still wrong. What it changes (how many dynos there are,
config vars, faults) it puts back.

  --start         start the app for the time of the check, if it does not run
  --json          as JSON
{_LESSON}
Exit status: 0 if the lesson is done, else 1.
""",
    "learn:watch": f"""\
Usage: localku learn:watch [LESSON]

Verifies when you save a file and when the app restarts, until it is right.
{_LESSON}""",
    "learn:hint": f"""\
Usage: localku learn:hint [LESSON]

Prints the first hint, and each time the next one: from vague to exact.
{_LESSON}""",
    "learn:reset": f"""\
Usage: localku learn:reset [LESSON] [--yes]

Lays the lesson out as it was at first, after asking. Your version goes to
backups/ in the course folder.

  --yes           do not ask
{_LESSON}""",
    "learn:solution": f"""\
Usage: localku learn:solution [LESSON] [--apply]

Shows a solution as a diff against the start. The progress notes that you saw
it.

  --apply         write it; your version goes to backups/ in the course folder
{_LESSON}""",
    "learn:next": "Usage: localku learn:next\n",
    "learn:goto": "Usage: localku learn:goto LESSON\n",
}
