"""examples/guestbook and what people send to it: bad requests, bad config, odd text."""

from __future__ import annotations

import ast
import importlib
import io
import json
import re
import socket
import sqlite3
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotenv import dotenv_values
from guestbook_process import DEADLINE, FOLDER, Dyno, Formation

JSON = "Content-Type: application/json\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dyno]:
    formation = Formation(tmp_path_factory.mktemp("guestbook"))
    try:
        yield formation.web()
    finally:
        formation.close()


def part(name: str) -> types.ModuleType:
    """A module of the example."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(f"guestbook.{name}")
    finally:
        sys.path.remove(str(FOLDER))


def converse(web: Dyno, sent: bytes) -> bytes:
    """Sends bytes on one connection; returns all that comes back until the server closes it."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=DEADLINE) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


def post(headers: str, body: bytes, path: str = "/api/entries", length: str | None = None) -> bytes:
    length = str(len(body)) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n"
    return head.encode() + body


def get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(post(JSON, b'{"author":"a"}'), 422, id="missing field"),
        pytest.param(post(JSON, b'{"author":"a","message":" \\n "}'), 422, id="only blanks"),
        pytest.param(post(JSON, b'{"author":"a","message":7}'), 422, id="not a text"),
        pytest.param(post(JSON, b'{"author":"a","message":"\\ud800"}'), 422, id="half a surrogate"),
        pytest.param(post(JSON, b'{"author":"a","message":"%s"}' % (b"x" * 1001)), 422, id="long"),
        pytest.param(post(FORM, b"author=a&message=", "/entries"), 422, id="form"),
        pytest.param(post(JSON, b"[1]"), 400, id="not an object"),
        pytest.param(post(JSON, b'{"author":'), 400, id="half a JSON"),
        pytest.param(post(JSON, b"[" * 60_000), 400, id="deep JSON"),
        pytest.param(post(JSON, b'{"author":' + b"1" * 60_000 + b"}"), 400, id="huge number"),
        pytest.param(post(JSON, b'{"author":"\xff"}'), 400, id="JSON is not UTF-8"),
        pytest.param(post(FORM, b"author=%FF&message=x", "/entries"), 400, id="form is not UTF-8"),
        pytest.param(post(FORM, b"a=1&" * 30, "/entries"), 400, id="too many fields"),
        pytest.param(post("", b"hello"), 415, id="no content type"),
        pytest.param(post(JSON, b"x" * 70_000), 413, id="oversized"),
        pytest.param(post(JSON, b"", length="9" * 30), 413, id="oversized announcement"),
        pytest.param(post(JSON, b"", length="-1"), 400, id="negative length"),
        pytest.param(post(JSON + "Content-Length: 1\r\n", b"{}"), 400, id="two lengths"),
        pytest.param(post(JSON + "Transfer-Encoding: chunked\r\n", b""), 411, id="chunked"),
        pytest.param(get("/nothing"), 404, id="no such page"),
        pytest.param(get("/static/../config.py"), 404, id="path traversal"),
        pytest.param(get("/static/%2e%2e%2fconfig.py"), 404, id="encoded traversal"),
        pytest.param(post(JSON, b"{}", "/healthz"), 405, id="method"),
        pytest.param(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405, id="unknown method"),
        pytest.param(get("/slow?ms=abc"), 422, id="not a number"),
        pytest.param(get("/slow?ms=" + "9" * 40), 422, id="number too large"),
        pytest.param(get("/?before=%FF"), 400, id="query is not UTF-8"),
        pytest.param(get("/" + "a" * 9000), 414, id="long address"),
        pytest.param(get("/", "Content-Length : 5\r\n"), 400, id="blank in a header name"),
        pytest.param(get("/", "no colon here\r\nX: 1\r\n"), 400, id="header without colon"),
        pytest.param(get("/", "X: " + "a" * 70_000 + "\r\n"), 431, id="long header"),
        pytest.param(b"nonsense\r\n\r\n", 400, id="no request line"),
    ],
)
def test_bad_requests_are_refused_and_the_server_goes_on(
    web: Dyno, sent: bytes, status: int
) -> None:
    answer = converse(web, sent)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert web.request("GET", "/healthz")[0] == 200
    assert web.entries() == [] and "Traceback" not in web.output()
    assert not web.lines("at=error"), web.lines("at=error")


def test_one_connection_carries_many_requests(web: Dyno) -> None:
    head = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
    answers = converse(web, get("/healthz") + head + post(JSON, b"{}") + get("/healthz"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"200", b"200", b"422", b"200"]
    assert b"<html" not in answers


def test_static_files_are_kept_by_the_browser(web: Dyno) -> None:
    page = web.request("GET", "/")[2]
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    status, headers, text = web.request("GET", address)
    assert status == 200 and "immutable" in headers["cache-control"] and "prefers-color" in text
    assert web.request("GET", address, If_None_Match=headers["etag"])[0::2] == (304, "")


@pytest.mark.parametrize(
    ("offered", "is_kept"),
    [
        ("a" * 20, True),
        ("a" * 200, True),
        ("a" * 19, False),
        ("a" * 201, False),
        ("b" * 20 + '"', 0),
    ],
    ids=["20", "200", "19", "201", "quote"],
)
def test_a_request_id_is_kept_if_it_is_well_formed(web: Dyno, offered: str, is_kept: bool) -> None:
    answer = web.request("GET", "/healthz", X_Request_ID=offered)[1]["x-request-id"]
    assert (answer == offered) == bool(is_kept)
    web.wait_for(f"request_id={answer} ")


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"PORT": ""}, "PORT is not set"),
        ({"PORT": "http"}, "PORT is 'http'"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL is 'sqlite:///:memory:'"),
        ({"DATABASE_URL": "postgres://u:secret@h/d"}, "DATABASE_URL names PostgreSQL"),
        ({"DATABASE_URL": "mysql://u:secret@h/d"}, "mysql://…@h/d"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "not a folder"),
        ({"DATABASE_URL": "sqlite:///TMP/notes.txt"}, "not a database"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'"),
        ({"WORK_MS": "10000"}, "WORK_MS must be shorter"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_wrong_config_is_one_clear_line(tmp_path: Path, env: dict[str, str], says: str) -> None:
    formation = Formation(tmp_path)
    (tmp_path / "notes.txt").write_text("no database\n" * 1000, encoding="utf-8")
    env = {name: value.replace("TMP", str(tmp_path)) for name, value in env.items()}
    try:
        dyno = formation.start("web.1", "web", **{"PORT": "0", **env})
        assert dyno.process.wait(DEADLINE) == 1
    finally:
        formation.close()
    assert dyno.output().count("\n") == 1 and says in dyno.output()
    assert "secret" not in dyno.output()


def test_a_busy_port_is_one_clear_line(web: Dyno, tmp_path: Path) -> None:
    formation = Formation(tmp_path)
    try:
        dyno = formation.start("web.2", "web", PORT=str(web.port))
        assert dyno.process.wait(DEADLINE) == 1
    finally:
        formation.close()
    assert (
        dyno.output()
        == f"guestbook: cannot listen on 127.0.0.1:{web.port}: Address already in use\n"
    )


def test_the_env_file_is_a_good_config() -> None:
    found = part("config").load({k: v or "" for k, v in dotenv_values(FOLDER / ".env").items()})
    assert found.title == "The Twelve-Factor Guestbook"
    assert found.database == FOLDER / "guestbook.db"


def test_the_app_needs_nothing_but_the_standard_library() -> None:
    for path in FOLDER.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert source.count("\n") < 200, path
        for node in ast.walk(ast.parse(source, feature_version=(3, 10))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names or top == "guestbook", (path, name)


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("Hello world", ("shown", "greeting")),
        ("Is anybody there?", ("shown", "question")),
        ("Merci !", ("shown", "thanks")),
        ("A note. NASA and ESA", ("shown", "note")),
        ("http://a http://b www.c", ("held", "too many links")),
        ("WHY IS NOBODY LISTENING TO ME", ("held", "all in capitals")),
        ("Goooooooooooooooal", ("held", "one character over and over")),
        ("Free money here", ("held", "reads like an advertisement")),
    ],
)
def test_moderation(message: str, verdict: tuple[str, str]) -> None:
    assert part("moderation").check(message) == verdict


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("plain", "k=plain"),
        ("", 'k=""'),
        ("two words", 'k="two words"'),
        ('say "hi"', 'k="say \\"hi\\""'),
        ("a=b", 'k="a=b"'),
        ("line\nbreak \x1b[31m", 'k="line\\nbreak \\u001b[31m"'),
        ("é", "k=é"),
        (7, "k=7"),
    ],
    ids=repr,
)
def test_logfmt(value: object, line: str) -> None:
    assert part("log").logfmt({"k": value}) == line


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\n\n\n\nb", "a\n\nb"),
        (" \0a\x1b[31mb ", "a[31mb"),
        ("e\u0301", "é"),
        ("abc\u202edef", "abcdef"),
    ],
    ids=["line ends", "empty lines", "control", "normal form", "direction"],
)
def test_text_is_cleaned(text: str, clean: str) -> None:
    assert part("forms").clean(text) == clean


def test_a_job_that_always_fails_is_set_aside() -> None:
    jobs, migrate = part("jobs"), part("migrate")
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    try:
        for statement in (s for step in migrate.STEPS for s in step):
            db.execute(statement)
        jobs.add(db, "check", {"entry": 1}, 100.0, "r")
        assert jobs.claim(db, "m0", 99.0, 10) is None
        now, waits = 100.0, []
        for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
            job = jobs.claim(db, f"m{attempt}", now, 10)
            assert job.attempt == attempt and jobs.claim(db, "x", now + 9.9, 10) is None
            was_last = jobs.fail(db, job, "it broke", now)
            waits.append(db.execute("SELECT not_before FROM jobs").fetchone()[0] - now)
            now += waits[-1]
        assert was_last and waits == [1, 2, 4, 8, 16] and jobs.depth(db) == (0, 1)
        assert jobs.retry_set_aside(db, now) == 1 and jobs.depth(db) == (1, 0)
        for attempt in range(jobs.MAX_ATTEMPTS):  # now each worker is killed
            assert jobs.claim(db, f"k{attempt}", now, 10)
            now += 10
        assert jobs.claim(db, "last", now, 10) is None and jobs.depth(db) == (0, 1)
    finally:
        db.close()


def test_app_json_names_what_the_procfile_has() -> None:
    app = json.loads((FOLDER / "app.json").read_text(encoding="utf-8"))
    lines = io.StringIO((FOLDER / "Procfile").read_text(encoding="utf-8"))
    types_ = {line.partition(":")[0] for line in lines if ": " in line and line[0] != "#"}
    assert set(app["formation"]) == types_ - {"release"}
