"""examples/queue on a real PostgreSQL: no order without its job, no job lost, none done twice."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Folder, wait_until
from queue_kit import PATH, QUEUE, Postgres, Web, Worker

Start = Callable[..., Worker]
NOBODY = "postgres://127.0.0.1:1/x"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    """The database of the app that all tests share."""
    return postgres.database()


@pytest.fixture(scope="module")
def web(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Two web dynos and no worker; a test starts those that it needs."""
    folder = Folder(tmp_path_factory.mktemp("queue") / "queue")
    shutil.copytree(
        QUEUE, folder.path, ignore=shutil.ignore_patterns(".localku", ".env", "__pycache__")
    )
    config = {"DATABASE_URL": url, "HOST": "127.0.0.1", "WORK_MS": "200", "STALLED_SECONDS": "1"}
    folder.write(".env", "".join(f"{key}={value}\n" for key, value in config.items()))
    app = folder.start("-m", "web=2,worker=0", env={"PATH": PATH})
    try:
        for number in (1, 2):
            app.wait_for(rf"app\[web\.{number}\]: event=web_started")
            app.wait_for(rf"heroku\[web\.{number}\]: State changed from starting to up$")
        yield Web(app)
    finally:
        app.destroy()


@pytest.fixture
def worker(url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts workers beside the platform."""
    started: list[Worker] = []

    def start(name: str, **env: str) -> Worker:
        started.append(Worker(name, url, tmp_path, **{"WORK_MS": "200", **env}))
        return started[-1]

    yield start
    for each in started:
        each.destroy()


def silent_for_long(postgres: Postgres, url: str) -> None:
    """As if all workers so far had not been heard of for an hour: nobody waits for that second."""
    postgres.ask(url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")


def test_orders_are_answered_at_once_and_two_workers_share_their_jobs(web: Web) -> None:
    with ThreadPoolExecutor(4) as pool:
        places = list(pool.map(lambda _: web.order(), range(6)))
    assert web.request("GET /orders")[1]["depth"] == 6
    assert web.state(places[0])["state"] == "waiting"
    web.app.wait_for(r"app\[web\.\d\]: event=queue source=web\.\d sample#queue\.depth=6$")

    web.app.cli("ps:scale", "worker=2")
    done = [web.wait_for(place, "done") for place in places]
    assert {each["made_by"] for each in done} == {"worker.1", "worker.2"}
    assert {each["tries"] for each in done} == {1}
    said = r"event=job_done .* count#jobs\.done=1 measure#job\.latency=\d+\.\dms measure#job\.work="
    web.app.wait_for(said, count=6)
    assert set(re.findall(r'path="/orders".* dyno=(web\.\d)', web.app.text)) == {"web.1", "web.2"}
    # in mid-job, as on every deploy: the job in hand is finished, not begun again
    place = web.order()
    web.wait_for(place, "in work")
    web.app.cli("ps:scale", "worker=0")
    assert web.wait_for(place, "done")["tries"] == 1
    web.app.wait_for(r"app\[worker\.\d\]: event=worker_stopped", count=2)
    assert "Error R12" not in web.app.text


def test_a_job_of_a_killed_worker_is_done_by_another(web: Web, worker: Start) -> None:
    victim = worker("worker.8")
    place = web.order()
    victim.wait_for("event=job_start")
    victim.signal(signal.SIGKILL)
    heir = worker("worker.9")
    assert web.wait_for(place, "done")["made_by"] == "worker.9"
    assert web.state(place)["tries"] == 2
    assert "event=job_put_back" in heir.text and heir.text.count("count#jobs.done=1") == 1
    assert "job_done" not in victim.text


def test_a_job_that_two_workers_finish_is_done_once(
    web: Web, worker: Start, postgres: Postgres, url: str
) -> None:
    frozen = worker("worker.8")
    place = web.order()
    frozen.wait_for("event=job_start")
    frozen.signal(signal.SIGSTOP)  # as a laptop that sleeps, or a virtual machine that moves
    silent_for_long(postgres, url)
    worker("worker.9")
    web.wait_for(place, "done")
    frozen.signal(signal.SIGCONT)
    frozen.wait_for("event=job_was_done_already")
    assert "count#jobs.done" not in frozen.text
    assert web.state(place)["made_by"] == "worker.9"


def test_a_worker_that_is_frozen_with_a_lock_does_not_stop_the_others(
    web: Web, worker: Start, postgres: Postgres, url: str
) -> None:
    # as long as it stands between INSERT and COMMIT, whoever makes the same invoice waits for it
    frozen = worker("worker.8", WORK_MS="1")
    with postgres.transaction(url) as db:
        db.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        place = web.order()
        waits = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until(lambda: postgres.ask(url, waits), "it waits in its INSERT")
        frozen.signal(signal.SIGSTOP)
    silent_for_long(postgres, url)
    worker("worker.9", WORK_MS="1")
    assert web.wait_for(place, "done")["made_by"] == "worker.9"


def test_what_does_not_end_within_the_grace_goes_back_and_is_done(web: Web, worker: Start) -> None:
    impatient = worker("worker.8", WORK_MS="60000", GRACE_SECONDS="0.2")
    place = web.order()
    impatient.wait_for("event=job_start")
    assert impatient.ends() == 0
    assert "event=job_given_back" in impatient.text and "Traceback" not in impatient.text
    assert web.state(place)["state"] == "waiting"
    worker("worker.9", WORK_MS="1")
    assert web.wait_for(place, "done")["tries"] == 2


def test_nothing_of_this_ends_a_worker(
    web: Web, worker: Start, postgres: Postgres, url: str
) -> None:
    bomb = web.order("a job that killed four workers")
    postgres.ask(
        url, "UPDATE procrastinate_jobs SET status = 'doing', attempts = 4 WHERE status = 'todo'"
    )
    it = worker("worker.8", WORK_MS="1")
    it.wait_for("event=job_failed")
    assert web.state(bomb)["state"] == "failed"

    broken = web.order("broken")
    it.wait_for("event=job_error")
    web.wait_for(web.order(), "done")
    assert web.state(broken)["state"] == "waiting"  # for the next try, in a second

    others = "datname = current_database() AND pid <> pg_backend_pid()"
    postgres.ask(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    place = web.order()
    assert web.request("GET /orders")[0] == 200
    assert web.wait_for(place, "done")["made_by"] == "worker.8"
    assert it.ends() == 0 and "Traceback" not in it.text


def test_an_order_and_its_job_are_both_there_or_neither(
    web: Web, postgres: Postgres, url: str
) -> None:
    count = "SELECT count(*) FROM orders"
    before = postgres.ask(url, count)
    postgres.ask(url, "ALTER TABLE procrastinate_jobs RENAME TO away")
    try:
        assert web.request("POST /orders", item="tea")[0] == 503
    finally:
        postgres.ask(url, "ALTER TABLE away RENAME TO procrastinate_jobs")
    assert postgres.ask(url, count) == before
    assert web.request("POST /orders?inline=1", item="tea")[0] == 201  # how not to do it, works
    assert web.request("GET /orders/999999")[0] == web.request("GET /nothing")[0] == 404


def test_the_release_phase_makes_the_schema_once_however_often_it_runs(postgres: Postgres) -> None:
    env = {"PATH": PATH, "DATABASE_URL": postgres.database(), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "schema.py"]
    running = [
        subprocess.Popen(argv, cwd=QUEUE, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [each.communicate(timeout=15)[0] for each in running]
    assert [each.returncode for each in running] == [0, 0]
    assert sorted(line.rpartition("=")[2].strip() for line in said) == ["no", "yes"]


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({}, "DATABASE_URL is not set"),
        (
            {"DATABASE_URL": "postgres://127.0.0.1:1/x", "DATABASE_WAIT_SECONDS": "0"},
            "no database: ",
        ),
        ({"DATABASE_URL": "postgres://127.0.0.1:1/x", "WORK_MS": "soon"}, "WORK_MS is 'soon'"),
    ],
)
def test_wrong_config_is_told_in_one_line(env: dict[str, str], words: str) -> None:
    pytest.importorskip("procrastinate")
    pytest.importorskip("psycopg")
    argv = [sys.executable, "-B", "worker.py"]
    done = subprocess.run(argv, cwd=QUEUE, env=env, capture_output=True, text=True, timeout=15)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and words in done.stderr


def test_its_files_agree() -> None:
    app = json.loads((QUEUE / "app.json").read_text())
    types = re.findall(r"^(\w+):", (QUEUE / "Procfile").read_text(), re.MULTILINE)
    assert types == [*app["formation"], "release"]
    pins = (QUEUE / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in pins if line and line[0] != "#")
    readme = (QUEUE / "README.md").read_text()
    assert len(readme.splitlines()) <= 80
    names = re.findall(r'(?:_number|_required)\("([A-Z_]+)"', (QUEUE / "config.py").read_text())
    names += re.findall(r"\$\{([A-Z_]+):-", (QUEUE / "Procfile").read_text())
    assert [name for name in names if f"`{name}`" not in readme] == []
