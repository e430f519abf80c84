"""The kernel's limits of inotify, set low in a user namespace of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from watch_kit import DEADLINE

SCENE = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from watch_kit import run, write
from localku.watch import alarm, poller

poller.INTERVAL = 0.02
root = Path(sys.argv[1])

async def scene(watcher, told):
    if "later" in sys.argv:
        for n in range(30):
            (root / f"new{n}").mkdir()
        await told.until(lambda: bool(told.warnings))
    assert len(told.warnings) == 1, told.warnings
    write(root / "d7" / "x.py")
    write(root / "late" / "y.py")
    await told.until(lambda: {"d7/x.py", "late/y.py"} <= told.paths)
    await told.until(lambda: not alarm.inotify_descriptors())

print(run(root, scene).warnings[0])
"""


def can_unshare() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        tried = subprocess.run(["unshare", "-Ur", "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="user namespaces cannot be made here")
@pytest.mark.parametrize(
    ("limit", "number", "when", "cure"),
    [
        ("max_inotify_watches", 10, "at once", "sysctl fs.inotify.max_user_watches=524288"),
        ("max_inotify_watches", 30, "later", "sysctl fs.inotify.max_user_watches=524288"),
        ("max_inotify_instances", 0, "at once", "sysctl fs.inotify.max_user_instances=1024"),
    ],
    ids=["watches", "watches, later", "instances"],
)
def test_past_the_limit_it_polls_and_says_so(
    tmp_path: Path, limit: str, number: int, when: str, cure: str
) -> None:
    for n in range(20):
        (tmp_path / f"d{n}").mkdir()
    script = f'echo {number} > /proc/sys/user/{limit} && exec "$@"'
    python = [sys.executable, "-W", "error", "-c", SCENE, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", script, "sh", *python, when],
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert cure in done.stdout
    assert "every second" in done.stdout
