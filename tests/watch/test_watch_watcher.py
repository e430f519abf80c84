"""The watcher over a real tree: what is watched, what is told, what is left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from watch_kit import MANIFEST, Told, Watcher, assert_no_more_threads_than, run, threads, write

from localku.watch import alarm, poller, source
from localku.watch.rules import Change, RuleSet

both_ways = pytest.mark.parametrize("recursive", [False, True], ids=["folders", "tree"])
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is about inotify")


# -- what is ignored -----------------------------------------------------------------------------


IGNORED = """
    a.log lib/b.log build/out.py lib/gen/x.py lib/a.tmp.py .git/index node_modules/x/i.js
    __pycache__/a.cpython-311.pyc .localku/run .app.py.swp app.py~ main.db-wal 4913
    """


@both_ways
def test_ignored_files_cause_nothing(tmp_path: Path, recursive: bool) -> None:
    write(tmp_path / ".gitignore", "*.log\nbuild/\n!keep.log\n")
    write(tmp_path / "lib" / ".gitignore", "gen/\n!gen/x.py\n*.tmp.py\n")
    for folder in ("build", "lib/gen", ".git", "node_modules/x", "__pycache__", ".localku"):
        (tmp_path / folder).mkdir(parents=True)

    async def scene(watcher: Watcher, told: Told) -> None:
        for path in IGNORED.split():
            write(tmp_path / path)
        write(tmp_path / "keep.log")  # negated: git would keep it, but a log restarts no type
        write(tmp_path / "last.py")
        await told.next()

    told = run(tmp_path, scene, recursive=recursive)
    assert told.changes == [Change(frozenset({"web"}), paths=("last.py",))]


@both_ways
def test_a_changed_gitignore_holds_from_then_on(tmp_path: Path, recursive: bool) -> None:
    write(tmp_path / ".gitignore", "out/\n")
    write(tmp_path / "out" / "old.py")
    write(tmp_path / "lib" / "x.py")

    async def scene(watcher: Watcher, told: Told) -> None:
        write(tmp_path / ".gitignore", "lib/\n")
        rules = watcher._lookout._ground  # type: ignore[union-attr]
        await told.until(lambda: "out" in rules._survey.folders)
        write(tmp_path / "lib" / "x.py", "y = 2\n")
        write(tmp_path / "out" / "new.py")
        await told.next()

    told = run(tmp_path, scene, recursive=recursive)
    assert told.paths == {"out/new.py"}


@both_ways
def test_what_comes_and_goes_at_once_is_nothing(tmp_path: Path, recursive: bool) -> None:
    write(tmp_path / "old.py")

    async def scene(watcher: Watcher, told: Told) -> None:
        write(tmp_path / "passing.py")
        (tmp_path / "passing.py").unlink()
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder").rmdir()
        write(tmp_path / "new.py")
        await told.next(1)
        (tmp_path / "new.py").unlink()
        await told.next(2)
        (tmp_path / "old.py").unlink()
        await told.next(3)

    told = run(tmp_path, scene, recursive=recursive)
    assert [change.paths for change in told.changes] == [("new.py",), ("new.py",), ("old.py",)]


def test_types_restart_by_their_own_patterns(tmp_path: Path) -> None:
    async def scene(watcher: Watcher, told: Told) -> None:
        write(tmp_path / "web.py")
        await told.next(1)
        write(tmp_path / "jobs.rb")
        await told.next(2)
        write(tmp_path / "notes.txt")
        write(tmp_path / "both.py.rb")
        await told.next(3)

    patterns = {"web": ["*.py", "both*"], "worker": ["*.rb"], "clock": ["clock/"]}
    told = run(tmp_path, scene, patterns)
    assert [set(c.types) for c in told.changes] == [{"web"}, {"worker"}, {"web", "worker"}]


@linux
def test_ignored_trees_take_no_watches(tmp_path: Path) -> None:
    write(tmp_path / ".gitignore", "vendor/\n")
    for n in range(40):
        for folder in ("node_modules", "vendor", "front/node_modules"):
            (tmp_path / folder / str(n)).mkdir(parents=True)

    async def scene(watcher: Watcher, told: Told) -> None:
        assert watches() - before == 2  # the root and front

    before = watches()
    run(tmp_path, scene, recursive=False)


def watches() -> int:
    """The inotify watches of this process."""
    total = 0
    for fd in alarm.inotify_descriptors():
        total += Path(f"/proc/self/fdinfo/{fd}").read_text().count("inotify wd:")
    return total


# -- folders that come and go --------------------------------------------------------------------


@both_ways
def test_a_new_folder_is_watched(tmp_path: Path, recursive: bool) -> None:
    async def scene(watcher: Watcher, told: Told) -> None:
        write(tmp_path / "a" / "b" / "c" / "one.py")
        await told.until(lambda: "a/b/c/one.py" in told.paths)
        write(tmp_path / "a" / "b" / "two.py")
        await told.until(lambda: "a/b/two.py" in told.paths)
        (tmp_path / "empty").mkdir()
        write(tmp_path / "empty" / "three.py")
        await told.until(lambda: "empty/three.py" in told.paths)

    run(tmp_path, scene, recursive=recursive)


@both_ways
def test_folders_that_are_made_while_a_burst_runs_lose_nothing(
    tmp_path: Path, recursive: bool
) -> None:
    async def scene(watcher: Watcher, told: Told) -> None:
        for n in range(30):
            write(tmp_path / f"d{n}" / "sub" / f"{n}.py")
            await asyncio.sleep(0.003 * (n % 7))  # the pace of the burst, not a wait for it
        for n in range(30):
            number = len(told.changes)
            write(tmp_path / f"d{n}" / "sub" / f"{n}.py", f"x = {n}\n")
            await told.until(lambda number=number: len(told.changes) > number)
            break

    told = run(tmp_path, scene, recursive=recursive, hasty=False)
    assert len(told.changes) <= 5


@both_ways
def test_a_folder_moved_in_and_out(tmp_path: Path, recursive: bool) -> None:
    root, store = tmp_path / "app", tmp_path / "store"
    root.mkdir()
    write(store / "lib" / "x.py")

    async def scene(watcher: Watcher, told: Told) -> None:
        (store / "lib").rename(root / "lib")
        assert (await told.next(1)).paths == ("lib/x.py",)
        write(root / "lib" / "x.py", "y = 2\n")
        await told.next(2)
        (root / "lib").rename(store / "lib")
        assert (await told.next(3)).paths == ("lib/x.py",)
        (store / "lib").rename(root / "lib")
        await told.next(4)
        write(root / "lib" / "x.py", "z = 3\n")
        await told.next(5)

    run(root, scene, {"web": ["*.py"]}, recursive=recursive)


def test_a_folder_deleted_and_made_again(tmp_path: Path) -> None:
    write(tmp_path / "lib" / "x.py")

    async def scene(watcher: Watcher, told: Told) -> None:
        for n in range(1, 7, 2):
            shutil.rmtree(tmp_path / "lib")
            await told.next(n)
            write(tmp_path / "lib" / "x.py")
            await told.next(n + 1)
        write(tmp_path / "lib" / "x.py", "y = 2\n")
        await told.next(7)

    run(tmp_path, scene, debounce=0.01)


def test_more_folders_than_one_watcher_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PART_SIZE", 10)
    monkeypatch.setattr(source, "MOST_PARTS", 5)
    for n in range(35):
        (tmp_path / f"d{n}").mkdir()

    async def scene(watcher: Watcher, told: Told) -> None:
        for n in (0, 17, 34):
            write(tmp_path / f"d{n}" / "x.py")
        await told.until(lambda: {"d0/x.py", "d17/x.py", "d34/x.py"} <= told.paths)
        for n in range(3):  # so many that the watchers are made anew
            write(tmp_path / f"new{n}" / "x.py")
            await told.until(lambda n=n: f"new{n}/x.py" in told.paths)
        write(tmp_path / "d7" / "x.py")
        write(tmp_path / "new0" / "y.py")
        await told.until(lambda: {"d7/x.py", "new0/y.py"} <= told.paths)

    run(tmp_path, scene, debounce=0.001)


def test_a_new_virtual_environment_is_left_alone(tmp_path: Path) -> None:
    async def scene(watcher: Watcher, told: Told) -> None:
        (tmp_path / "env" / "lib").mkdir(parents=True)
        write(tmp_path / "env" / "pyvenv.cfg", "home = /usr\n")
        write(tmp_path / "env" / "lib" / "x.py")
        ground = watcher._lookout._ground  # type: ignore[union-attr]
        await told.until(lambda: ground._survey.ignores.is_ignored("env", folder=True))
        write(tmp_path / "env" / "lib" / "y.py")
        write(tmp_path / "app.py")
        await told.until(lambda: "app.py" in told.paths)

    told = run(tmp_path, scene, {"web": ["*.py"]})
    assert told.paths == {"app.py"}


def test_a_root_that_goes_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "app"
    write(root / "x.py")
    monkeypatch.setattr("localku.watch.ground.PAUSE", 0.02)

    async def scene(watcher: Watcher, told: Told) -> None:
        root.rename(tmp_path / "away")
        await told.until(lambda: bool(told.warnings))
        watcher.refresh()  # a ring in the middle of it does no harm
        (tmp_path / "away").rename(root)
        ground = watcher._lookout._ground  # type: ignore[union-attr]
        await told.until(lambda: bool(ground._source._parts))
        write(root / "y.py")
        await told.until(lambda: "y.py" in told.paths)

    told = run(root, scene)
    assert [warning for warning in told.warnings if "is gone" in warning]


def test_a_root_that_never_was(tmp_path: Path) -> None:
    async def scene(watcher: Watcher, told: Told) -> None:
        raise AssertionError("it cannot stand")

    with pytest.raises(FileNotFoundError):
        run(tmp_path / "missing", scene)


# -- manifest files ------------------------------------------------------------------------------


def test_manifest_files_outside_the_root_and_behind_links(tmp_path: Path) -> None:
    root = tmp_path / "app"
    write(root / "app.py")
    write(tmp_path / "shared.env", "A=1\n")
    write(tmp_path / "real" / "env", "B=1\n")
    (root / ".env").symlink_to("../real/env")
    late = str(tmp_path / "not" / "yet" / "localku.yml")

    async def scene(watcher: Watcher, told: Told) -> None:
        write(tmp_path / "shared.env", "A=2\n")
        assert (await told.next(1)).manifest_files == {"../shared.env"}
        write(tmp_path / "real" / "env", "B=2\n")
        assert (await told.next(2)).manifest_files == {".env"}
        write(tmp_path / "real" / "other", "B=3\n")
        (root / ".env.new").symlink_to("../real/other")
        (root / ".env.new").rename(root / ".env")
        assert (await told.next(3)).manifest_files == {".env"}
        write(tmp_path / "real" / "other", "B=4\n")
        assert (await told.next(4)).manifest_files == {".env"}
        write(Path(late), "a: 1\n")
        assert (await told.next(5)).manifest_files == {late}
        write(Path(late), "a: 2\n")
        assert (await told.next(6)).manifest_files == {late}
        write(tmp_path / "unrelated.py")
        write(root / "app.py", "y = 2\n")
        assert (await told.next(7)) == Change(frozenset({"web"}), paths=("app.py",))

    run(root, scene, manifest=["../shared.env", ".env"], extra_files=[late], debounce=0.005)


def test_only_manifest_files_when_there_are_no_types(tmp_path: Path) -> None:
    async def scene(watcher: Watcher, told: Told) -> None:
        if sys.platform.startswith("linux"):
            assert watches() - before == 1
        write(tmp_path / "app.py")
        write(tmp_path / "sub" / "x.py")
        write(tmp_path / ".env", "A=1\n")
        await told.next()

    for name in ("lib", "web", "jobs"):
        (tmp_path / name).mkdir()
    before = watches()
    told = run(tmp_path, scene, {})
    assert told.changes == [Change(manifest_files=frozenset({".env"}))]


def test_a_named_pipe_as_env_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")

    async def scene(watcher: Watcher, told: Told) -> None:
        write(tmp_path / "Procfile", "web: true\n")
        await told.next()

    assert run(tmp_path, scene).changes[0].manifest_files == {"Procfile"}


def test_refresh_asks_for_the_rules_again(tmp_path: Path) -> None:
    write(tmp_path / "lib" / "x.rb")
    current = [RuleSet(str(tmp_path), {}, ["Procfile"])]

    async def play() -> Told:
        told = Told()
        watcher = Watcher(lambda: current[0], told.change)
        await watcher.start()
        write(tmp_path / "lib" / "x.rb")
        write(tmp_path / "Procfile", "web: true\n")
        await told.next(1)
        current[0] = RuleSet(str(tmp_path), {"web": ["*.rb"]}, ["Procfile", "more.env"])
        watcher.refresh()
        ground = watcher._lookout._ground  # type: ignore[union-attr]
        await told.until(lambda: "lib" in ground._survey.folders)
        write(tmp_path / "lib" / "x.rb", "y = 2\n")
        await told.next(2)
        write(tmp_path / "more.env", "A=1\n")
        await told.next(3)
        await watcher.close()
        return told

    told = asyncio.run(play())
    assert told.changes == [
        Change(manifest_files=frozenset({"Procfile"})),
        Change(frozenset({"web"}), paths=("lib/x.rb",)),
        Change(manifest_files=frozenset({"more.env"})),
    ]


# -- nothing is lost, nothing is left ------------------------------------------------------------


def test_what_changed_before_the_watch_stood_is_told(tmp_path: Path) -> None:
    for path in ("old.py", ".env", "Procfile", "lib/old.py"):
        write(tmp_path / path)
    now = newest(tmp_path)

    async def scene(watcher: Watcher, told: Told) -> None:
        await told.next()

    while newest(tmp_path) <= now:  # the file system's clock goes in steps
        write(tmp_path / "lib" / "new.py")
        write(tmp_path / ".env", "A=2\n")
    told = run(tmp_path, scene, since=(now + 1) / 1e9 + 1e-6)
    assert told.changes == [
        Change(frozenset({"web"}), frozenset({".env"}), paths=("lib/new.py",)),
    ]


def newest(root: Path) -> int:
    return max(path.stat().st_ctime_ns for path in root.rglob("*") if path.is_file())


@both_ways
def test_a_burst_that_goes_on_is_a_few_changes(tmp_path: Path, recursive: bool) -> None:
    (tmp_path / "out").mkdir()

    async def scene(watcher: Watcher, told: Told) -> None:
        end = time.monotonic() + 1.5
        n = 0
        while time.monotonic() < end:
            n += 1
            write(tmp_path / "out" / f"{n}.js")
            await asyncio.sleep(0.01)  # the pace of the build, not a wait for it
        write(tmp_path / "last.js")
        await told.until(lambda: "last.js" in told.paths)

    told = run(tmp_path, scene, recursive=recursive, hasty=False)
    assert len(told.changes) <= 5


def test_a_thousand_saves_all_arrive(tmp_path: Path) -> None:
    names = {f"{n}.py" for n in range(1000)}

    async def scene(watcher: Watcher, told: Told) -> None:
        types = {name: [f"/{name}"] for name in names}
        watcher._rules = RuleSet(str(tmp_path), types)
        watcher.refresh()
        ground = watcher._lookout._ground  # type: ignore[union-attr]
        await told.until(lambda: len(ground._rules.types) == 1000)
        for n, name in enumerate(sorted(names)):
            write(tmp_path / name)
            if n % 50 == 0:
                await asyncio.sleep(0.004)
        await told.until(lambda: names == set().union(*(c.types for c in told.changes)))

    run(tmp_path, scene, debounce=0.001)


def test_a_name_that_is_not_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localku.watch.lookout.PAUSE", 0.02)
    bad = tmp_path / os.fsdecode(b"caf\xe9.py")
    try:
        os.mkdir(os.path.join(os.fsencode(tmp_path), b"d\xe9"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")

    async def scene(watcher: Watcher, told: Told) -> None:
        write(bad)
        write(tmp_path / "app.py")
        await told.until(lambda: bool(told.warnings) and "app.py" in told.paths)
        number = len(told.changes)
        write(tmp_path / "app.py", "y = 2\n")
        await told.until(lambda: len(told.changes) > number)

    run(tmp_path, scene)


def test_polling_when_watchfiles_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    monkeypatch.setattr(poller, "INTERVAL", 0.02)
    write(tmp_path / "lib" / "x.py")

    async def scene(watcher: Watcher, told: Told) -> None:
        assert not alarm.inotify_descriptors()
        for number in range(1, 4):  # within one second, and of one size
            write(tmp_path / "lib" / "x.py", f"x = {number}\n")
            await told.next(number)
        os.utime(tmp_path / "lib" / "x.py")
        await told.next(4)
        write(tmp_path / "new" / "y.py")
        await told.until(lambda: "new/y.py" in told.paths)
        (tmp_path / "new" / "y.py").unlink()
        await told.next(6)
        write(tmp_path / ".env", "A=1\n")
        await told.next(7)

    told = run(tmp_path, scene, debounce=0.001)
    assert not told.warnings


def test_without_a_signal_it_looks_at_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm, "_is_proved", lambda folder: False)

    async def scene(watcher: Watcher, told: Told) -> None:
        write(tmp_path / "x.py")
        await told.next(1)
        write(tmp_path / "new" / "y.py")
        await told.next(2)

    run(tmp_path, scene)


@linux
def test_idle_takes_no_wake_ups(tmp_path: Path) -> None:
    async def scene(watcher: Watcher, told: Told) -> None:
        assert watcher._lookout is not None
        watcher_alarm = watcher._lookout._alarm
        assert watcher_alarm.has_signal
        await told.until(lambda: asleep_for_good(tasks))

    before = set(os.listdir("/proc/self/task"))

    class Tasks(list[str]):
        pass

    tasks = Tasks()

    def asleep_for_good(seen: Tasks) -> bool:
        """Whether a second passed in which no thread of the watch was switched to."""
        mine = [task for task in os.listdir("/proc/self/task") if task not in before]
        counts = {task: switches(task) for task in mine}
        history.append((time.monotonic(), counts))
        old = [then for then in history if history[-1][0] - then[0] >= 1.0]
        return bool(old) and old[-1][1] == counts

    history: list[tuple[float, dict[str, int]]] = []
    run(tmp_path, scene)


def switches(task: str) -> int:
    status = Path(f"/proc/self/task/{task}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)


def test_fifty_watches_leave_nothing(tmp_path: Path) -> None:
    threads_before = threads()
    descriptors = len(os.listdir("/dev/fd"))

    async def play() -> None:
        for _ in range(50):
            watcher = Watcher(RuleSet(str(tmp_path), {"web": None}, MANIFEST), lambda change: None)
            await watcher.start()
            await watcher.close()
            await watcher.close()

    asyncio.run(play())
    assert_no_more_threads_than(threads_before)
    assert len(os.listdir("/dev/fd")) <= descriptors


def test_closing_while_it_starts(tmp_path: Path) -> None:
    async def play() -> None:
        watcher = Watcher(RuleSet(str(tmp_path), {"web": None}), lambda change: None)
        starting = asyncio.create_task(watcher.start())
        await asyncio.sleep(0)
        await watcher.close()
        await starting

    before = threads()
    asyncio.run(play())
    assert_no_more_threads_than(before)


def test_an_error_of_on_change_reaches_the_loop_and_ends_nothing(tmp_path: Path) -> None:
    problems: list[object] = []

    async def play() -> None:
        told = Told()

        def on_change(change: Change) -> None:
            told.change(change)
            raise ValueError("in on_change")

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: problems.append(context["exception"]))
        watcher = Watcher(RuleSet(str(tmp_path), {"web": None}), on_change)
        await watcher.start()
        write(tmp_path / "a.py")
        await told.next(1)
        write(tmp_path / "b.py")
        await told.next(2)
        await watcher.close()

    asyncio.run(play())
    assert [str(problem) for problem in problems] == ["in on_change"] * 2
