"""`localku doctor` over small apps: each dynamic probe has one that passes and one that fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import doctor_kit as kit
import pytest
from conftest import LINUX, Folder, processes_with, wait_until

from localku.check.trialfiles import leave_socket

pytestmark = [
    pytest.mark.skipif(not LINUX, reason="who listens where is seen on Linux only"),
    pytest.mark.timeout(180),  # the first one waits for all apps, which two busy cores have to run
]

QUICK = ("--boot-timeout", "30s", "--grace", "12s")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Reports:
    """All apps are judged at once: each of them mostly waits."""

    def __init__(self, path: Path) -> None:
        self.folders: dict[str, Folder] = {}
        self.before: dict[str, dict[str, bytes]] = {}
        self._path = path
        self._pool = ThreadPoolExecutor(5)
        self._found: dict[str, Future[dict[str, Any]]] = {}

    def judge(self, name: str, web: str, env: str, *flags: str, **files: str) -> None:
        root = self._path / name / "shop"
        root.mkdir(parents=True)
        folder = Folder(root)
        kit.make(folder, web, env, **files)
        if name == "flawed":
            folder.write("Procfile", f"web: MODE=x exec {sys.executable} web.py\n")
        self.folders[name] = folder
        self.before[name] = kit.contents(root)
        self._found[name] = self._pool.submit(kit.doctor, folder, *flags)

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._found[name].result()

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    it = Reports(tmp_path_factory.mktemp("doctor"))
    greeting = "GREETING='Good morning to all'\n"
    good = f"DATABASE_URL=sqlite:///good.db\nSECRET_KEY={kit.PLANTED}\n{greeting}"
    it.judge("good", kit.GOOD, good + "REDIS_URL=redis://127.0.0.1:6379/0\n", *QUICK)
    flawed = f"DATABASE_URL=sqlite:///other.db\nAPI_TOKEN={kit.PLANTED}\nDB_PASSWORD={kit.SHORT}\n"
    config = {"config__json": "{}"}
    html = str(it._path / "flawed.html")
    flags = (*QUICK, "--html", html, "--env", "NEVER_READ=as it is")
    it.judge("flawed", kit.FLAWED, flawed + greeting, *flags, **config)
    it.judge("stubborn", kit.STUBBORN, "", "--only", "ix", "--grace", "1s", "--boot-timeout", "15s")
    it.judge("greedy", kit.GREEDY, f"ADMIN_PORT={free_port()}\n", "--only", "viii", *QUICK)
    it.judge("elsewhere", kit.ELSEWHERE, "", "--only", "vii,viii", "--boot-timeout", "3s")
    yield it
    it.close()


_GOOD = """
programs-run env-reads config-files-read changed-env hard-coded swap slug-writes two-dynos cookies
own-files
port-bound address-bound extra-ports share pid-files daemons-seen boot sigterm in-flight sigkill
buffering log-files-written secrets-in-log one-off
"""
GOOD = _GOOD.split()


@pytest.mark.parametrize("probe", GOOD)
def test_an_app_without_a_flaw_passes(reports: Reports, probe: str) -> None:
    assert kit.verdicts(reports["good"])[probe] == "pass", kit.evidence(reports["good"], probe)


FLAWED = {
    "programs-run": ("warn", "web.py:46: starts wkhtmltopdf"),
    "env-reads": ("warn", "no read of NEVER_READ"),
    "config-files-read": ("warn", "web.py:37: opens config.json"),
    "changed-env": ("fail", "GET /: the old value of GREETING"),
    "hard-coded": ("fail", "connect 127.0.0.1:5432"),
    "swap": ("fail", "web.py:41: opens own.db"),
    "slug-writes": ("fail", "web.py:70: writes uploads.txt"),
    "two-dynos": ("fail", "GET /: one dyno: h1>visit"),
    "cookies": ("fail", "session: known to the dyno that set it only"),
    "own-files": ("fail", "web.py:72: reads uploads.txt"),
    "address-bound": ("fail", "web.py:87: bind 127.0.0.1:"),
    "extra-ports": ("warn", "listens on 0.0.0.0:"),
    "pid-files": ("warn", "web.py:39: writes web.pid"),
    "daemons-seen": ("fail", "web.1: "),
    "in-flight": ("fail", "GET /slow at web.1: SIGTERM in the middle: no answer"),
    "buffering": ("warn", "app[web.1]: asked for /"),
    "log-files-written": ("fail", "web.py:40: writes app.log"),
    "secrets-in-log": ("fail", "app[web.1]: a line with [API_TOKEN]"),
    "one-off": ("warn", "Procfile: web sets MODE itself"),
}


@pytest.mark.parametrize("probe", FLAWED)
def test_a_flaw_is_found_with_its_evidence(reports: Reports, probe: str) -> None:
    verdict, evidence = FLAWED[probe]
    assert kit.verdicts(reports["flawed"])[probe] == verdict
    assert evidence in kit.evidence(reports["flawed"], probe)


def test_one_that_ignores_sigterm_and_leaves_a_lock_behind(reports: Reports) -> None:
    found = kit.verdicts(reports["stubborn"])
    assert (found["sigterm"], found["sigkill"]) == ("fail", "fail")
    assert "FileExistsError" in kit.evidence(reports["stubborn"], "sigkill")


def test_two_dynos_that_need_the_same_port(reports: Reports) -> None:
    assert kit.verdicts(reports["greedy"])["share"] == "fail"
    assert "Address already in use" in kit.evidence(reports["greedy"], "share")


def test_one_that_listens_elsewhere(reports: Reports) -> None:
    found = kit.verdicts(reports["elsewhere"])
    assert found["port-bound"] == "fail"
    assert "listens on 0.0.0.0:" in kit.evidence(reports["elsewhere"], "port-bound")
    assert "R10" in kit.evidence(reports["elsewhere"], "port-bound")
    assert found["address-bound"] == found["share"] == found["pid-files"] == "not observed"


def test_the_apps_are_as_they_were_and_nothing_is_left(reports: Reports) -> None:
    for name, folder in reports.folders.items():
        assert reports[name]["factors"]
        assert kit.contents(folder.path) == reports.before[name]
        wait_until(lambda mark=folder.mark: not processes_with(mark), f"{name} has ended", 5)


def test_no_secret_is_in_a_report(reports: Reports) -> None:
    page = (reports._path / "flawed.html").read_text() if reports["flawed"] else ""
    for text in (reports["flawed"]["said"], reports["good"]["said"], page):
        assert text
        assert kit.PLANTED not in text
        assert kit.SHORT not in text
    assert "127.0.0.1:5432" in page


def test_a_report_of_a_folder_without_procfile_is_one_line(folder: Folder) -> None:
    status, said = folder.fails("doctor", "--html", "report.html")
    assert not (folder.path / "report.html").exists()
    assert status == 1
    assert "there is no Procfile" in said
    assert len(said.splitlines()) == 1


def test_what_a_static_probe_cannot_read_is_no_pass(folder: Folder) -> None:
    folder.write("Procfile", "web: ruby app.rb\n")
    folder.write("app.rb", 'puts "x"\n')
    found = kit.verdicts(kit.doctor(folder, "--quick"))
    assert found["environment-names"] == found["config-files"] == "not observed"


def test_an_app_that_cannot_be_started_passes_nothing(folder: Folder) -> None:
    kit.make(folder, kit.ELSEWHERE, **{"migrations/one": "", "Procfile": "web: x\nrelease: true\n"})
    with open(folder.path / "large", "wb") as file:
        file.truncate(2 << 30)  # a hole: it takes no place
    report = kit.doctor(folder, "--only", "xii")
    assert [each["verdict"] for each in report["factors"]] == ["not observed"]
    assert "1 GiB" in report["said"]


def test_a_temporary_folder_with_a_long_path(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket of a trial is elsewhere then."""
    kit.make(folder, kit.STUBBORN)
    for name, path in (("TMPDIR", tmp_path / ("long" * 25)), ("XDG_RUNTIME_DIR", tmp_path / "run")):
        path.mkdir()
        monkeypatch.setenv(name, str(path))
    found = kit.verdicts(kit.doctor(folder, "--only", "xii", "--grace", "1s"))
    assert found["one-off"] == "pass"
    assert not list((tmp_path / ("long" * 25)).iterdir())


def test_the_folder_of_such_a_socket_goes_away(tmp_path: Path) -> None:
    for place in ("elsewhere", "app"):
        (tmp_path / place).mkdir()
        leave_socket(str(tmp_path / place / "api.sock"), str(tmp_path / "app"))
    assert [each.name for each in tmp_path.iterdir()] == ["app"]


def test_ctrl_c_leaves_nothing(folder: Folder, tmp_path: Path) -> None:
    kit.make(folder, kit.ELSEWHERE)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    argv = [sys.executable, "-m", "localku", "doctor", "--only", "vii"]
    environ = folder.environ(TMPDIR=str(temporary))
    with subprocess.Popen(
        argv, cwd=folder.path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as proc:
        wait_until(lambda: len(list(temporary.glob("*/one/app/.localku/platform"))), "it runs")
        os.kill(proc.pid, signal.SIGINT)
        said = proc.communicate(timeout=20)[0].decode()
    assert proc.returncode == 130
    assert "Traceback" not in said
    assert not list(temporary.iterdir())
    assert not processes_with(str(temporary))
