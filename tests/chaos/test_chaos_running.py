"""Each fault on a running app, behind two routers: its code is seen, and it is undone."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from chaos_kit import TIMES, WEB, WORKER, Echo, Shop, ask, server, sink
from conftest import LINUX, LOCALKU, Folder, wait_until


@pytest.fixture(scope="module")
def database() -> Iterator[int]:
    with server(Echo) as port:
        yield port


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, database: int) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("chaos") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("web.py", WEB)
    folder.write("worker.py", WORKER)
    folder.write("Procfile", "web: exec python3 web.py\nworker: exec python3 worker.py\n")
    folder.write("localku.yml", TIMES)
    folder.write(".env", f"DATABASE_URL=postgres://me:verysecretword@127.0.0.1:{database}/shop\n")
    shop = Shop(folder, folder.start("-m", "web=2", "--routers", "2"))
    _ = shop.running.port
    shop.all_up()
    yield shop
    shop.running.signal(signal.SIGINT)
    shop.running.wait()
    assert "Traceback" not in shop.running.text
    assert "verysecretword" not in shop.running.text
    shop.running.destroy()


@pytest.fixture
def shop(running: Shop) -> Shop:
    """Nothing is on, all dynos are up."""
    running.ask("DELETE")
    running.all_up()
    return running


def test_killed_dynos_crash_and_come_back(shop: Shop) -> None:
    mark = shop.since()
    fault = shop.chaos("kill", dyno="web.1", seed=1)
    assert (fault["state"], fault["done"], fault["seed"]) == ("over", ["SIGKILL to web.1"], 1)
    shop.says(r"heroku\[chaos\]: Chaos kill-\d+: begins, on purpose: .*web\.1, seed 1", mark)
    shop.says(r"heroku\[web\.1\]: Process exited with status 137", mark)
    shop.says(r"heroku\[web\.1\]: State changed from starting to up", mark)
    assert "web.2]" not in shop.running.text[mark:]


def test_acts_repeat_until_the_end(shop: Shop) -> None:
    fault = shop.chaos("term", dyno="web", every=0.1, seed=5, **{"for": 0.35})
    assert (fault["state"], fault["every"], fault["for"]) == ("on", 0.1, 0.35)
    wait_until(lambda: shop.state(fault) == "over", "it is over at its time", 2)
    done = shop.ask("GET", f"/{fault['id']}").value["done"]
    assert len(done) == 4
    assert set(done) <= {"SIGTERM to web.1", "SIGTERM to web.2", "no web runs now: nothing done"}


def test_a_frozen_dyno_is_h12_and_goes_on_afterwards(shop: Shop) -> None:
    mark = shop.since()
    with shop.fault("freeze", all=True):
        status, took = shop.get()
        assert (status, took > 0.5) == (503, True)
        shop.says(r"at=error code=H12 .*dyno=web\.[12]", mark)
    assert shop.get()[0] == 200
    shop.says(r"Chaos freeze-\d+: SIGCONT to web\.1 and web\.2", mark)
    assert "Process exited" not in shop.running.text[mark:]


def test_slow_answers_are_slow_after_a_restart_too(shop: Shop) -> None:
    with shop.fault("slow", delay=150):
        # the second router hears of it a moment later
        wait_until(lambda: min(shop.get()[1] for _ in range(2)) > 0.15, "answers are slow")
        mark = shop.since()
        shop.chaos("kill", dyno="web", all=True)
        for dyno in (r"web\.1", r"web\.2"):
            shop.says(rf"heroku\[{dyno}\]: State changed from starting to up", mark)
        status, took = shop.get()
        assert (status, took > 0.15) == (200, True)
    assert min(took for _, took in (shop.get(), shop.get(), shop.get())) < 0.15


def test_what_is_late_is_let_go_at_the_end(shop: Shop) -> None:
    with shop.fault("slow", delay=60_000), ThreadPoolExecutor() as pool:
        late = [pool.submit(shop.get)]
        while wait(late[-1:], timeout=0.2).done:  # the second router hears of it a moment later
            late.append(pool.submit(shop.get))
        shop.ask("DELETE")
        assert [each.result(5)[0] for each in late] == [200] * len(late)


def test_cut_connections_are_h13_or_h18(shop: Shop) -> None:
    mark = shop.since()
    with shop.fault("cut", seed=2):
        wait_until(lambda: "H13" in shop.running.text[mark:] or shop.get() == (0, 0), "H13")
        wait_until(lambda: "H18" in shop.running.text[mark:] or shop.get() == (0, 0), "H18")
    assert [shop.get()[0] for _ in range(4)] == [200] * 4


def test_a_smaller_quota_is_r14_and_then_r15(shop: Shop) -> None:
    mark = shop.since()
    shop.chaos("memory", dyno="web.2", **{"for": 0.6})
    shop.says(r"heroku\[web\.2\]: Error R14 \(Memory quota exceeded\)", mark)
    shop.says(r"heroku\[web\.2\]: Error R15 \(Memory quota vastly exceeded\)", mark)
    shop.says(r"Chaos memory-\d+: quotas of web\.2 are what they were", mark)
    assert "heroku[web.1]" not in shop.running.text[mark:]


def test_a_fill_of_ones_own_stays_until_the_end(shop: Shop) -> None:
    mark = shop.since()
    with shop.fault("memory", dyno="web.2", fill=2.2, **{"for": 60}) as fault:
        shop.says(r"heroku\[web\.2\]: Error R15 \(Memory quota vastly exceeded\)", mark)
        done = shop.ask("GET", f"/{fault['id']}").value["done"]
        assert not [text for text in done if "what they were" in text]
    shop.says(r"Chaos memory-\d+: quotas of web\.2 are what they were", mark)


def test_a_slow_boot_is_r10(shop: Shop) -> None:
    mark = shop.since()
    with shop.fault("boot", dyno="web.1"):
        shop.says(r"heroku\[web\.1\]: Error R10 \(Boot timeout\)", mark)
        shop.says(r"heroku\[web\.1\]: State changed from crashed to starting", mark)
    shop.all_up()


def test_the_daily_restart_now(shop: Shop) -> None:
    mark = shop.since()
    assert shop.chaos("cycle")["state"] == "over"
    for dyno in (r"web\.1", r"web\.2", r"worker\.1"):
        shop.says(rf"heroku\[{dyno}\]: Cycling", mark)


def test_a_backing_service_goes_and_comes_back(shop: Shop, database: int) -> None:
    mark = shop.since()
    before = ask(shop.folder, "GET", "/apps/shop/releases").value
    fault = shop.chaos("backing", **{"for": 0.6})
    assert fault["var"] == "DATABASE_URL"
    relay = shop.says(r"app\[worker\.1\]: database me 127\.0\.0\.1 (\d+) /shop", mark)[1]
    assert int(relay) != database
    # it was used before it broke
    shop.says(rf"{relay} /shop\n[\s\S]*database: answers[\s\S]*database: Connection", mark)
    shop.says(r"Chaos backing-\d+: DATABASE_URL: connections pass again", mark)
    shop.says(r"Chaos backing-\d+: over, all is undone", mark)
    dynos = ask(shop.folder, "GET", "/apps/shop/dynos").value
    assert {each["state"] for each in dynos} == {"up"}  # it is not over before they are back
    shop.says(r"app\[worker\.1\]: database: answers", mark)
    shop.says(rf"app\[worker\.1\]: database me 127\.0\.0\.1 {database} /shop", mark)
    config = ask(shop.folder, "GET", "/apps/shop/config-vars").value
    assert f":{database}/" in config["DATABASE_URL"]
    assert ask(shop.folder, "GET", "/apps/shop/releases").value == before


def test_a_lost_drain_gets_an_l10(shop: Shop) -> None:
    bodies: list[bytes] = []
    with sink(bodies) as url:
        drain = ask(shop.folder, "POST", "/apps/shop/log-drains", {"url": url}).value
        with shop.fault("drain", drain=drain["id"]):
            work = f"/localku/apps/shop/log-drains/{drain['id']}"
            wait_until(lambda: ask(shop.folder, "GET", work).value["trouble"], "it is lost")
            for _ in range(14):
                shop.get()
            wait_until(lambda: ask(shop.folder, "GET", work).value["dropped"], "lines are lost")
        overflow = b"Error L10 (output buffer overflow)"
        wait_until(lambda: overflow in b"".join(bodies), "L10 at the drain")
        ask(shop.folder, "DELETE", f"/apps/shop/log-drains/{drain['id']}")


REFUSED = {
    "no such dyno": (
        {"fault": "kill", "dyno": "web.9"},
        422,
        "No such dyno or process type: web.9",
    ),
    "no time": ({"fault": "freeze", "for": 0}, 422, "Invalid for"),
    "no requests": ({"fault": "slow", "dyno": "worker"}, 422, "Slow is about web dynos"),
    "no variable": ({"fault": "backing", "var": "NOPE"}, 422, "There is no config var NOPE"),
    "no drain": ({"fault": "drain"}, 422, "Which drain? (add one with"),
}


@pytest.mark.parametrize(("body", "status", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_said(shop: Shop, body: object, status: int, why: str) -> None:
    answer = shop.ask("POST", "", body)
    assert answer.status == status
    assert why in answer.value["message"]


def test_one_fault_of_a_kind_on_a_dyno(shop: Shop) -> None:
    with shop.fault("freeze", dyno="web.1") as first:
        assert shop.ask("POST", "", {"fault": "freeze", "dyno": "web"}).status == 409
        with shop.fault("freeze", dyno="worker.1"):
            pass
        again = shop.ask("POST", "", {"fault": "freeze", "dyno": "web.1"})
        assert again.status == 409
        assert f"`localku chaos:stop {first['id']}` ends it" in again.value["message"]


# -- the command -----------------------------------------------------------------------------------


def command(shop: Shop, *argv: str) -> subprocess.Popen[str]:
    proc = subprocess.Popen(
        [LOCALKU, "chaos", *argv], cwd=shop.folder.path, stdout=subprocess.PIPE, text=True
    )
    assert proc.stdout is not None
    while "SIGSTOP to" not in (line := proc.stdout.readline()):
        assert line
    return proc


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_fault_ends_with_its_command_or_at_its_time(shop: Shop, number: signal.Signals) -> None:
    mark = shop.since()
    length = "700ms" if number is signal.SIGKILL else "1h"
    proc = command(shop, "freeze", "web.2", "--for", length)
    proc.send_signal(number)
    rest, _ = proc.communicate(timeout=10)
    assert proc.returncode == {2: 130, 15: 143, 9: -9}[int(number)]
    assert ("It is over, and all is undone." in rest) is (number is not signal.SIGKILL)
    shop.says(r"Chaos freeze-\d+: SIGCONT to web\.2", mark)


def test_what_is_on_is_listed_and_stopped(shop: Shop) -> None:
    begun = shop.running.cli("chaos", "slow", "web.1", "--delay", "5ms", "--detach")
    assert begun.returncode == 0, begun.stderr
    listed = shop.running.cli("chaos").stdout
    assert re.search(r"^slow-\d+ on web\.1: until ", listed, re.MULTILINE)
    assert re.search(r"^  freeze    SIGSTOP to a dyno", listed, re.MULTILINE)
    ended = shop.running.cli("chaos:stop")
    assert ended.stdout.startswith("Over, and undone: slow-")
    assert shop.running.cli("chaos:stop").stdout == "There is no chaos on ⬢ shop.\n"


@pytest.mark.skipif(not LINUX, reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_end_of_the_platform_thaws_what_is_frozen(
    folder: Folder, number: signal.Signals
) -> None:
    folder.write("Procfile", "worker: trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done\n")
    running = folder.start("--grace", "20s")
    _ = running.port
    shop = Shop(folder, running)
    shop.chaos("freeze", dyno="worker.1", **{"for": 3600})
    running.signal(number)
    running.wait()
    if number is signal.SIGINT:
        assert "app[worker.1]: bye" in running.text
        assert "R12" not in running.text
        assert "over, all is undone" in running.text
    running.assert_nothing_left()
