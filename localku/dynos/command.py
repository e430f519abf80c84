"""Is there a program of that name? Asked before anything starts, so that a typo in the Procfile is
one clear line and not a dyno that crashes for ever. START PATH.

It judges only what is certain: the first plain word of a command line. Whatever the shell would
have to work out (variables, substitutions, functions) is left to the shell.
"""

from __future__ import annotations

import os

# POSIX XCU 2.9, 2.14 and 1.6: words that the shell itself answers to
_WORDS = """
. : ! { ( [ [[ alias bg break case cd command continue echo eval exec exit export false fc fg for
function getopts hash if jobs kill let local printf pwd read readonly return select set shift source
test time times trap true type ulimit umask unalias unset until wait while
"""
SHELL_WORDS = frozenset(_WORDS.split())
COMPOUND = frozenset(";&|()`{}!#\\\n")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PLAIN = frozenset(LETTERS + LETTERS.upper() + "0123456789_-+./@%,:")


def program(command: str) -> str:
    """The program that a command line starts, or "" when only the shell can tell."""
    for word in command.split():
        name, equals, _ = word.partition("=")
        if equals and name.isidentifier() and not set(word) & set("'\"$`\\"):
            continue  # `KEY=value command`
        if word == "exec":
            continue
        if word in SHELL_WORDS or not PLAIN.issuperset(word):
            return ""
        return word
    return ""


def with_exec(command: str) -> str:
    """Have a simple command take the shell's place, as bash does on Heroku and dash does not.

    Its own exit status is then the dyno's, and no shell stays beside it. Whatever holds more than
    one command is left as it is: `exec a; b` would lose b.
    """
    first = command.split(None, 1)[:1]
    simple = not COMPOUND & set(command) and first == [program(command)]
    return f"exec {command}" if simple and first else command


def missing(command: str, path: str, cwd: str) -> str:
    """The name of the program that `command` starts, if it is certain that there is none; or "".

    path: the dyno's PATH. cwd: where it runs.
    """
    name = program(command)
    if not name:
        return ""
    if "/" in name:
        places = [os.path.join(cwd, name)]
    else:
        places = [os.path.join(cwd, folder, name) for folder in path.split(os.pathsep)]
    return "" if any(_is_program(place) for place in places) else name


def _is_program(place: str) -> bool:
    return os.access(place, os.X_OK) and not os.path.isdir(place)
