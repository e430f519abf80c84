"""How editors and tools save, each with a real watcher: what is told, and how often."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from watch_kit import Told, Watcher, run, write


def vim(path: Path) -> None:
    """Probe, swap file, the old file aside, the new one in its place, the backup removed."""
    swap = path.with_name(f".{path.name}.swp")
    swap.write_text("swap")
    probe = path.with_name("4913")
    probe.write_text("")
    probe.unlink()
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    path.write_text("vim = 1\n")
    backup.unlink()
    swap.unlink()


def vscode(path: Path) -> None:
    with path.open("r+") as file:
        file.truncate(0)
        file.write("code = 1\n")


def atomic(path: Path) -> None:
    new = path.with_name(path.name + ".tmp")
    new.write_text("atomic = 1\n")
    new.replace(path)


def from_elsewhere(path: Path) -> None:
    new = path.parent.parent / "new-file"
    new.write_text("moved = 1\n")
    new.replace(path)


def sed(path: Path) -> None:
    suffix = [""] if sys.platform == "darwin" else []
    subprocess.run(["sed", "-i", *suffix, "s/x/y/", str(path)], check=True)


def emacs(path: Path) -> None:
    lock = path.with_name(f".#{path.name}")
    lock.symlink_to("person@host.1234")
    path.with_name(f"#{path.name}#").write_text("autosave")
    path.write_text("emacs = 1\n")
    path.with_name(f"#{path.name}#").unlink()
    lock.unlink()


def touch(path: Path) -> None:
    os.utime(path)


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("more = 1\n")


def delete(path: Path) -> None:
    path.unlink()


def delete_and_make(path: Path) -> None:
    path.unlink()
    path.write_text("again = 1\n")


def hard_link(path: Path) -> None:
    other = path.parent.parent / "other"
    other.write_text("linked = 1\n")
    path.unlink()
    os.link(other, path)


SAVES = [vim, vscode, atomic, from_elsewhere, sed, emacs, touch, append, delete, delete_and_make]
by_name = pytest.mark.parametrize("save", [*SAVES, hard_link], ids=lambda save: save.__name__)
both_ways = pytest.mark.parametrize("recursive", [False, True], ids=["folders", "tree"])


@by_name
@both_ways
def test_a_save_is_one_change(
    tmp_path: Path, save: Callable[[Path], None], recursive: bool
) -> None:
    root = tmp_path / "app"
    write(root / "app.py")

    async def scene(watcher: Watcher, told: Told) -> None:
        save(root / "app.py")
        await told.next()
        await still(root, told)

    patterns = {"web": ["*.py"], "worker": ["*.rb"]}
    told = run(root, scene, patterns, recursive=recursive)
    assert [change.types for change in told.changes[:-1]] == [{"web"}]
    assert told.changes[0].paths == ("app.py",)


async def still(root: Path, told: Told) -> None:
    """Wait until all that was done is told, by a change of another kind that comes last."""
    write(root / "last.rb")
    await told.until(lambda: bool(told.changes) and "worker" in told.changes[-1].types)


@by_name
def test_a_save_of_the_env_file_is_one_change_of_it(
    tmp_path: Path, save: Callable[[Path], None]
) -> None:
    root = tmp_path / "app"
    write(root / ".env", "x=1\n")

    async def scene(watcher: Watcher, told: Told) -> None:
        save(root / ".env")
        if save is touch:  # it holds what it held
            write(root / "Procfile", "web: true\n")
        await told.next()

    told = run(root, scene, {})
    expected = "Procfile" if save is touch else ".env"
    assert [set(change.manifest_files) for change in told.changes] == [{expected}]


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_vim_itself(tmp_path: Path) -> None:
    write(tmp_path / "app.py")

    async def scene(watcher: Watcher, told: Told) -> None:
        command = ["vim", "-u", "NONE", "-es", "-c", "normal Ahello", "-c", "wq", "app.py"]
        await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, stdin=subprocess.DEVNULL, check=False
        )
        await told.next()
        await still(tmp_path, told)

    told = run(tmp_path, scene, {"web": ["*.py"], "worker": ["*.rb"]}, hasty=False)
    assert [set(change.types) for change in told.changes] == [{"web"}, {"worker"}]


def test_the_env_file_deleted_and_made_again(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    write(env, "A=1\n")

    async def scene(watcher: Watcher, told: Told) -> None:
        env.unlink()
        await told.next(1)
        write(env, "A=1\n")
        await told.next(2)
        write(env, "A=1\n")  # no byte is another
        write(tmp_path / "Procfile", "web: true\n")
        await told.next(3)
        write(env, "A=2\n")
        await told.next(4)

    told = run(tmp_path, scene, {})
    files = [set(change.manifest_files) for change in told.changes]
    assert files == [{".env"}, {".env"}, {"Procfile"}, {".env"}]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_checkout_of_500_files_is_one_change(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    for number in range(500):
        write(tmp_path / f"pkg{number % 20}" / f"m{number}.py", f"x = {number}\n")
    git("add", ".")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "two")
    for number in range(500):
        write(tmp_path / f"pkg{number % 20}" / f"m{number}.py", f"y = {number}\n")
        write(tmp_path / f"new{number % 20}" / f"m{number}.py", f"y = {number}\n")
    git("add", ".")
    git("commit", "-qm", "two")

    async def scene(watcher: Watcher, told: Told) -> None:
        await asyncio.to_thread(git, "checkout", "-q", "main")
        await told.next()
        await still(tmp_path, told)

    told = run(tmp_path, scene, {"web": ["*.py"], "worker": ["*.rb"]}, hasty=False)
    assert [set(change.types) for change in told.changes] == [{"web"}, {"worker"}]
