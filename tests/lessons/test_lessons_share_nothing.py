"""Lessons 4 and 5: other right solutions pass, and what only looks like one does not."""

from __future__ import annotations

from pathlib import Path

from other_kit import verdict_on

SESSIONS = "sessions: dict[str, str] = {}\n"
STORE = """
import sqlite3
DATABASE = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
def query(text, *values):
    base = sqlite3.connect(DATABASE, timeout=10)
    with base:
        rows = base.execute(text, values).fetchall()
    base.close()
    return rows
query("create table if not exists sessions (token text primary key, name text)")
"""


def test_sessions_in_a_database_pass(tmp_path: Path) -> None:
    found = verdict_on(
        "sessions",
        tmp_path,
        (SESSIONS, STORE),
        ("sessions[token] = name", 'query("insert into sessions values (?, ?)", token, name)'),
        (
            "return sessions.get(cookie)",
            'rows = query("select name from sessions where token = ?", cookie)\n'
            "    return rows[0][0] if rows else None",
        ),
    )
    assert found.passed, found.wrong


def test_sessions_in_a_file_beside_the_code_do_not_pass(tmp_path: Path) -> None:
    """Here two dynos share the folder, on Heroku they do not."""
    found = verdict_on(
        "sessions",
        tmp_path,
        (
            "sessions[token] = name",
            'print(token, name, file=open("sessions.txt", "a"), flush=True)',
        ),
        (
            "return sessions.get(cookie)",
            'lines = open("sessions.txt", "a+").seek(0) or open("sessions.txt")\n'
            "    return dict(line.split() for line in lines).get(cookie)",
        ),
    )
    assert found.wrong == "the session is in sessions.txt, a file of the app’s folder"


def test_a_cookie_that_anybody_can_write_does_not_pass(tmp_path: Path) -> None:
    found = verdict_on(
        "sessions",
        tmp_path,
        ("return token", "return name"),
        ("return sessions.get(cookie)", "return cookie"),
    )
    assert "a cookie that nobody was given got 200" in found.wrong


def test_sticky_routing_does_not_pass(tmp_path: Path) -> None:
    found = verdict_on("sessions", tmp_path, localku_yml="session_affinity: true\n")
    assert "answered 401 to the log-in’s cookie" in found.wrong


def test_files_beside_the_database_pass(tmp_path: Path) -> None:
    path = 'Path(os.environ["DATABASE_URL"].removeprefix("sqlite:///")).with_suffix(".files")'
    found = verdict_on("uploads", tmp_path, ('Path("uploads")', path))
    assert found.passed, found.wrong


def test_a_folder_that_all_dynos_happen_to_share_does_not_pass(tmp_path: Path) -> None:
    found = verdict_on("uploads", tmp_path, ('Path("uploads")', f'Path("{tmp_path}/uploads")'))
    assert "with another DATABASE_URL, the file of before is still there" in found.wrong
