"""How far a learner is: one JSON file in the course folder, always written whole.

A file that cannot be read is kept aside under another name, and said: it is never overwritten.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field

from localku.errors import UserError

FILE = "localku-learn.json"  # who has it is a course folder
BROKEN = f"{FILE}.broken"


@dataclass(slots=True)
class Progress:
    """current: folder of the lesson that is on. done: folder -> when, in UTC. hints: folder -> how
    many were shown. solutions: folders whose solution was shown."""

    current: str = ""
    done: dict[str, str] = field(default_factory=dict)
    hints: dict[str, int] = field(default_factory=dict)
    solutions: list[str] = field(default_factory=list)


def parse(text: str) -> Progress:
    """What the file says. Raises ValueError."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    found = Progress(
        value.get("current", ""),
        value.get("done", {}),
        value.get("hints", {}),
        value.get("solutions", []),
    )
    texts = [found.current, *_pairs(found.done), *_pairs(found.hints, int)]
    if not isinstance(found.solutions, list):
        raise ValueError("solutions is no list")
    if not all(isinstance(each, str) for each in [*texts, *found.solutions]):
        raise ValueError("it has something that is no text")
    return found


def _pairs(value: object, kind: type = str) -> list[object]:
    """The keys of a mapping to texts (or numbers). Raises ValueError."""
    if not isinstance(value, dict) or not all(isinstance(x, kind) for x in value.values()):
        raise ValueError("done or hints is not as it was written")
    return list(value)


def read(folder: str) -> tuple[Progress, str]:
    """The progress of a course folder, and a complaint: "" or one line about a file that was broken
    and is now aside. Raises UserError."""
    path = os.path.join(folder, FILE)
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read()), ""
    except (ValueError, UnicodeDecodeError) as error:
        why = str(error)
    except OSError as error:
        raise UserError(f"cannot read the progress: {error.strerror}", where=path) from None
    aside = _free(os.path.join(folder, BROKEN))
    try:
        os.rename(path, aside)
    except OSError as error:
        raise UserError(f"the progress is broken: {error.strerror}", where=path) from None
    return Progress(), f"{path} was broken ({why}); it is now {os.path.basename(aside)}"


def _free(path: str) -> str:
    number, found = 1, path
    while os.path.exists(found):
        number += 1
        found = f"{path}-{number}"
    return found


def write(folder: str, progress: Progress) -> None:
    """Write it, whole or not at all. Raises UserError."""
    path = os.path.join(folder, FILE)
    draft = f"{path}.{os.getpid()}.new"
    try:
        with open(draft, "w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(progress), indent=2) + "\n")
        os.replace(draft, path)
    except OSError as error:
        raise UserError(f"cannot write the progress: {error.strerror}", where=path) from None
