"""examples/guestbook as real processes: what a dyno of it promises to the platform."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from guestbook_process import DEADLINE, FOLDER, Dyno, Formation, until


@pytest.fixture
def formation(tmp_path: Path) -> Iterator[Formation]:
    found = Formation(tmp_path)
    try:
        yield found
    finally:
        found.close()


def entry_is(web: Dyno, entry_id: int, status: str) -> dict[str, object]:
    """Waits until the entry has that status."""
    return until(
        lambda: next(
            (e for e in web.entries() if (e["id"], e["status"]) == (entry_id, status)), {}
        ),
        f"entry {entry_id} to be {status}",
    )


def test_an_entry_is_posted_listed_checked_and_shown(formation: Formation) -> None:
    web, worker = formation.web(), formation.worker()
    request_id = "0123456789-from-the-router"
    entry = web.sign("Ada", "Does <b>this</b> work?", X_Request_ID=request_id)
    assert entry["status"] == "waiting"
    assert web.entries()[0]["message"] == "Does <b>this</b> work?"

    checked = entry_is(web, int(entry["id"]), "shown")
    assert (checked["verdict"], checked["checked_by"]) == ("question", "worker.1")
    _, headers, page = web.request("GET", "/")
    assert headers["x-dyno"] == "web.1" and ">web.1<" in page and f"<dd>{web.port}</dd>" in page
    assert "Does &lt;b&gt;this&lt;/b&gt; work?" in page and "<b>" not in page
    assert re.search(r'<div class="face"><svg .*</svg></div>', page)

    # One id leads through the log, from the router's line to the worker's.
    line = web.wait_for("event=request", "status=201", f"request_id={request_id}")
    worker.wait_for("event=job_done", f"request_id={request_id}", "measure#worker.job=")
    assert re.search(r"measure#db\.query=\d+\.\dms", line)
    assert [web.terminate()[0], worker.terminate()[0]] == [0, 0]


def test_what_moderation_holds_is_not_shown(formation: Formation) -> None:
    web, _ = formation.web(), formation.worker()
    entry = web.sign("Spammer", "The best casino in town")
    assert entry_is(web, int(entry["id"]), "held")["message"] is None
    assert "casino" not in web.request("GET", "/")[2]


def test_a_form_redirects_and_every_web_dyno_knows_the_visitor(formation: Formation) -> None:
    first, second = formation.web("web.1"), formation.web("web.2")
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    body = b"author=Zo%C3%AB+%3Ci%3E&message=Hello%0D%0Athere"
    status, headers, _ = first.request("POST", "/entries", body, **form)
    assert (status, headers["location"]) == (303, "/#entry-1")
    cookie = headers["set-cookie"].partition(";")[0]

    assert second.entries()[0]["message"] == "Hello\nthere"
    assert 'value="Zoë &lt;i&gt;"' in second.request("GET", "/", Cookie=cookie)[2]
    assert 'value="Zoë' not in second.request("GET", "/", Cookie=cookie[:-1] + "~")[2]

    status, _, page = second.request("POST", "/entries", b"author=Zo%C3%AB&message=", **form)
    assert status == 422 and "Please write a message." in page and 'value="Zoë"' in page
    assert len(first.entries()) == 1


def test_a_job_of_a_killed_worker_is_done_by_another(formation: Formation) -> None:
    web = formation.web()
    slow = {"WORK_MS": "900", "JOB_LEASE_SECONDS": "1"}
    victim = formation.worker("worker.1", **slow)
    entry = web.sign("Ada", "Hold on to this.")
    victim.wait_for("event=job_start", "attempt=1")
    victim.kill()
    assert web.entries()[0]["status"] == "waiting"

    heir = formation.worker("worker.2", **slow)
    assert entry_is(web, int(entry["id"]), "shown")["checked_by"] == "worker.2"
    assert len(heir.lines("event=job_start", "attempt=2")) == 1
    assert not victim.lines("event=job_done")


def test_a_frozen_worker_cannot_finish_a_job_that_it_has_lost(formation: Formation) -> None:
    web = formation.web()
    frozen = formation.worker("worker.1", WORK_MS="900", JOB_LEASE_SECONDS="1")
    entry = web.sign("Ada", "Hello twice")
    frozen.wait_for("event=job_start")
    frozen.process.send_signal(signal.SIGSTOP)  # as a laptop that sleeps
    formation.worker("worker.2")
    assert entry_is(web, int(entry["id"]), "shown")["checked_by"] == "worker.2"
    frozen.process.send_signal(signal.SIGCONT)
    frozen.wait_for("at=warning", "event=job_lost")
    assert web.entries()[0]["checked_by"] == "worker.2"


def test_sigterm_lets_a_worker_finish_its_job(formation: Formation) -> None:
    web, worker = formation.web(), formation.worker(WORK_MS="300")
    web.sign("Ada", "First")
    worker.wait_for("event=job_start")
    web.sign("Ada", "Second")
    status, _ = worker.terminate()
    assert status == 0
    assert [len(worker.lines("event=job_start")), len(worker.lines("event=job_done"))] == [1, 1]
    assert [entry["status"] for entry in web.entries()] == ["waiting", "shown"]


def test_workers_side_by_side_do_each_job_once(formation: Formation) -> None:
    web = formation.web()
    numbers = [int(web.sign("Ada", f"Note {n}")["id"]) for n in range(40)]
    workers = [formation.worker(f"worker.{n}", WORK_MS="10") for n in range(1, 4)]
    until(lambda: all(e["status"] == "shown" for e in web.entries()), "all entries to be checked")
    done = [line for worker in workers for line in worker.lines("event=job_start")]
    assert len(done) == len(numbers) == 40
    assert all(worker.lines("event=job_done") for worker in workers)


def test_two_clocks_ask_once_for_each_digest(formation: Formation) -> None:
    web, worker = formation.web(), formation.worker()
    clocks = [formation.start(f"clock.{n}", "clock", DIGEST_SECONDS="1") for n in (1, 2)]
    until(lambda: len(worker.lines("event=job_done", "kind=digest")) >= 2, "two digests")
    asked = [re.findall(r"slot=(\d+)", line)[0] for c in clocks for line in c.lines("digest_asked")]
    assert len(asked) == len(set(asked)) >= 2
    assert "Digest by worker.1" in web.request("GET", "/")[2]
    assert [clock.terminate()[0] for clock in clocks] == [0, 0]


def test_sigterm_answers_the_request_in_hand_and_takes_no_other(formation: Formation) -> None:
    web = formation.web()
    with socket.create_connection(("127.0.0.1", web.port), timeout=DEADLINE) as client:
        head = b"GET /slow?ms=400 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
        client.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")  # so it is in hand
        web.process.terminate()
        web.wait_for("event=web_draining", "signal=SIGTERM")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", web.port)).close()
        client.sendall(b"x")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ") and b"\r\nConnection: close\r\n" in answer
    assert b'"slept_ms":400' in answer
    assert web.process.wait(DEADLINE) == 0
    assert web.lines("event=web_stopped", "cut=0")


def test_sigterm_ends_idle_connections_and_streams_within_a_second(formation: Formation) -> None:
    web = formation.web()
    with (
        socket.create_connection(("127.0.0.1", web.port), timeout=DEADLINE) as idle,
        socket.create_connection(("127.0.0.1", web.port), timeout=DEADLINE) as stream,
        socket.create_connection(("127.0.0.1", web.port), timeout=DEADLINE),
    ):
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"\r\nConnection: keep-alive\r\n" in idle.recv(65536)
        stream.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"text/event-stream" in stream.recv(65536)
        status, seconds = web.terminate()
        assert status == 0 and seconds < 1
        assert idle.recv(1) == b""


def test_a_stream_pushes_entries_and_goes_on_at_another_dyno(formation: Formation) -> None:
    first, second = formation.web("web.1"), formation.web("web.2")

    def listen(web: Dyno, since: str) -> Generator[tuple[str, dict[str, object]], None, None]:
        address = ("127.0.0.1", web.port)
        with socket.create_connection(address, timeout=DEADLINE) as client:
            head = f"GET /stream HTTP/1.1\r\nHost: a\r\nLast-Event-ID: {since}\r\n\r\n"
            client.sendall(head.encode())
            with client.makefile(encoding="utf-8") as lines:
                number = ""
                for line in lines:
                    key, _, value = line.rstrip("\n").partition(": ")
                    number = value if key == "id" else number
                    if key == "data" and "author" in (data := json.loads(value)):
                        yield number, data

    first.sign("Ada", "Before")
    with closing(listen(first, "0")) as events:
        assert next(events)[1]["message"] == "Before"
        second.sign("Grace", "During <b>")
        number, data = next(events)
        assert data["message"] == "During <b>" and "During &lt;b&gt;" in str(data["html"])
        first.kill()
    second.sign("Alan", "After the first dyno died")
    with closing(listen(second, number)) as events:
        assert next(events)[1]["author"] == "Alan"


def test_the_release_phase_may_run_anywhere_and_any_number_of_times(formation: Formation) -> None:
    dynos = [formation.start(f"release.{n}", "migrate") for n in range(6)]
    assert [dyno.process.wait(DEADLINE) for dyno in dynos] == [0] * 6
    assert sum(len(dyno.lines("before=0")) for dyno in dynos) == 1
    with closing(sqlite3.connect(formation.database)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_one_off_tasks_use_the_same_code_and_config(formation: Formation) -> None:
    def task(*words: str) -> str:
        command = [sys.executable, "-m", "guestbook.admin", *words]
        options = {"cwd": FOLDER, "env": formation.env, "timeout": DEADLINE, "check": True}
        return subprocess.run(command, capture_output=True, text=True, **options).stdout  # type: ignore[call-overload, no-any-return]

    task("seed", "7")
    assert "entries=7 held=0 jobs=7 set_aside=0" in task("stats")
    with closing(sqlite3.connect(formation.database, isolation_level=None)) as db:
        db.execute("UPDATE jobs SET failure = 'it broke', attempts = 5")
    assert "jobs=0 set_aside=7" in task("stats")
    assert "jobs=7" in task("retry")
    assert "jobs=7 set_aside=0" in task("stats")
