"""Maintenance mode and the routing policy, switched from a second terminal while requests come."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from conftest import Folder, Running, wait_until

WEB = """\
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = os.environ["DYNO"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def shop(folder: Folder) -> Iterator[Running]:
    folder.write("web.py", WEB)
    folder.write("Procfile", "web: exec python3 web.py\n")
    running = folder.start("-m", "web=2", "--domain", "www.shop.test")
    running.wait_for(r"heroku\[web\.\d\]: State changed from starting to up", count=2)
    yield running


def get(shop: Running, host: str = "localhost") -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{shop.port}/", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_maintenance_mode_comes_and_goes(shop: Running) -> None:
    assert shop.cli("maintenance").stdout == "off\n"
    done = shop.cli("maintenance:on")
    assert done.stderr == "Enabling maintenance mode for ⬢ shop... done\n"
    assert shop.cli("maintenance").stdout == "on\n"
    status, page = get(shop)
    assert status == 503 and "Offline for Maintenance" in page
    shop.wait_for(r"app\[api\]: Maintenance mode enabled by user ")
    shop.wait_for(
        r'heroku\[router\]: at=info code=H80 desc="Maintenance mode" method=GET .* dyno= '
    )
    assert shop.cli("maintenance", "off").stderr.endswith(" done\n")
    assert get(shop)[0] == 200
    assert "State changed from up" not in shop.text  # the dynos ran on


def test_the_routing_policy_is_switched_live(shop: Running) -> None:
    assert shop.cli("routing").stdout == "round-robin\n"
    assert {get(shop)[1] for _ in range(2)} == {"web.1", "web.2"}
    assert shop.cli("routing", "random").stderr == "Routing ⬢ shop random... done\n"
    assert shop.cli("routing").stdout == "random\n"
    # 40 fair coins that alternate all the time: one in a trillion
    dynos = [get(shop)[1] for _ in range(40)]
    assert any(one == other for one, other in zip(dynos, dynos[1:], strict=False))
    done = shop.cli("routing", "fairest")
    assert done.returncode == 1
    assert "it is one of round-robin, random, least-connections, two-choices" in done.stderr
    assert shop.cli("routing").stdout == "random\n"


def test_a_name_has_its_app_or_none(shop: Running) -> None:
    assert [get(shop, host)[0] for host in ("www.shop.test", "shop.localhost", "x.test")] == [
        200, 200, 404,
    ]  # fmt: skip


def test_affinity_and_routing_from_the_file_are_applied_live(folder: Folder) -> None:
    folder.write("web.py", WEB)
    folder.write("Procfile", "web: exec python3 web.py\n")
    folder.write("localku.yml", "formation: {web: 2}\n")
    running = folder.start("--watch")
    running.wait_for(r"heroku\[web\.\d\]: State changed from starting to up", count=2)
    running.wait_for("Watching files")
    folder.write("localku.yml", "formation: {web: 2}\nrouting: random\nsession_affinity: yes\n")

    def bound() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/", timeout=10) as answer:
            return "heroku-session-affinity" in (answer.headers["Set-Cookie"] or "")

    wait_until(bound, "the cookie comes")
    assert running.cli("routing").stdout == "random\n"
    assert not re.search("Restarting", running.text)
