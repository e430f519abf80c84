"""The one log stream under load: whole, in order, bounded, never in the way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import LINUX, Folder, wait_until

WRITER = """
import sys
name = sys.argv[1]
out = sys.stdout.buffer
for n in range(int(sys.argv[2])):
    out.write(b'%s line %07d of a length that app lines have\\n' % (name.encode(), n))
out.flush()
import time
time.sleep(60)
"""


@pytest.mark.timeout(120)
def test_200_000_lines_of_each_of_two_dynos_arrive_whole_and_in_order(folder: Folder) -> None:
    folder.write("writer.py", WRITER)
    folder.write("Procfile", "a: python3 writer.py a 200000\nb: python3 writer.py b 200000\n")
    out = folder.path / "out.log"
    with out.open("wb") as file:
        app = folder.start(stdout=file)
    wait_until(lambda: out.read_bytes().count(b" line 0199999") == 2, "all was written", 60)
    app.signal(signal.SIGINT)
    app.wait()
    for name in "ab":
        found = re.findall(rf"^\S+ app\[{name}\.1\]: {name} line (\d+) of", out.read_text(), re.M)
        assert found == [f"{n:07d}" for n in range(200000)]


def test_a_slow_reader_of_a_pipe_gets_every_line(folder: Folder) -> None:
    folder.write("writer.py", WRITER)
    folder.write("Procfile", "a: python3 writer.py a 150000\n")
    read, write = os.pipe()
    app = folder.run("start", "-p", "0", stdout=write)
    os.close(write)
    seen, last = b"", time.monotonic()
    while b"line 0149999" not in seen[-400:]:
        chunk = os.read(read, 1 << 20)
        assert chunk, "it ended"
        seen += chunk
        if len(seen) < 3_000_000 and time.monotonic() - last > 0.05:
            time.sleep(0.02)
            last = time.monotonic()
    assert len(re.findall(rb"app\[a\.1\]: a line ", seen)) == 150000
    app.signal(signal.SIGINT)
    while os.read(read, 1 << 20):
        pass
    os.close(read)


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_a_reader_that_does_not_read_stops_nothing_and_costs_no_memory(folder: Folder) -> None:
    folder.write(
        "flood.py",
        "import os, time\nfile = open('count', 'w')\n"
        "for n in range(10**9):\n"
        "    os.write(1, b'x' * 9000 + b'\\n')\n"
        "    if n % 1000 == 0:\n"
        "        file.seek(0); file.write(str(n)); file.flush()\n",
    )
    folder.write("Procfile", "flood: python3 flood.py\n")
    read, write = os.pipe()
    app = folder.run("start", "-p", "0", stdout=write)
    os.close(write)
    counter = folder.path / "count"
    wait_until(
        lambda: counter.exists() and int(counter.read_text() or 0) >= 10000,
        "90 MB were taken from the dyno although nobody reads",
        40,
    )
    status = Path(f"/proc/{app.proc.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]
    assert resident < 90_000, f"{resident} KiB"
    app.signal(signal.SIGTERM)
    assert app.proc.wait(15) == 143
    os.close(read)
    app.assert_nothing_left()


def test_a_long_line_is_cut_as_heroku_cuts_it(folder: Folder) -> None:
    folder.write("Procfile", "a: python3 -c \"print('x' * 25000)\"; exec sleep 60\n")
    app = folder.start()
    app.wait_for(r"app\[a\.1\]: x+$", count=3)
    found = re.findall(r"^\S+ app\[a\.1\]: (x+)$", app.text, re.M)
    assert [len(piece) for piece in found] == [10000, 10000, 5000]


def test_stderr_is_part_of_it_and_odd_bytes_do_no_harm(folder: Folder) -> None:
    folder.write("Procfile", "a: printf 'one \\377\\000 two\\n' >&2; echo after; exec sleep 60\n")
    out = folder.path / "out.log"
    with out.open("wb") as file:
        folder.start(stdout=file)
    wait_until(lambda: b"app[a.1]: after" in out.read_bytes(), "the next line")
    assert b"app[a.1]: one \xff\x00 two\n" in out.read_bytes()


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("heroku", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 app\[a\.1\]: hello$"),
        ("short", r"^\d\d:\d\d:\d\d a\.1 +\| hello$"),
        ("json", r'^\{.*"dyno": ?"a\.1".*"message": ?"hello".*\}$'),
    ],
)
def test_the_formats(folder: Folder, form: str, pattern: str) -> None:
    folder.write("Procfile", "a: echo hello; exec sleep 60\n")
    folder.start("--format", form).wait_for(pattern)


def test_head_ends_it(folder: Folder) -> None:
    """`localku start | head -3`: no noise, nothing left."""
    folder.write("Procfile", "a: while sleep 0.05; do echo tick; done\n")
    app = folder.run("start", "-p", "0", stdout=subprocess.PIPE)
    assert app.proc.stdout is not None
    app.wait_for("tick", count=3)
    head = subprocess.run(
        f"'{app.proc.args[0]}' start -p 0 | head -3",  # type: ignore[index]
        shell=True,
        cwd=folder.path,
        env=folder.environ(),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert "Traceback" not in head.stderr
    assert sys.getdefaultencoding() == "utf-8"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_told_and_ends_it(folder: Folder) -> None:
    folder.write("Procfile", "a: echo hello; exec sleep 60\n")
    with open("/dev/full", "wb") as full:
        app = folder.start(stdout=full)
    assert app.wait() == 74
    assert "localku: cannot write its output: No space left on device" in app.text
    app.assert_nothing_left()
