"""The log's history outlives the platform, however that ends, as users see it."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

from localku.cli.client import UnixConnection

ECHO = "echo: exec 3<>pipe; while read -r line <&3; do echo heard $line; done\n"
FLOOD = "flood: yes $(printf %0100d 7) | head -n 40000; echo all; exec sleep 600\n"


def say(root: Path, word: str) -> None:
    with open(root / "pipe", "w") as pipe:
        pipe.write(word + "\n")


def history(state: Path) -> bytes:
    return b"".join(each.read_bytes() for each in (state / "history").glob("*"))


def said(running: Running, *argv: str) -> list[str]:
    """What the log has of the dynos, without its heads."""
    done = running.cli("logs", "-n", "1500", *argv)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split(": ", 1)[1] for line in done.stdout.splitlines()]


def heard(lines: list[str]) -> list[str]:
    return [line.removeprefix("heard ") for line in lines if line.startswith("heard ")]


def echoing(folder: Folder) -> Running:
    if not (folder.path / "pipe").exists():
        os.mkfifo(folder.path / "pipe")
        folder.write("Procfile", ECHO)
    running = folder.start()
    running.wait_for("Running echo@")
    return running


def tell(running: Running, word: str) -> None:
    say(running.cwd, word)
    running.wait_for(f"heard {word}$")


def events(root: Path, path: str, after: str) -> list[tuple[str, str]]:
    connection = UnixConnection(str(root / ".localku" / "api.sock"))
    headers = {"Accept": "text/event-stream", "Last-Event-ID": after}
    connection.request("GET", path, headers=headers)
    text = connection.getresponse().read().decode()
    connection.close()
    return re.findall(r"id: (\d+)\ndata: \S+ (.*)\n\n", text)


def session(running: Running) -> str:
    connection = UnixConnection(str(running.cwd / ".localku" / "api.sock"))
    connection.request("POST", "/apps/shop/log-sessions", '{"lines": 1500}')
    text = connection.getresponse().read().decode()
    connection.close()
    return urlsplit(re.findall(r'"logplex_url": ?"([^"]*)"', text)[0]).path


def test_kill_9_costs_no_more_than_the_last_second(folder: Folder) -> None:
    running = echoing(folder)
    tell(running, "one")
    wait_until(lambda: b"heard one\n" in history(folder.path / ".localku"), "it is on disk", 5)
    before = events(folder.path, session(running), "")
    running.proc.kill()
    running.assert_nothing_left()

    running = echoing(folder)
    tell(running, "two")
    lines = said(running)
    assert heard(lines) == ["one", "two"]
    assert [line.split()[0] for line in lines].count("Starting") == 2
    # somebody who followed by event ids gets what is new, and nothing twice
    after = events(folder.path, session(running), before[-1][0])
    assert [text for _, text in after if text.startswith("app[echo.1]: ")] == [
        "app[echo.1]: heard two"
    ]
    assert int(after[0][0]) > int(before[-1][0])


def test_what_is_said_at_the_very_end_is_kept(folder: Folder) -> None:
    running = echoing(folder)
    tell(running, "one")
    running.signal(signal.SIGTERM)
    assert running.wait() == 143
    running = echoing(folder)
    lines = said(running, "-p", "echo")
    assert lines.index("Process exited with status 143") > lines.index("heard one")


def test_a_damaged_history_keeps_what_is_whole_and_says_so(folder: Folder) -> None:
    running = echoing(folder)
    tell(running, "one")
    running.signal(signal.SIGTERM)
    running.wait()
    (file,) = (folder.path / ".localku" / "history").glob("*")
    data = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    place = data.index(b"Starting process")
    file.write_bytes(data[:place] + b"\0\0\0" + data[place + 3 :] + b"~77 0 1.0 torn")
    running = echoing(folder)
    lines = said(running)
    assert heard(lines) == ["one"]
    running.wait_for(r"app\[api\]: The log's history was damaged: \d+ bytes of it are lost$")
    said(running)
    assert running.text.count("history was damaged") == 1


def test_a_full_disk_stops_nobody(folder: Folder) -> None:
    """A limit on the size of files says what a full disk says: no."""
    folder.write("Procfile", FLOOD)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # noqa: E731
    running = folder.start(preexec_fn=limit)
    running.wait_for(r"app\[flood\.1\]: all$")
    running.wait_for(r"app\[api\]: The log's history cannot be written: File too large$")
    assert said(running, "-p", "flood")[-1] == "all"
    running.signal(signal.SIGTERM)
    assert running.wait() == 143
    assert running.text.count("cannot be written") == 1


def test_a_flood_leaves_a_small_file(folder: Folder) -> None:
    folder.write("Procfile", FLOOD)
    running = folder.start()
    running.wait_for(r"app\[flood\.1\]: all$")
    running.signal(signal.SIGTERM)
    assert running.wait() == 143
    assert 150_000 < len(history(folder.path / ".localku")) < 1_000_000
    running = folder.start()
    running.wait_for("Running flood@")
    assert len(said(running)) == 1500


def test_apps_of_a_platform_have_their_own_and_take_it_with_them(folder: Folder) -> None:
    home = folder.path / "home"
    env = {"LOCALKU_HOME": str(home)}

    def cli(*argv: str) -> str:
        done = subprocess.run(
            [LOCALKU, *argv], cwd=folder.path, capture_output=True, text=True, timeout=PATIENCE,
            env=folder.environ(**env),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def platform() -> Running:
        running = folder.run("platform", "-p", "0", env=env)
        running.wait_for(r"heroku\[platform\]: Running ")
        return running

    running = platform()
    for name in ("shop", "blog"):
        folder.write(f"{name}/Procfile", f"once: echo I am {name}; exec sleep 600\n")
        cli("apps:create", name, "--root", name)
        cli("ps:scale", "once=1", "-a", name)
        running.wait_for(rf"app\[{name}/once\.1\]: I am {name}$")
    wait_until(lambda: history(home).count(b"\nI am ") == 2, "both are on disk", 5)
    running.proc.kill()
    running.assert_nothing_left()

    running = platform()
    running.wait_for(r": I am", count=2)
    for name in ("shop", "blog"):
        text = cli("logs", "-n", "1500", "-a", name)
        assert text.count(f"I am {name}\n") == 2
        assert text.count(": I am") == 2
    assert len(list((home / "history").iterdir())) == 2
    cli("apps:destroy", "shop", "--confirm", "shop")
    assert len(list((home / "history").iterdir())) == 1
    (home / "history" / "of-an-app-that-is-gone").write_text("")
    running.signal(signal.SIGTERM)
    assert running.wait() == 143
    assert b"I am shop" not in history(home)
    platform()
    assert len(list((home / "history").iterdir())) == 1
