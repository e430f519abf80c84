"""examples/README.md names every example and every app of the course, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INDEX = (ROOT / "examples" / "README.md").read_text()


def folders(path: Path) -> set[str]:
    """The folders in it that are apps."""
    return {each.name for each in path.iterdir() if each.is_dir() and each.name[0] not in "._"}


def test_every_example_is_named_and_says_of_itself_what_it_is() -> None:
    apps = folders(ROOT / "examples")
    assert set(re.findall(r"\[(\w+)\]\((\1)\)", INDEX)) == {(name, name) for name in apps}
    for name in apps:
        assert (ROOT / "examples" / name / "README.md").is_file()
        procfile = (ROOT / "examples" / name / "Procfile").read_text()
        types = re.findall(r"^(\w+):", procfile, re.MULTILINE)
        assert f"[{name}]({name}) | {', '.join(types)} |" in INDEX


def test_every_app_of_the_course_is_named() -> None:
    named = re.findall(r"^\| `(\d\d_\w+)` \|", INDEX, re.MULTILINE)
    assert named == sorted(set(named)) and len(named) == 16
    assert folders(ROOT / "localku" / "lessons" / "course") == set(named)
