"""Capped dynos in real control groups, where this machine lets us have them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Folder, Running, wait_until

from localku.dynos import cage, cgroup
from localku.dynos.cgroup import Ground

# a second of work, then the thousandths of a core that it got
BURN = """
import time
print("group", open("/proc/self/cgroup").read().replace("\\n", " "), flush=True)
began, used = time.monotonic(), time.process_time()
while time.monotonic() < began + 1:
    pass
print("used", round(1000 * (time.process_time() - used) / (time.monotonic() - began)), flush=True)
time.sleep(600)
"""


@pytest.fixture
def ground() -> Iterator[Ground]:
    found = cgroup.prepare()
    if not found.folder:
        pytest.skip(f"no control groups here: {found.why}")
    yield found
    found.close()
    assert not Path(found.folder).exists()


def capped(app: Running) -> str:
    """The folder of its groups; skips where dynos can only be observed."""
    said = app.wait_for(r"app\[api\]: (Capped by cgroup v\d: .*|Not capped, only observed: .*)$")
    if said[1].startswith("Not"):
        app.wait_for(r"No control group for dynos: .+$")
        pytest.skip("no control groups here")
    for hierarchy in cgroup.hierarchies(
        Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()
    ):
        for parent in hierarchy.upward():
            if os.path.isdir(folder := f"{parent}/localku-{app.proc.pid}"):
                return folder
    raise AssertionError("it said that dynos are capped, and there is no group")


def test_a_group_is_made_held_and_removed(ground: Ground) -> None:
    made = ground.cage("web.1", 7, 0.5, 0)
    assert made is not None
    cage.enter(made)
    try:
        child = subprocess.Popen(["sleep", "600"])
    finally:
        cage.leave(made)
    folder = Path(made[0])
    assert (folder / "cgroup.procs").read_text().split() == [str(child.pid)]
    for name, text in made[2]:
        assert (folder / name).read_text().split() == text.split()
    assert not cage.remove(made[0])  # somebody is in it
    child.kill()
    child.wait()
    wait_until(lambda: cage.remove(made[0]), "the empty group goes")


def test_a_group_that_is_busy_for_a_moment_more_is_removed_all_the_same(ground: Ground) -> None:
    made = ground.cage("web.1", 8, 0.5, 0)
    assert made is not None
    cage.enter(made)
    try:
        child = subprocess.Popen(["sleep", "600"])
    finally:
        cage.leave(made)
    ending = threading.Timer(0.05, child.kill)
    ending.start()
    ground.close()
    ending.join()
    child.wait()
    assert not Path(ground.folder).exists()


def test_a_group_that_cannot_be_made_leaves_nobody_astray(ground: Ground) -> None:
    before = Path("/proc/self/cgroup").read_text()
    with pytest.raises(OSError):
        cage.enter((f"{ground.folder}/x", ground.home, [("no.such.file", "1")]))
    assert Path("/proc/self/cgroup").read_text() == before
    assert not Path(f"{ground.folder}/x").exists()


def test_what_a_killed_platform_left_is_swept_and_what_lives_is_not(ground: Ground) -> None:
    parent = os.path.dirname(ground.folder)
    left = f"{parent}/localku-left-{os.getpid()}"
    os.mkdir(left)
    if ground.version == 2:
        wanted = " ".join(f"+{name}" for name in ground.controllers)
        cage.write(f"{left}/cgroup.subtree_control", wanted)
    os.mkdir(f"{left}/web.1.1")
    orphan = subprocess.Popen(["sleep", "600"])
    cage.write(f"{left}/web.1.1/cgroup.procs", str(orphan.pid))
    swept = cgroup.sweep(parent)
    assert left in swept and ground.folder not in swept
    assert orphan.wait(5) == -signal.SIGKILL
    wait_until(lambda: cage.remove_all(left), "the groups go")
    assert Path(ground.folder).exists()


def test_a_dyno_is_born_in_its_group_and_gets_its_share(folder: Folder) -> None:
    folder.write("burn.py", BURN)
    folder.write("Procfile", "worker: exec python3 burn.py\n")
    app = folder.start("--dyno-cpu", "0.25", "-m", "worker=2")
    base = capped(app)
    for number in (1, 2):
        app.wait_for(rf"app\[worker\.{number}\]: group .*/worker\.{number}\.\d+")
        used = int(app.wait_for(rf"app\[worker\.{number}\]: used (\d+)")[1])
        assert used < 450  # thousandths of a core; uncapped it is 1000 on an idle machine
    assert len([each for each in os.scandir(base) if each.is_dir()]) == 2
    app.signal(signal.SIGTERM)
    app.wait()
    assert not os.path.exists(base)


def test_ps_type_caps_and_the_next_start_remembers(folder: Folder) -> None:
    folder.write("burn.py", BURN)
    folder.write("Procfile", "web: exec python3 burn.py\nworker: exec python3 burn.py\n")
    app = folder.start("-m", "web=0,worker=1")
    app.wait_for(r"worker\.1\]: State changed from starting to up$")
    assert "Nothing is capped" in app.cli("ps:type").stdout
    assert "Capped" not in app.text
    done = app.cli("ps:type", "worker=standard-2x")
    assert done.returncode == 0, done.stderr
    base = capped(app)
    app.wait_for(r"worker\.1\]: State changed from starting to up$", count=2)
    app.wait_for(r"group .*/worker\.1\.\d+")
    assert re.search(r"^Capped by cgroup v\d: worker at 0\.333 core, 1024MB$", done.stdout, re.M)
    app.signal(signal.SIGTERM)
    app.wait()
    assert not os.path.exists(base)

    again = folder.start()
    assert "worker at 0.333 core" in again.wait_for(r"Capped by .*$")[0]
    again.wait_for(r"group .*/worker\.1\.\d+")
    began = again.text.count("heroku[worker.1]: Starting process")
    assert began == 1  # its first run has the cap already

    again.signal(signal.SIGTERM)
    again.wait()
    free = folder.start("--no-cap-dynos")
    free.wait_for(r"app\[worker\.1\]: used")
    assert "apped" not in free.text


def test_nothing_is_left_when_localku_is_killed(folder: Folder) -> None:
    folder.write("Procfile", "worker: exec sleep 600\n")
    app = folder.start("--cap-dynos")
    base = capped(app)
    app.wait_for(r"worker\.1\]: State changed from starting to up$")
    app.signal(signal.SIGKILL)
    app.wait()
    app.assert_nothing_left()
    wait_until(
        lambda: not any(name.startswith("worker.1") for name in _names(base)), "its group goes"
    )


def test_a_run_of_a_chosen_size_is_capped(folder: Folder) -> None:
    folder.write("Procfile", "worker: exec sleep 600\n")
    app = folder.start()
    app.wait_for(r"worker\.1\]: State changed from starting to up$")
    done = app.cli("run", "--size", "standard-2x", "cat /proc/self/cgroup")
    assert done.returncode == 0, done.stderr
    capped_by = re.search(r"run\.\d+\.\d+$", done.stdout, re.M)
    assert capped_by or "Not capped" in app.cli("ps:type").stdout
    free = app.cli("run", "cat /proc/self/cgroup")
    assert "/run." not in free.stdout


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
