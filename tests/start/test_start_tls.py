"""`localku start --tls`: https for the app, as curl, Python and a real browser see it."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

from localku.cli import start
from localku.cli.client import UnixConnection
from localku.errors import UserError

WEB = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = f"<p>{self.headers['X-Forwarded-Proto']} {os.environ['DYNO']}</p>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Web).serve_forever()
"""
SECURE = re.compile(r", https://localhost:(\d+) and https://shop\.localhost:\1\b", re.MULTILINE)


class Shop:
    """The app with --tls, its CA in a folder of its own."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        folder.write("web.py", WEB)
        folder.write("Procfile", "web: exec python3 web.py\n")
        self.env = {"LOCALKU_HOME": str(folder.path.parent / "state")}
        self.ca = f"{self.env['LOCALKU_HOME']}/ca/localku-ca.pem"

    def start(self, *argv: str) -> Running:
        app = self.folder.start("--tls", *argv, env=self.env)
        app.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
        return app


def port(app: Running) -> int:
    return int(app.wait_for(SECURE.pattern)[1])


@pytest.fixture
def shop(folder: Folder) -> Shop:
    return Shop(folder)


def get(shop: Shop, number: int, host: str = "shop.localhost") -> str:
    """GET / over TLS, trusting nothing but the shop's CA."""
    context = ssl.create_default_context(cafile=shop.ca)
    with socket.create_connection(("127.0.0.1", number), timeout=PATIENCE) as sock:
        connection = http.client.HTTPConnection(host, number)
        connection.sock = context.wrap_socket(sock, server_hostname=host)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def test_https_beside_http(shop: Shop) -> None:
    app = shop.start()
    assert get(shop, port(app)) == "<p>https web.1</p>"
    assert get(shop, port(app), "localhost") == "<p>https web.1</p>"
    app.wait_for(rf"heroku\[router\]: .* host=shop\.localhost:{port(app)} .* protocol=https$")
    plain = http.client.HTTPConnection("127.0.0.1", app.port, timeout=PATIENCE)
    plain.request("GET", "/")
    assert plain.getresponse().read() == b"<p>http web.1</p>"
    plain.close()
    assert "see `localku certs:trust`" in app.text  # the CA is new here
    said = subprocess.run(
        [LOCALKU, "certs"], env=shop.folder.environ(**shop.env), capture_output=True, text=True
    ).stdout
    assert "  shop.localhost " in said
    app.signal(2)
    assert app.wait() == 130
    app.assert_nothing_left()


def test_a_custom_domain_gets_its_certificate_while_it_runs(shop: Shop) -> None:
    app = shop.start("--domain", "www.shop.test")
    number = port(app)
    assert get(shop, number, "www.shop.test") == "<p>https web.1</p>"
    for hostname in ("more.shop.test", "www.example.com"):
        connection = UnixConnection(str(shop.folder.path / ".localku" / "api.sock"))
        connection.request("POST", "/apps/shop/domains", json.dumps({"hostname": hostname}))
        assert connection.getresponse().status == 201
        connection.close()

    def served() -> bool:
        try:
            return get(shop, number, "more.shop.test") == "<p>https web.1</p>"
        except ssl.SSLCertVerificationError:
            return False

    wait_until(served, "it has a certificate")
    app.wait_for(
        r"app\[api\]: www\.example\.com has no certificate: the CA of this machine may not"
    )


def test_a_second_start_uses_the_same_ca(shop: Shop) -> None:
    shop.start().destroy()
    before = Path(shop.ca).read_bytes()
    app = shop.start("--tls-port", "0")
    assert get(shop, port(app)) == "<p>https web.1</p>"
    assert Path(shop.ca).read_bytes() == before
    assert "certs:trust" not in app.text


def test_curl_is_content(shop: Shop) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    app = shop.start()
    urls = [f"https://{host}:{port(app)}/" for host in ("localhost", "shop.localhost", "127.0.0.1")]
    command = ["curl", "-sS", "--noproxy", "*", "--cacert", shop.ca, *urls]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("<p>https web.1</p>" * 3, "")


def test_http_2_is_spoken_when_it_is_asked_for(shop: Shop) -> None:
    if "HTTP2" not in subprocess.run(["curl", "-V"], capture_output=True, text=True).stdout:
        pytest.skip("this curl does not speak HTTP/2")
    app = shop.folder.start("--http2", "--router-log", "2.0", env=shop.env)
    app.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
    url = f"https://shop.localhost:{port(app)}/"
    for ask, spoken in (("--http2", "2"), ("--http1.1", "1.1")):
        command = ["curl", "-sS", ask, "--noproxy", "*", "--cacert", shop.ca, url]
        command += ["-w", " %{http_version}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert (done.stdout, done.stderr) == (f"<p>https web.1</p> {spoken}", "")
    app.wait_for(r"protocol=http2\.0 tls=true tls_version=unknown$")
    app.wait_for(r"protocol=http1\.1 tls=true tls_version=unknown$")


def test_http_2_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="--http2 needs the h2 package") as caught:
        start.refuse_without_h2()
    assert "pip install 'localku[http2]'" in caught.value.hint


def test_a_port_that_is_taken(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        argv = ("start", "-p", "0", "--tls", "--tls-port", str(number))
        status, said = shop.folder.fails(*argv, env=shop.env)
    assert status == 1
    assert f"port {number} is in use by pid {os.getpid()} (" in said
    assert f"--tls-port {number + 1}" in said


def test_a_state_folder_that_cannot_be_written(shop: Shop) -> None:
    Path(shop.env["LOCALKU_HOME"]).write_text("a file")
    status, said = shop.folder.fails("start", "-p", "0", "--tls", env=shop.env)
    assert status == 1
    assert "cannot read the certificates" in said


def test_check_tells_the_address(shop: Shop) -> None:
    command = [LOCALKU, "check", "--tls"]
    done = subprocess.run(
        command, cwd=shop.folder.path, env=shop.folder.environ(), capture_output=True, text=True
    )
    assert "router at http://localhost:5006 and https://localhost:5443\n" in done.stdout


CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


def test_chromium_is_content(shop: Shop, tmp_path: Path) -> None:
    """No warning page. (It would not take a certificate for `*.localhost`.)"""
    browser = shutil.which("chromium")
    if browser is None or shutil.which("certutil") is None:
        pytest.skip("chromium or certutil is not installed")
    app = shop.start()
    home = tmp_path / "home"
    home.mkdir()
    env = {**shop.folder.environ(**shop.env), "HOME": str(home)}
    subprocess.run([LOCALKU, "certs:trust", "--install", "browsers"], env=env, check=True)
    command = [browser, *CHROMIUM, "--dump-dom", f"--user-data-dir={home}/data"]
    url = f"https://shop.localhost:{port(app)}/"
    done = subprocess.run([*command, url], env=env, capture_output=True, text=True, timeout=30)
    assert "<p>https web.1</p>" in done.stdout, done.stderr
