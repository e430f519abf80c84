"""/metrics: what Prometheus gets, read by readers that are not ours."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import gate_kit
import pytest
from api_kit import Shop, socket_of
from conftest import Folder, wait_until
from live_kit import APP, PROCFILE
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from localku.api.prometheus import legal_name
from localku.cli.client import UnixConnection
from localku.metrics.l2met import Reading
from localku.metrics.totals import CustomTotal, Durations

PROMTOOL = shutil.which("promtool") or os.environ.get("PROMTOOL", "")
OPENMETRICS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
}
HOSTILE = (
    "count#x=1 count#x_total=2 count#x.y=1 count#x-y=1 sample#x=3 measure#x=1 measure#x_count=1\n"
    'count#\N{SNOWMAN}=1 measure#a{b="c"}=1 source=q"uo\\te\n'
)

Samples = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One that has served, failed, measured and restarted."""
    root = tmp_path_factory.mktemp("prom") / "shop"
    root.mkdir()
    os.mkfifo(root / "say")
    folder = Folder(root)
    folder.write("app.py", APP)
    folder.write("Procfile", PROCFILE)
    running = folder.start("-m", "web=1,worker=1", "--memory", "300MB")
    assert running.port
    it = Shop(folder, running)
    it.wait_for_states(web_1="up", worker_1="up")
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=15)
    for path in ("/", "/", "/", "/fail"):
        connection.request("GET", path)
        connection.getresponse().read()
    connection.close()
    with open(root / "say", "w") as fifo:
        fifo.write(HOSTILE + "measure#db.query=12.5ms count#signup=2\nthe end\n")
    running.wait_for(r"app\[web\.1\]: the end$")
    it.ask("DELETE", "/dynos/worker.1")
    running.wait_for(r"heroku\[worker\.1\]: State changed from starting to up$", count=2)
    yield it
    running.destroy()


def scrape(root: Path, headers: dict[str, str] | None = None) -> tuple[str, str]:
    """Its text, and of which type it is."""
    connection = UnixConnection(socket_of(root))
    connection.request("GET", "/metrics", headers=headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200, text
    return text, str(response.headers["Content-Type"])


def samples(text: str, name: str) -> Samples:
    """The values of that name, by their label values in the order of the labels' names."""
    found = {}
    for family in read_text(text):
        for sample in family.samples:
            if sample.name == name:
                labels = (value for _, value in sorted(sample.labels.items()))
                found[tuple(labels)] = sample.value
    return found


def test_the_numbers(shop: Shop) -> None:
    text, kind = scrape(shop.root)
    assert kind.startswith("text/plain; version=0.0.4")
    served = samples(text, "localku_router_requests_total")  # app, code, dyno, status
    assert served == {("shop", "", "web.1", "2xx"): 3, ("shop", "", "web.1", "5xx"): 1}
    durations = "http_server_request_duration_seconds"
    assert samples(text, f"{durations}_count")["shop", "", "web.1", "2xx"] == 3
    buckets = samples(text, f"{durations}_bucket")
    assert buckets["shop", "", "web.1", "+Inf", "2xx"] == 3
    assert (
        buckets["shop", "", "web.1", "0.005", "2xx"] <= buckets["shop", "", "web.1", "10.0", "2xx"]
    )
    assert samples(text, "localku_dyno_up") == {("shop", "web.1"): 1, ("shop", "worker.1"): 1}
    restarts = samples(text, "localku_dyno_restarts_total")
    assert restarts == {("shop", "web.1"): 0, ("shop", "worker.1"): 1}
    assert samples(text, "localku_dyno_memory_bytes")["shop", "web.1"] > 1 << 20
    assert samples(text, "localku_dyno_load1")["shop", "web.1"] >= 0
    assert samples(text, "localku_dyno_memory_quota_bytes")["shop", "web.1"] == 300 << 20
    assert samples(text, "http_server_active_requests") == {("shop", "web.1"): 0}
    assert samples(text, "localku_log_lines_total")["shop", "app"] >= 4
    assert samples(text, "localku_measure_db_query_ms_sum") == {("shop", ""): 12.5}
    assert samples(text, "localku_measure_db_query_ms_count") == {("shop", ""): 1}
    assert samples(text, "localku_count_signup_total") == {("shop", ""): 2}


def test_codes_are_counted(shop: Shop) -> None:
    shop.ask("PATCH", "", {"maintenance": True})
    connection = http.client.HTTPConnection("127.0.0.1", shop.running.port, timeout=15)
    wait_until(lambda: _status(connection) == 503, "maintenance")
    shop.ask("PATCH", "", {"maintenance": False})
    connection.close()
    assert samples(scrape(shop.root)[0], "localku_router_errors_total")["shop", "H80"] == 1


def test_drains_are_counted_without_their_passwords(shop: Shop) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen: refused
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        url = f"http://me:secret@{place}/in"
        drain = shop.ask("POST", "/log-drains", {"url": url}).value
        shop.ask("DELETE", "/dynos/worker.1")  # a drain gets what is said from now on
        key = ("shop", str(drain["id"]), f"http://{place}")

        def is_told() -> bool:
            text = scrape(shop.root)[0]
            assert "secret" not in text
            return samples(text, "localku_drain_trouble")[key] == 1

        wait_until(is_told, "the drain is in trouble")
        text = scrape(shop.root)[0]
        assert samples(text, "localku_drain_lines_total")[key] == 0
        assert samples(text, "localku_drain_dropped_total")[key] == 0
        assert key in samples(text, "localku_drain_waiting")
        shop.ask("DELETE", f"/log-drains/{drain['id']}")


def _status(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    return response.status


def test_openmetrics_for_who_accepts_it(shop: Shop) -> None:
    text, kind = scrape(shop.root, OPENMETRICS)
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    names = [family.name for family in read_openmetrics(text)]  # it is strict
    assert len(names) == len(set(names))
    assert "localku_count_signup" in names


@pytest.mark.skipif(not PROMTOOL, reason="no promtool (Debian: apt-get install prometheus)")
def test_promtool_has_nothing_against_it(shop: Shop) -> None:
    text, _ = scrape(shop.root)
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    # status 3: what it would name otherwise; names of the app's own are the app's business
    complaints = [line for line in checked.stderr.splitlines() if line]
    assert checked.returncode in (0, 3), checked.stderr
    own = ("localku_measure_", "localku_count_", "localku_sample_")
    assert [line for line in complaints if not line.startswith(own)] == []


def test_it_asks_for_the_key(shop: Shop) -> None:
    port, key = gate_kit.api_port(shop.running), gate_kit.key_of(shop.root)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    for headers, status in (({}, 401), (gate_kit.bearer(key), 200)):
        connection.request("GET", "/metrics", headers={**headers, **OPENMETRICS})
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


NAMES = {
    ("measure", "db.query", "ms"): "localku_measure_db_query_ms",
    ("count", "signup", "things"): "localku_count_signup",
    ("sample", "x-y z", ""): "localku_sample_x_y_z",
    ("count", "x_total", ""): "localku_count_x_total_value",
    ("measure", "x_count", ""): "localku_measure_x_count_value",
    ("sample", "\N{SNOWMAN}", "%"): "localku_sample____",
}


@pytest.mark.parametrize(("given", "name"), NAMES.items())
def test_names_are_made_legal(given: tuple[str, str, str], name: str) -> None:
    kind, own, unit = given
    assert legal_name(CustomTotal(Reading(kind, own, 1, unit))) == name


def test_a_bound_belongs_to_what_is_below_it() -> None:
    durations = Durations()
    for ms in (0, 5, 6, 10_000, 10_001):
        durations.add(ms, 1)
    assert (durations.counts[0], durations.counts[1]) == (2, 1)
    assert durations.counts[-2:] == [1, 1]
    assert durations.timed == 5
