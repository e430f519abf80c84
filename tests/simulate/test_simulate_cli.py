"""`localku simulate` and `localku plan`, as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder

from localku.cli import tables
from localku.cli.simulate import fitted
from localku.simulate.scenario import POLICIES

APP = """\
import http.server, os, time
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.02)
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("", int(os.environ["PORT"])), Web).serve_forever()
"""


def localku(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LOCALKU, *argv], input=stdin, capture_output=True, text=True, timeout=3 * PATIENCE
    )


QUICK = ("--requests", "20000", "--service", "exp(10ms)")


def test_a_narrow_terminal_has_a_table_that_fits() -> None:
    heads = ["dynos", "policy", "wait", "predicted", "waits", "predicted"]
    rows = [["2", "least-connections", "77.6 ±3.25", "75.2", "35.8 %", "35.4 %"]]
    assert fitted(heads, rows, 0) == tables.table(heads, rows) == fitted(heads, rows, 80)
    *table, note = fitted(heads, rows, 50)
    assert table[2] == "  2      least-connections  77.6 ±3.25  35.8 %"
    assert "predicted" not in table[0] and note.startswith("(74 columns: ")


def test_the_table() -> None:
    done = localku("simulate", "--rate", "300", "--dynos", "4,8", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows if row and row[0] in "48"] == [
        [str(dynos), policy] for dynos in (4, 8) for policy in POLICIES
    ]
    assert "Pollaczek-Khinchine" in done.stdout and "Erlang C" in done.stdout


def test_json_and_a_seed() -> None:
    argv = ("simulate", "--rate", "300", "--dynos", "4", "--policy", "random", "--json", *QUICK)
    done = localku(*argv)
    [case] = json.loads(done.stdout)["cases"]
    assert case["predicted"]["wait"] == pytest.approx(30.0) and case["predicted"]["exact"]
    assert case["wait"]["value"] == pytest.approx(30.0, abs=3 * case["wait"]["error"])
    assert localku(*argv).stdout == done.stdout
    assert localku(*argv, "--seed", "2").stdout != done.stdout


def test_overload_is_said() -> None:
    done = localku("simulate", "--rate", "300", "--dynos", "2", "--policy", "random", *QUICK)
    assert "more work than they can do" in done.stdout and "H12" in done.stdout


def test_numbers_from_stdin() -> None:
    argv = ("simulate", "--rate", "50", "--dynos", "2", "--policy", "one-queue", "--from-logs", "-")
    done = localku(*argv, "--json", stdin="\n".join(["20"] * 250))
    assert json.loads(done.stdout)["cases"][0]["service"]["mean"] == 20
    few = localku(*argv, stdin="20\n30\n")
    assert few.returncode == 0 and "only 2 service times" in few.stderr.replace("\n ›   ", " ")


def test_the_paper() -> None:
    done = localku("simulate", "--paper")
    assert done.returncode == 0
    assert (
        sum("naive" in line or "intelligent  " in line for line in done.stdout.splitlines()) == 15
    )
    assert "61.5 busy dynos" in done.stdout


def test_a_plan() -> None:
    argv = ("plan", "--rate", "100", "--p95", "100ms", "--service", "exp(20ms)")
    policies = ("--policy", "random,least-connections")
    done = localku(*argv, *policies)
    assert done.returncode == 0
    counts = {
        row[0]: int(row[1])
        for row in map(str.split, done.stdout.splitlines())
        if len(row) > 4 and row[0] in POLICIES
    }
    assert counts["random"] > counts["least-connections"] >= 3
    assert "Random routing needs" in done.stdout and "3 dynos at least" in done.stdout


def test_a_plan_as_json() -> None:
    argv = ("plan", "--rate", "20", "--p95", "200ms", "--service", "exp(20ms)")
    [need] = json.loads(localku(*argv, "--policy", "least-connections", "--json").stdout)["needs"]
    assert need["low"] <= need["dynos"] <= need["high"] and need["dynos"] >= 1


def test_a_plan_that_cannot_be() -> None:
    done = localku("plan", "--rate", "9", "--p99", "20ms", "--service", "exp(20ms)")
    assert done.returncode == 1
    assert "no number of dynos is enough: p99 of the service times alone is 92.1 ms" in done.stderr


WRONG = {
    "no rate": ("simulate", "--service", "exp(1ms)"),
    "rate 0": ("simulate", "--rate", "0", "--service", "exp(1ms)"),
    "a law": ("simulate", "--rate", "5", "--service", "gauss(1ms)"),
    "a policy": ("simulate", "--rate", "5", "--service", "1ms", "--policy", "best"),
    "dynos": ("simulate", "--rate", "5", "--service", "1ms", "--dynos", "0"),
    "too many": ("simulate", "--rate", "5", "--service", "1ms", "--requests", "1e12"),
    "two sources": ("simulate", "--rate", "5", "--service", "1ms", "--from-logs", "x"),
    "no goal": ("plan", "--rate", "5", "--service", "1ms"),
    "two goals": ("plan", "--rate", "5", "--service", "1ms", "--p95", "1s", "--p99", "1s"),
    "a goal": ("plan", "--rate", "5", "--service", "1ms", "--p95", "soon"),
}


@pytest.mark.parametrize("argv", WRONG.values(), ids=WRONG)
def test_mistakes_are_one_line(argv: tuple[str, ...]) -> None:
    done = localku(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("localku: ") and done.stderr.count("\n") == 1


def test_without_an_app_and_without_a_law(tmp_path: Path) -> None:
    done = localku("simulate", "--rate", "5", "--root", str(tmp_path))
    assert done.returncode == 1 and "--service" in done.stderr


@pytest.mark.parametrize("text", ["", "{}", '{"format": "localku-load/1", "steps": [{}]}', "[]"])
def test_files_that_say_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    for flag in ("--from-logs", "--from-load"):
        done = localku("plan", "--rate", "5", "--p95", "1s", flag, str(tmp_path / "file"))
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    done = localku("simulate", "--rate", "5", "--from-logs", str(tmp_path / "nosuch"))
    assert "No such file" in done.stderr


def test_the_page(tmp_path: Path) -> None:
    pytest.importorskip("localku.load.report")
    page = tmp_path / "page.html"
    done = localku("simulate", "--rate", "300", "--dynos", "4,8", *QUICK, "--html", str(page))
    assert done.returncode == 0 and "Simulation of routing" in page.read_text()
    assert "least-connections" in page.read_text()


def test_the_running_app(folder: Folder) -> None:
    """Its router's lines, of this run; and without any, it says so."""
    folder.write("web.py", APP)
    folder.write("Procfile", f"web: exec {sys.executable} web.py\n")
    running = folder.start()
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up")
    none = running.cli("plan", "--rate", "40", "--p95", "200ms")
    assert none.returncode == 1 and "no router lines" in none.stderr
    for _ in range(20):
        with urllib.request.urlopen(
            f"http://127.0.0.1:{running.port}/", timeout=PATIENCE
        ) as answer:
            answer.read()
    running.wait_for(r"heroku\[router\]", count=20)
    done = running.cli(
        "simulate", "--rate", "40", "--dynos", "2", "--from-logs", "--json", timeout=3 * PATIENCE
    )
    found = json.loads(done.stdout)
    assert found["cases"][0]["service"]["law"] == "20 measured times"
    assert 19 <= found["cases"][0]["service"]["mean"] < 200
    assert "only 20 service times" in found["remarks"][0]
