"""Lessons 8 and 9: other right solutions pass, and what only looks like one does not."""

from __future__ import annotations

from pathlib import Path

from other_kit import asked_for, verdict_on

pytestmark = asked_for

DAEMON = ("threading.Thread(target=tell)", "threading.Thread(target=tell, daemon=True)")
LAST = 'HTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Books).serve_forever()'


def test_threads_that_are_waited_for_pass(tmp_path: Path) -> None:
    """The handler's SystemExit ends the accepting; the requests have threads of their own."""
    found = verdict_on(
        "sigterm",
        tmp_path,
        DAEMON,
        ("import BaseHTTPRequestHandler, HTTPServer", "import *\nimport http.server"),
        (
            LAST,
            f"class Server(ThreadingHTTPServer):\n    daemon_threads = False\n\n\n{LAST}".replace(
                "HTTPServer((", "Server(("
            ),
        ),
    )
    assert found.passed, found.wrong


def test_a_line_that_is_dropped_does_not_pass(tmp_path: Path) -> None:
    found = verdict_on(
        "sigterm",
        tmp_path,
        ("server = Server(", "server = HTTPServer("),
        ("import BaseHTTPRequestHandler, ", "import BaseHTTPRequestHandler, HTTPServer, "),
        solved=True,
    )
    assert "/report was in line behind another one, and its client got 503" in found.wrong


def test_a_dyno_that_takes_its_time_does_not_pass(tmp_path: Path) -> None:
    stays = ("    sys.exit(0)", "    pass")
    found = verdict_on("sigterm", tmp_path, stays, localku_yml="grace: 20s\n")
    assert found.wrong == "the dyno did not end within 3 s of SIGTERM"


NO_PID_FILE = ("if PID_FILE.exists():", "if False:")


def test_a_book_that_is_torn_does_not_pass(tmp_path: Path) -> None:
    found = verdict_on("crashonly", tmp_path, NO_PID_FILE)
    assert "does not boot again" in found.wrong
    assert "JSONDecodeError" in found.look


def test_a_new_book_for_a_torn_one_does_not_pass(tmp_path: Path) -> None:
    found = verdict_on(
        "crashonly",
        tmp_path,
        NO_PID_FILE,
        ("    if STOCK.exists():\n", "    try:\n"),
        (
            "(STOCK.read_text())\n",
            "(STOCK.read_text())\n    except (OSError, ValueError):\n        pass\n",
        ),
    )
    assert "sales that were answered are gone" in found.wrong


def test_a_database_passes(tmp_path: Path) -> None:
    found = verdict_on(
        "crashonly",
        tmp_path,
        NO_PID_FILE,
        (
            'def save() -> None:\n    """Write the whole book."""\n'
            '    with open(STOCK, "w") as file:\n        json.dump(stock, file, indent=1)\n',
            "import sqlite3\n"
            "base = sqlite3.connect(DATA / 'stock.db', check_same_thread=False)\n"
            "base.execute('create table if not exists sold (name text)')\n\n\n"
            "def save(name) -> None:\n"
            "    with base:\n        base.execute('insert into sold values (?)', (name,))\n",
        ),
        ("            save()\n", "            save(match[2])\n"),
        (
            "stock = open_book()\n",
            "stock = open_book()\n"
            "for name, count in base.execute('select name, count(*) from sold group by name'):\n"
            "    stock[name]['left'] -= count\n",
        ),
    )
    assert found.passed, found.wrong
