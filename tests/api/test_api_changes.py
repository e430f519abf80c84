"""What changes the app: scaling, restarting, stopping. Each test has a platform of its own."""

from __future__ import annotations

import signal
import threading

import pytest
from api_kit import TWO_TYPES, Shop
from conftest import Folder, wait_until


@pytest.fixture
def shop(folder: Folder) -> Shop:
    """A platform of the test's own."""
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    _ = running.port
    it = Shop(folder, running)
    it.wait_for_states(web_1="up", worker_1="up")
    return it


def test_a_batch_changes_all_types_at_once(shop: Shop) -> None:
    web_id = shop.ask("GET", "/formation/web").value["id"]
    updates = [
        {"type": web_id, "quantity": "+2", "size": "standard-1x"},
        {"type": "worker", "quantity": 0},
        {"type": "web", "quantity": "-1"},
    ]
    answer = shop.ask("PATCH", "/formation", {"updates": updates})
    assert answer.status == 200
    assert [(each["type"], each["quantity"]) for each in answer.value] == [
        ("web", 2),
        ("worker", 0),
    ]
    shop.wait_for_states(web_1="up", web_2="up")
    shop.running.wait_for(
        r"app\[api\]: Scaled to web@2:Standard-1X worker@0:Standard-1X by user you@localhost$"
    )
    shop.running.wait_for(r"heroku\[worker\.1\]: Process exited with status 143$")


def test_one_type_is_changed_alone(shop: Shop) -> None:
    answer = shop.ask("PATCH", "/formation/worker", {"quantity": "3"})
    assert (answer.status, answer.value["quantity"]) == (200, 3)
    shop.wait_for_states(web_1="up", worker_1="up", worker_2="up", worker_3="up")
    assert shop.ask("PATCH", "/formation/worker", {}).value["quantity"] == 3
    shop.ask("PATCH", "/formation/worker", {"quantity": 1})
    shop.wait_for_states(web_1="up", worker_1="up")


def test_changes_that_come_together_all_count(shop: Shop) -> None:
    update = {"updates": [{"type": "worker", "quantity": "+1"}]}
    statuses: list[int] = []

    def change() -> None:
        statuses.append(shop.ask("PATCH", "/formation", update).status)

    threads = [threading.Thread(target=change) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert statuses == [200] * 8
    assert shop.quantities() == {"web": 1, "worker": 9}


RESTARTS = [
    ("/dynos", {"web.1", "worker.1", "worker.2"}),
    ("/dynos/worker.2", {"worker.2"}),
    ("/dynos/worker", {"worker.1", "worker.2"}),
    ("/formations/worker", {"worker.1", "worker.2"}),
]


def test_a_restart_is_of_those_that_were_named(shop: Shop) -> None:
    shop.ask("PATCH", "/formation/worker", {"quantity": 2})
    up = {"web_1": "up", "worker_1": "up", "worker_2": "up"}
    shop.wait_for_states(**up)
    for path, restarted in RESTARTS:
        before = {name: each["id"] for name, each in shop.dynos().items()}
        assert shop.ask("DELETE", path).status == 202

        def changed(before: dict[str, str] = before, restarted: set[str] = restarted) -> bool:
            now = shop.dynos()
            return {name for name in now if now[name]["id"] != before[name]} == restarted

        wait_until(changed, f"DELETE {path} restarts {restarted}")
        shop.wait_for_states(**up)


def test_a_restart_by_id_and_of_a_type_without_dynos(shop: Shop) -> None:
    before = shop.dynos()["worker.1"]["id"]
    assert shop.ask("DELETE", f"/dynos/{before}").status == 202
    wait_until(lambda: shop.dynos()["worker.1"]["id"] != before, "another dyno")
    shop.ask("PATCH", "/formation/worker", {"quantity": 0})
    assert shop.ask("DELETE", "/formations/worker").status == 202
    assert shop.ask("DELETE", "/dynos/worker").status == 202
    assert shop.ask("GET", "/dynos/worker.1").error == (404, "not_found")


def test_a_restarted_dyno_still_ends_at_sigterm(shop: Shop) -> None:
    """What init ignores must not be inherited by the runs that it starts later."""
    for round in (1, 2):
        shop.ask("DELETE", "/dynos/worker.1")
        shop.running.wait_for(r"heroku\[worker\.1\]: Process exited with status 143$", count=round)
    assert "SIGKILL" not in shop.running.text


@pytest.mark.parametrize("path", ["/dynos/worker.1", "/formations/worker", "/dynos/worker"])
def test_a_stopped_dyno_starts_again_by_itself(shop: Shop, path: str) -> None:
    before = shop.dynos()["worker.1"]["id"]
    assert shop.ask("POST", path + "/actions/stop").status == 202
    wait_until(lambda: shop.dynos()["worker.1"]["id"] != before, "another run")
    shop.wait_for_states(web_1="up", worker_1="up")
    lines = [line.split(": ", 1)[1] for line in shop.running.lines if "heroku[worker.1]" in line]
    assert lines[2:5] == [
        "State changed from up to down",
        "Stopping all processes with SIGTERM",
        "State changed from down to starting",
    ]


def test_stopping_a_crashed_dyno_ends_its_cool_off(folder: Folder) -> None:
    folder.write("Procfile", "bad: test -e there && exec sleep 600; exit 1\n")
    running = folder.start("--backoff-first", "300", "--backoff-max", "300")
    running.wait_for(
        "State changed from starting to crashed|State changed from up to crashed", count=2
    )
    folder.write("there", "")
    it = Shop(folder, running)
    it.wait_for_states(bad_1="crashed")
    assert it.ask("POST", "/dynos/bad.1/actions/stop").status == 202
    it.wait_for_states(bad_1="up")


def test_a_stopped_platform_leaves_no_socket_and_no_process(shop: Shop) -> None:
    shop.running.signal(signal.SIGTERM)
    shop.running.wait()
    assert not (shop.root / ".localku" / "api.sock").exists()
    shop.running.assert_nothing_left()
