"""What Heroku says of a dyno's memory: R14, R15, log-runtime-metrics; of real processes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from math import exp

import psutil
import pytest
from conftest import LINUX, Folder, Running, wait_until

from localku.dynos import report
from localku.dynos.load import LoadAverage
from localku.dynos.quota import MB, verdict
from localku.dynos.usage import Usage, survey

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MEGABYTES = r"\d+\.\d\dMB"


@pytest.mark.parametrize(
    ("total", "held", "lines", "vast"),
    [
        (512, 512, [], False),
        (912, 912, ["Process running mem=912M(178.1%)"], False),
        (1024, 1024, ["Process running mem=1024M(200.0%)"], False),
        (1038, 1000, ["Process running mem=1038M(202.7%)"], False),  # the page cache kills nobody
        (1100, 1038, ["Process running mem=1038M(202.7%)"], True),
    ],
)
def test_memory_against_a_quota_of_512(total: int, held: int, lines: list[str], vast: bool) -> None:
    warning = ["Error R14 (Memory quota exceeded)"] if lines and not vast else []
    assert verdict(total * MB, held * MB, 512 * MB) == ([*lines, *warning], vast)


def test_no_quota_no_lines() -> None:
    assert verdict(10**12, 10**12, 0) == ([], False)


def test_the_load_is_damped_as_heroku_says() -> None:
    load = LoadAverage(0.0)
    load.add(4, 20.0)
    one, five, fifteen = load.averages
    assert one == pytest.approx(4 * (1 - exp(-20 / 60)))
    assert five == pytest.approx(4 * (1 - exp(-20 / 300)))
    assert fifteen == pytest.approx(4 * (1 - exp(-20 / 900)))
    for second in range(40, 10_000, 20):
        load.add(2, second)
    assert load.averages == pytest.approx((2, 2, 2), abs=0.01)


def test_the_lines_are_heroku_s() -> None:
    who = report.Who("web.1", "2808254", "d97d0ea7-cf3d-411b-b453-d2943a50b456")
    assert report.load_line(who, (2.456, 1.06, 0.99)) == (
        "source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456"
        " sample#load_avg_1m=2.46 sample#load_avg_5m=1.06 sample#load_avg_15m=0.99"
    )
    usage = Usage(22250782, 0, 0, 348836, 343403)
    assert report.memory_line(who, usage, 512 * MB) == (
        "source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456"
        " sample#memory_total=21.22MB sample#memory_rss=21.22MB sample#memory_cache=0.00MB"
        " sample#memory_swap=0.00MB sample#memory_pgpgin=348836pages"
        " sample#memory_pgpgout=343403pages sample#memory_quota=512.00MB"
    )


def test_a_number_that_nobody_knows_is_left_out() -> None:
    line = report.memory_line(report.Who("web.1", "a", "b"), Usage(), 0)
    assert line.endswith(" sample#memory_swap=0.00MB")


# a parent that does nothing, and a child of it that eats; both say when they are there
TREE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True)
child.wait()
"""
EATER = "import time; x = bytearray(b'x' * (60 << 20)); print('full', flush=True); time.sleep(600)"
BUSY = "print('full', flush=True)\nwhile True: pass"


@pytest.fixture
def tree() -> Iterator[list[subprocess.Popen[str]]]:
    began: list[subprocess.Popen[str]] = []
    yield began
    for process in began:
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            each.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def grow(began: list[subprocess.Popen[str]], child: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", TREE, child],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    began.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "full\n"
    return process


def test_the_memory_of_a_child_counts(tree: list[subprocess.Popen[str]]) -> None:
    leader = grow(tree, EATER).pid
    usage = survey([leader])[leader]
    assert 60 * MB < usage.rss < 110 * MB
    assert usage.total == usage.rss + usage.cache + usage.swap
    if LINUX:
        assert usage.cache > 0
        assert usage.pages_in is not None
        assert usage.pages_out is not None


@pytest.mark.skipif(not LINUX, reason="macOS does not tell which threads want to run")
def test_what_wants_to_run_is_counted(tree: list[subprocess.Popen[str]]) -> None:
    busy, idle = grow(tree, BUSY).pid, grow(tree, EATER).pid
    wait_until(lambda: survey([busy])[busy].tasks == 1, "one runs")
    assert survey([busy, idle])[idle].tasks == 0


@pytest.mark.skipif(not LINUX, reason="macOS does not tell which pages are shared")
def test_a_page_that_two_share_counts_once(tree: list[subprocess.Popen[str]]) -> None:
    leader = grow(tree, SHARING).pid
    assert survey([leader])[leader].rss < 80 * MB  # three processes that share 40 MB


SHARING = """
import os, time
x = bytearray(b"x" * (40 << 20))
for _ in range(2):
    if os.fork() == 0:
        time.sleep(600)
print("full", flush=True)
time.sleep(600)
"""


def test_somebody_who_has_gone_uses_nothing() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert survey([gone.pid])[gone.pid].total == 0


# -- whole dynos -----------------------------------------------------------------------------------

PARENT = """
import subprocess, sys
sys.exit(subprocess.call([sys.executable, "child.py"]))
"""
CHILD = "import time\nx = bytearray(b'x' * (60 << 20))\ntime.sleep(600)\n"


def test_a_dyno_whose_child_is_hungry_is_warned_then_killed(folder: Folder) -> None:
    folder.write("parent.py", PARENT)
    folder.write("child.py", CHILD)
    folder.write("Procfile", "small: exec python3 parent.py\nlarge: exec python3 parent.py\n")
    folder.write("localku.yml", "types:\n  small: {memory: 50MB}\n  large: {memory: 25MB}\n")
    app = folder.start("--time-scale", "0.02")
    app.wait_for(r"heroku\[small\.1\]: Process running mem=\d+M\(1\d\d\.\d%\)$")
    app.wait_for(r"heroku\[small\.1\]: Error R14 \(Memory quota exceeded\)$", count=2)
    app.wait_for(r"heroku\[large\.1\]: State changed from \w+ to crashed$")
    lines = [line.partition(" ")[2] for line in app.lines if " heroku[large.1]: " in line]
    start = next(i for i, line in enumerate(lines) if "R15" in line)
    assert re.fullmatch(
        r"heroku\[large\.1\]: Process running mem=\d+M\([23]\d\d\.\d%\)", lines[start - 1]
    )
    assert lines[start : start + 4] == [
        "heroku[large.1]: Error R15 (Memory quota vastly exceeded)",
        "heroku[large.1]: Stopping process with SIGKILL",
        "heroku[large.1]: Process exited with status 137",
        "heroku[large.1]: State changed from up to crashed",
    ]


def reports(app: Running, count: int) -> None:
    who = rf"heroku\[web\.1\]: source=web\.1 dyno=heroku\.{UUID}\.{UUID}"
    loads = (
        r" sample#load_avg_1m=\d+\.\d\d sample#load_avg_5m=\d+\.\d\d sample#load_avg_15m=\d+\.\d\d"
    )
    memory = f" sample#memory_total={MEGABYTES} sample#memory_rss={MEGABYTES}"
    memory += f" sample#memory_cache={MEGABYTES} sample#memory_swap={MEGABYTES}"
    pages = r" sample#memory_pgpgin=\d+pages sample#memory_pgpgout=\d+pages" if LINUX else ".*"
    app.wait_for(rf"{who}{loads}$", count=count)
    app.wait_for(rf"{who}{memory}{pages} sample#memory_quota=512\.00MB$", count=count)


def test_log_runtime_metrics(folder: Folder) -> None:
    folder.write("Procfile", "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\n")
    app = folder.start("--time-scale", "0.02", "--memory", "512MB")
    app.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
    assert "log-runtime-metrics" in app.cli("labs").stdout
    done = app.cli("features:enable", "log-runtime-metrics")
    assert done.returncode == 0, done.stderr
    reports(app, 3)
    assert app.cli("features:disable", "log-runtime-metrics").returncode == 0
    told = app.text.count("sample#load_avg_1m")
    app.cli("config:set", "A=1")
    app.wait_for(r"heroku\[web\.1\]: State changed from starting to up$", count=2)
    assert app.text.count("sample#load_avg_1m") <= told + 1
    # the id is that of the run: another one after a restart
    app.cli("features:enable", "log-runtime-metrics")
    reports(app, told + 2)
    runs = set(re.findall(rf"dyno=heroku\.{UUID}\.({UUID})", app.text))
    assert len(runs) == 2
