"""The files of an app's folder: on Heroku a disk of each dyno's own, which ends with it."""

from __future__ import annotations

import os

NOT_READ = {".localku", ".git", "__pycache__"}


def sizes(folder: str) -> dict[str, int]:
    """The files of the slug, and how long they are. Links (to /dev/stdout) are none."""
    found = {}
    for top, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each not in NOT_READ]
        for name in names:
            path = os.path.join(top, name)
            if os.path.isfile(path) and not os.path.islink(path):
                found[os.path.relpath(path, folder)] = os.path.getsize(path)
    return found


def grown(folder: str, before: dict[str, int], marks: list[str]) -> set[str]:
    """The files whose new part has one of the marks."""
    found = set()
    for path in sizes(folder):
        with open(os.path.join(folder, path), "rb") as file:
            file.seek(before.get(path, 0))
            text = file.read(1 << 20)
        if any(mark.encode() in text for mark in marks):
            found.add(path)
    return found
