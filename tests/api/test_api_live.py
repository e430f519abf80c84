"""The feed: an app as somebody sees it who looks on, and its last two hours."""

from __future__ import annotations

import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gate_kit
import pytest
from api_kit import Shop, ask
from conftest import LINUX, Folder, wait_until
from live_kit import APP, PROCFILE, Onlooker

Look = Callable[..., Onlooker]


def started(folder: Folder) -> Shop:
    os.mkfifo(folder.path / "say")
    folder.write("app.py", APP)
    folder.write("Procfile", PROCFILE)
    folder.write("localku.yml", "types:\n  web: {memory: 300MB}\n")
    running = folder.start("-m", "web=2,worker=1")
    assert running.port
    it = Shop(folder, running)
    it.wait_for_states(web_1="up", web_2="up", worker_1="up")
    return it


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One platform for all tests that leave it as it was."""
    root = tmp_path_factory.mktemp("live") / "shop"
    root.mkdir()
    it = started(Folder(root))
    yield it
    it.running.destroy()


@pytest.fixture
def shop(folder: Folder) -> Shop:
    """One for tests that count, or change it."""
    return started(folder)


@pytest.fixture
def look() -> Iterator[Look]:
    looking = []

    def begin(shop: Shop, query: str = "", **more: object) -> Onlooker:
        it = Onlooker(shop.root, query, **more)  # type: ignore[arg-type]
        looking.append(it)
        assert it.response.status == 200
        return it

    yield begin
    for each in looking:
        each.close()


def get(shop: Shop, *paths: str) -> list[int]:
    connection = http.client.HTTPConnection("127.0.0.1", shop.running.port, timeout=15)
    found = []
    for path in paths:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        found.append(response.status)
    connection.close()
    return found


def say(shop: Shop, text: str) -> None:
    with open(shop.root / "say", "w") as fifo:
        fifo.write(text)


def past(shop: Shop, query: str = "") -> dict:  # type: ignore[type-arg]
    answer = ask(shop.root, "GET", f"/localku/apps/shop/metrics{query}")
    assert answer.status == 200, answer.value
    return answer.value  # type: ignore[no-any-return]


def dyno(value: dict, name: str) -> dict:  # type: ignore[type-arg]
    return next(each for each in value["dynos"] if each["name"] == name)


def test_what_one_sees_first(shop: Shop, look: Look) -> None:
    it = look(shop)
    hello = it.see("hello")
    assert abs(hello.pop("now") - time.time()) < 15
    assert hello == {
        "app": "shop",
        "web_url": f"http://shop.localhost:{shop.running.port}/",
        "https_url": None,
        "api_url": f"http://127.0.0.1:{gate_kit.api_port(shop.running)}/",
        "maintenance": False,
        "routing": "round-robin",
        "formation": [
            {
                "type": "web",
                "command": "exec python3 app.py",
                "quantity": 2,
                "size": "Standard-1X",
            },
            {
                "type": "worker",
                "command": "exec sleep 600",
                "quantity": 1,
                "size": "Standard-1X",
            },
        ],
        "release": 2,
    }
    first = it.see("dynos")
    assert [each["name"] for each in first["dynos"]] == ["web.1", "web.2", "worker.1"]
    web = dyno(first, "web.1")
    assert web["type"], web["state"] == ("web", "up")
    assert abs(web["since"] - time.time()) < 30
    assert (web["restarts"], web["quota"], web["in_flight"]) == (0, 300 << 20, 0)
    assert dyno(first, "worker.1")["quota"] is None
    os.kill(web["pid"], 0)
    assert "State changed from starting to up" in it.see("lines")["lines"][-1]["text"]


def test_memory_and_load_are_measured_while_somebody_looks_on(shared: Shop, look: Look) -> None:
    it = look(shared)
    assert "memory" not in dyno(it.see("dynos"), "web.1")
    web = dyno(it.see("dynos", lambda v: "memory" in v["dynos"][0]), "web.1")
    assert 1 << 20 < web["memory"] < 200 << 20
    assert web["load"] >= 0
    point = it.see("point", lambda v: "web.1" in v["dynos"])
    assert point["dynos"]["web.1"]["quota"] == 300 << 20
    it.see(
        "dynos", lambda _: sum("memory" in v["dynos"][0] for n, v in it.events if n == "dynos") > 1
    )


def test_requests_become_points(shop: Shop, look: Look) -> None:
    it = look(shop)
    it.see("hello")
    assert get(shop, *["/"] * 10, "/fail", "/x") == [200] * 10 + [500, 200]

    def total(kind: str) -> int:
        points = [value for name, value in it.events if name == "point"]
        return sum(point["requests"][kind] for point in points)

    it.see("point", lambda _: total("2xx") == 11 and total("5xx") == 1)
    points = [value for name, value in it.events if name == "point"]
    served = [point["dynos"].get(name, {}) for point in points for name in ("web.1", "web.2")]
    assert sum(each.get("requests", 0) for each in served) == 12
    assert sum(each.get("errors", 0) for each in served) == 1
    assert sum(point["service"]["count"] for point in points) == 12
    busy = next(point for point in points if point["service"]["count"])
    assert 0 <= busy["service"]["p50"] <= busy["service"]["p99"] <= busy["service"]["max"]


def test_every_second_has_its_point_while_somebody_looks_on(shared: Shop, look: Look) -> None:
    it = look(shared)
    it.see("point", lambda _: sum(name == "point" for name, _ in it.events) >= 3)
    seconds = [value["t"] for name, value in it.events if name == "point"]
    assert seconds == list(range(seconds[0], seconds[0] + len(seconds)))


def test_what_an_app_measures_needs_no_configuration(shared: Shop, look: Look) -> None:
    it = look(shared)
    it.see("hello")
    say(shared, "at=info measure#db.query=12.5ms count#signup=2 sample#queue.depth=42\n")
    say(shared, "source=eu count#signup=1\nfn=resize at=finish elapsed=0.25\n")
    found: dict[str, object] = {}

    def all_of_it(value: dict) -> bool:  # type: ignore[type-arg]
        found.update(value["custom"])
        return {"db.query", "signup", "signup{eu}", "queue.depth", "resize"} <= found.keys()

    it.see("point", all_of_it)
    assert found["signup"] == {"type": "count", "sum": 2}
    assert found["queue.depth"] == {"type": "sample", "unit": "", "last": 42}
    assert found["db.query"]["p95"] == 12.5  # type: ignore[index]
    assert found["resize"]["unit"] == "s"  # type: ignore[index]


def test_changes_are_told_and_leave_marks(shop: Shop, look: Look) -> None:
    it = look(shop)
    it.see("hello")
    shop.ask("PATCH", "/formation/worker", {"quantity": 2})
    it.see("hello", lambda v: v["formation"][1]["quantity"] == 2)
    it.see("dynos", lambda v: [d["state"] for d in v["dynos"] if d["name"] == "worker.2"] == ["up"])
    mark = it.see("mark", lambda v: v["kind"] == "scale")
    assert "web@2:Standard-1X worker@2:Standard-1X" in mark["text"]
    shop.ask("PATCH", "", {"maintenance": True})
    it.see("hello", lambda v: v["maintenance"])
    it.see("mark", lambda v: v["kind"] == "maintenance")
    assert get(shop, "/") == [503]
    it.see("point", lambda v: v["codes"] == {"H80": 1})
    mark = it.see("mark", lambda v: v["kind"] == "error")
    assert (mark["code"], mark["text"]) == ("H80", "H80 Maintenance mode")
    shop.ask("PATCH", "/config-vars", {"A": "secret"})
    it.see("mark", lambda v: v["kind"] == "config" and "secret" not in v["text"])
    it.see("mark", lambda v: v["kind"] == "release" and v["text"].startswith("Release v3 "))
    it.see("hello", lambda v: v["release"] == 3)
    it.see("mark", lambda v: v["kind"] == "restart" and v["dyno"] == "web.1")
    it.see("dynos", lambda v: dyno(v, "web.1")["restarts"] == 1)


def test_a_crash_is_seen(shop: Shop, look: Look) -> None:
    it = look(shop)
    os.kill(dyno(it.see("dynos"), "worker.1")["pid"], signal.SIGKILL)
    mark = it.see("mark", lambda v: v["kind"] == "crash")
    assert mark["dyno"] == "worker.1"
    it.see("dynos", lambda v: dyno(v, "worker.1")["restarts"] == 1)


def test_requests_in_flight(shared: Shop, look: Look) -> None:
    it = look(shared)
    it.see("hello")
    connection = http.client.HTTPConnection("127.0.0.1", shared.running.port, timeout=15)
    connection.request("GET", "/hang")
    value = it.see("dynos", lambda v: any(each["in_flight"] for each in v["dynos"]))
    assert sum(each["in_flight"] for each in value["dynos"]) == 1
    (shared.root / "go").touch()
    assert connection.getresponse().status == 200
    connection.close()


def test_lines_of_whom_one_asks_for(shared: Shop, look: Look) -> None:
    say(shared, "one\ntwo\nthree\n")
    shared.running.wait_for(r"app\[web\.\d\]: three$")
    it = look(shared, "?source=app&type=web&lines=2")
    it.see("lines")
    assert it.texts == ["two", "three"]
    say(shared, "four\x1b[31m\rfi")
    say(shared, "ve\n")
    line = it.see("lines", lambda v: "five" in v["lines"][-1]["text"])["lines"][-1]
    assert line["text"] == "four\x1b[31m\rfive"  # escapes are the page's business
    assert line["dyno"].startswith("web.")
    assert abs(line["time"] - time.time()) < 30
    assert line["n"] > it.events[2][1]["lines"][-1]["n"]


def test_no_lines_from_the_past(shared: Shop, look: Look) -> None:
    it = look(shared, "?lines=0&source=app&type=web")
    it.see("hello")
    say(shared, "now\n")
    it.see("lines")
    assert it.texts == ["now"]
    assert it.dropped == 0


def test_too_many_lines_are_dropped_and_counted(shared: Shop, look: Look) -> None:
    it = look(shared, "?lines=0&source=app&type=web")
    it.see("hello")
    many = 20_000
    say(shared, "".join(f"line {n}\n" for n in range(many)))
    it.see("lines", lambda v: v["lines"][-1]["text"] == f"line {many - 1}")
    assert len(it.texts) + it.dropped == many
    assert all(len(value["lines"]) <= 500 for name, value in it.events if name == "lines")
    numbers = [int(text.split()[1]) for text in it.texts]
    assert numbers == sorted(set(numbers))


def test_one_who_does_not_read_delays_nobody(shared: Shop, look: Look) -> None:
    sleeper, it = look(shared, "?lines=0"), look(shared, "?lines=0&source=app&type=web")
    it.see("hello")
    for part in range(20):
        say(shared, "".join(f"{'x' * 200} {n}\n" for n in range(400)) + f"part {part}\n")
        it.see("lines", lambda v: v["lines"][-1]["text"] == f"part {part}")  # noqa: B023
        assert get(shared, "/") == [200]
    assert it.see("point")
    assert sleeper.see("hello")


def test_those_who_have_gone_cost_nothing(shop: Shop, look: Look) -> None:
    for _ in range(5):
        it = look(shop)
        it.see("dynos", lambda v: "memory" in v["dynos"][0])
        it.close()
    if not LINUX:
        return
    stat = f"/proc/{shop.running.proc.pid}/status"

    def switches() -> int:
        text = Path(stat).read_text()
        return int(text.partition("voluntary_ctxt_switches:")[2].split()[0])

    def is_quiet() -> bool:
        before = switches()
        time.sleep(1.5)
        return switches() - before <= 1

    wait_until(is_quiet, "nothing wakes it")


def test_the_last_two_hours(shop: Shop, look: Look) -> None:
    began = time.time()
    get(shop, "/", "/", "/fail")
    wait_until(lambda: past(shop)["points"], "a point")
    wait_until(lambda: sum(p["requests"]["5xx"] for p in past(shop)["points"]) == 1, "all of them")
    value = past(shop, f"?since={began - 10}&resolution=10")
    assert value["app"] == "shop"
    assert abs(value["now"] - time.time()) < 15
    assert sum(each["requests"]["2xx"] for each in value["points"]) == 2
    assert all(each["t"] % 10 == 0 for each in value["points"])
    (merged,) = past(shop, f"?since={began - 10}&resolution=0")["points"]
    assert (merged["requests"]["2xx"], merged["requests"]["5xx"]) == (2, 1)
    assert merged["service"]["count"] == 3
    (merged,) = past(shop, f"?since={began - 10}&resolution=0&histograms=1")["points"]
    times = merged["service"]["histogram"]
    assert sum(count for _, count in times) == 3
    assert times == sorted(times) and times[-1][0] == merged["service"]["max"]
    shop.ask("PATCH", "/formation/worker", {"quantity": 0})
    assert [mark["kind"] for mark in past(shop)["marks"]][-1:] == ["scale"]
    assert past(shop, f"?since={time.time() + 100}") == {
        "app": "shop",
        "now": pytest.approx(time.time(), abs=15),
        "points": [],
        "marks": [],
    }


@pytest.mark.parametrize(
    "path",
    [
        *(
            "metrics?since=yesterday",
            "metrics?since=nan",
            "metrics?resolution=1.5",
            "live?lines=-1",
        ),
        *("live?lines=x", f"live?dyno={'x' * 300}"),
    ],
)
def test_bad_wishes(shared: Shop, path: str) -> None:
    assert ask(shared.root, "GET", f"/localku/apps/shop/{path}").error == (422, "invalid_params")


def test_an_app_that_there_is_not(shared: Shop) -> None:
    assert ask(shared.root, "GET", "/localku/apps/nosuch/live").error == (404, "not_found")


def test_over_tcp_with_the_key(shared: Shop, look: Look) -> None:
    port, key = gate_kit.api_port(shared.running), gate_kit.key_of(shared.root)
    it = look(shared, port=port, key=key)
    assert it.see("hello")["app"] == "shop"
    it.see("point")
    for path in ("live", "metrics"):
        answer = gate_kit.ask(port, "GET", f"/localku/apps/shop/{path}")
        assert answer.status == 401


def test_it_ends_with_the_platform(shop: Shop, look: Look) -> None:
    it = look(shop)
    it.see("hello")
    shop.running.signal(signal.SIGTERM)
    while it.read():
        pass
    assert shop.running.wait() == 143
    shop.running.assert_nothing_left()


def test_it_ends_with_the_app(folder: Folder, look: Look) -> None:
    env = {"LOCALKU_HOME": str(folder.path / ".localku")}
    platform = folder.run("platform", "-p", "0", env=env)
    platform.wait_for(r"heroku\[platform\]: Running ")
    assert ask(folder.path, "POST", "/apps", {"name": "shop"}).status == 201
    it = look(Shop(folder, platform))
    assert it.see("hello")["formation"] == []
    assert ask(folder.path, "DELETE", "/apps/shop").status == 200
    while it.read():
        pass
    assert ask(folder.path, "GET", "/localku/apps/shop/live").error == (404, "not_found")
