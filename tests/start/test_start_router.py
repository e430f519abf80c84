"""Requests through the router of a running platform to real dynos, as a browser sends them."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time

import pytest
from conftest import Folder, Running, wait_until

ODD = """
import asyncio, os, sys

async def serve(reader, writer):
    while True:
        head = b""
        while not head.endswith(b"\\r\\n\\r\\n"):
            line = await reader.readline()
            if not line:
                return writer.close()
            head += line
        method, path = head.split(b" ", 2)[:2]
        send = lambda data, extra=b"": writer.write(
            b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n%s\\r\\n%s" % (len(data), extra, data))
        if path == b"/close":
            return writer.close()
        elif path == b"/half":
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nhalf")
            await writer.drain()
            return writer.close()
        elif path == b"/garbage":
            writer.write(b"what is HTTP?\\r\\n\\r\\n")
        elif path == b"/hang":
            await asyncio.sleep(600)
        elif path == b"/unbind":
            server.close()
            send(b"unbound", b"Connection: close\\r\\n")
            await writer.drain()
            return writer.close()
        elif path == b"/die":
            os._exit(9)
        elif path == b"/head":
            send(head)
        elif path == b"/ws":
            writer.write(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n"
                         b"Connection: Upgrade\\r\\n\\r\\n")
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            return writer.close()
        else:
            send(os.environ["DYNO"].encode())

async def main():
    global server
    await asyncio.sleep(float(os.environ.get("BOOT", "0")))
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    await asyncio.sleep(3600)

asyncio.run(main())
"""
PROCFILE = "web: exec python3 odd.py\n"


@pytest.fixture
def odd(folder: Folder) -> Folder:
    folder.write("odd.py", ODD)
    folder.write("Procfile", PROCFILE)
    return folder


def up(app: Running, dynos: int = 1) -> Running:
    app.wait_for(r"heroku\[web\.\d+\]: State changed from starting to up$", count=dynos)
    return app


def get(app: Running, path: str = "/", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    try:
        connection.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


def router_line(app: Running, pattern: str) -> str:
    return app.wait_for(rf"^\S+ heroku\[router\]: .*{pattern}.*$")[0]


def test_round_robin_and_the_talks_awk(odd: Folder) -> None:
    app = up(odd.start("-m", "web=3"), 3)
    said = [get(app)[1].decode() for _ in range(6)]
    assert sorted(said[:3]) == ["web.1", "web.2", "web.3"]
    assert said[:3] == said[3:]
    app.wait_for(r"heroku\[router\]: at=info", count=6)
    fields = [line.split() for line in app.lines if "heroku[router]: at=info" in line]
    for words in fields:
        connect, service, status = words[9:12]
        assert re.fullmatch(r"connect=\d+ms", connect)
        assert re.fullmatch(r"service=\d+ms", service)
        assert status == "status=200"


def test_what_the_dyno_is_told(odd: Folder) -> None:
    app = up(odd.start())
    status, body, _ = get(
        app, "/head", X_Request_ID="a-valid-request-id-0001", X_Forwarded_For="9.9.9.9"
    )
    head = body.decode().lower()
    assert status == 200
    assert f"host: 127.0.0.1:{app.port}" in head
    assert "x-request-id: a-valid-request-id-0001" in head
    assert "x-forwarded-for: 9.9.9.9, 127.0.0.1" in head
    assert "x-forwarded-proto: http\r" in head
    assert f"x-forwarded-port: {app.port}" in head
    assert re.search(r"x-request-start: \d{13}\r", head)
    assert re.search(r"via: 1\.1 \S+\r", head)
    router_line(
        app, r"request_id=a-valid-request-id-0001 fwd=\"9\.9\.9\.9,127\.0\.0\.1\" dyno=web\.1"
    )


def test_requests_wait_for_the_first_dyno(odd: Folder) -> None:
    app = odd.start(env={"BOOT": "1"})
    app.wait_for("Running ")
    assert get(app)[0] == 200


def code(app: Running, path: str, code: str, status: int, more: str = "") -> str:
    got, body, _ = get(app, path)
    assert got == status
    assert b"<html" in body.lower()
    line = router_line(app, f"code={code} ")
    assert more in line
    return line


def test_h10_all_dynos_crashed(odd: Folder) -> None:
    odd.write("Procfile", "web: exit 1\n")
    app = odd.start("--backoff-first", "1h", "--backoff-max", "1h")
    app.wait_for(r"State changed from starting to crashed", count=2)
    line = code(app, "/", "H10", 503, 'desc="App crashed"')
    assert "dyno= connect= service= status=503 bytes= protocol=http" in line


def test_h12_no_byte_in_time(odd: Folder) -> None:
    app = up(odd.start("--request-timeout", "0.4"))
    line = code(app, "/hang", "H12", 503, 'desc="Request timeout"')
    assert "dyno=web.1" in line
    assert "status=503 bytes=0" in line


def test_h13_closed_without_an_answer(odd: Folder) -> None:
    code(up(odd.start()), "/close", "H13", 503, 'desc="Connection closed without response"')


def test_h14_no_web_dynos(odd: Folder) -> None:
    app = odd.start("-m", "web=0")
    app.wait_for("Running ")
    code(app, "/", "H14", 503, 'desc="No web processes running"')


def test_h17_garbage(odd: Folder) -> None:
    code(up(odd.start()), "/garbage", "H17", 503, 'desc="Poorly formatted HTTP response"')


def test_h18_closed_in_mid_answer_is_not_a_clean_end(odd: Folder) -> None:
    app = up(odd.start())
    with pytest.raises(http.client.IncompleteRead):
        get(app, "/half")
    line = router_line(app, "code=H18 ")
    assert "sock=backend at=error" in line
    assert "status=200" in line


def test_h20_boot_takes_too_long(odd: Folder) -> None:
    app = odd.start("--boot-wait", "0.4", env={"BOOT": "30"})
    app.wait_for("Running ")
    code(app, "/", "H20", 503, 'desc="App boot timeout"')


def test_h21_refused(odd: Folder) -> None:
    app = up(odd.start("--quarantine", "0.1", "--boot-wait", "0.5"))
    assert get(app, "/unbind")[1] == b"unbound"
    code(app, "/", "H21", 503, 'desc="Backend connection refused"')


def test_h27_the_client_went(odd: Folder) -> None:
    app = up(odd.start())
    with socket.create_connection(("127.0.0.1", app.port)) as client:
        client.sendall(b"GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.1)
    line = router_line(app, "code=H27 ")
    assert "sock=client at=warning" in line
    assert "status=499" in line


def test_a_dyno_that_dies_in_mid_request_takes_only_its_own(odd: Folder) -> None:
    app = up(odd.start("-m", "web=2"), 2)
    tunnels = [tunnel(app), tunnel(app)]  # one to each dyno
    assert get(app, "/die")[0] == 503
    # until it is gone the kernel may still take connections for it: those are H13, as on Heroku
    app.wait_for(r"heroku\[web\.\d\]: Process exited with status 9$")
    assert sorted(echoes(client) for client in tunnels) == [False, True]
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(get(app)[0])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 20


def tunnel(app: Running) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", app.port), 10)
    client.sendall(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    )
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        seen += client.recv(4096)
    assert seen.startswith(b"HTTP/1.1 101 ")
    return client


def echoes(client: socket.socket) -> bool:
    """Whether there is still a dyno at the other end; closes the connection."""
    with client:
        try:
            client.sendall(b"x")
            return client.recv(1) == b"x"
        except ConnectionError:
            return False


def test_websocket_is_a_tunnel_with_one_line_at_the_end(odd: Folder) -> None:
    app = up(odd.start())
    with socket.create_connection(("127.0.0.1", app.port)) as client:
        client.settimeout(10)
        client.sendall(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n\r\nbehind the handshake"
        )
        seen = b""
        while not seen.endswith(b"behind the handshake"):
            seen += client.recv(4096)
        assert seen.startswith(b"HTTP/1.1 101 ")
        client.sendall(b"x" * 100_000)
        count = 0
        while count < 100_000:
            count += len(client.recv(65536))
        assert not [line for line in app.lines if "status=101" in line]
    assert re.search(r"service=\d+ms status=101 bytes=\d+", router_line(app, "status=101"))


def test_hosts(odd: Folder) -> None:
    app = up(odd.start())
    assert get(app, Host="shop.localhost")[0] == 200
    assert get(app, Host=f"localhost:{app.port}")[0] == 200
    status, body, _ = get(app, Host="other.localhost")
    assert status == 404
    assert b"No such app" in body


def test_both_loopback_addresses_answer(odd: Folder) -> None:
    app = up(odd.start())
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, app.port), 5) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_scaling_down_finishes_what_is_under_way(odd: Folder) -> None:
    odd.write(
        "slow.py",
        "import http.server, os, signal, threading, time\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        if self.path == '/slow': time.sleep(1)\n"
        "        body = os.environ['DYNO'].encode()\n"
        "        self.send_response(200)\n"
        "        self.send_header('Content-Length', str(len(body)))\n"
        "        self.end_headers(); self.wfile.write(body)\n"
        "    def log_message(self, *a): pass\n"
        "s = http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), H)\n"
        "s.daemon_threads = False\n"
        "signal.signal(15, lambda *a: threading.Thread(target=s.shutdown).start())\n"
        "s.serve_forever()\n"
        "s.server_close()\n",
    )
    odd.write("Procfile", "web: exec python3 slow.py\n")
    app = up(odd.start("-m", "web=2"), 2)
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(get(app, "/slow")[1])) for _ in "ab"]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert app.cli("ps:scale", "web=1").returncode == 0
    assert [get(app)[1] for _ in range(4)] == [b"web.1"] * 4
    for thread in threads:
        thread.join()
    assert sorted(answers) == [b"web.1", b"web.2"]
    app.wait_for(r"heroku\[web\.2\]: Process exited with status 0$")


def test_health_decides_when_a_dyno_is_up(odd: Folder) -> None:
    odd.write(
        "sick.py",
        "import http.server, os, time\n"
        "began = time.monotonic()\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200 if time.monotonic() - began > 0.8 else 500)\n"
        "        self.send_header('Content-Length', '0'); self.end_headers()\n"
        "    def log_message(self, *a): print(self.path, flush=True)\n"
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n",
    )
    odd.write("Procfile", "web: exec python3 sick.py\n")
    began = time.monotonic()
    up(odd.start("--health", "/healthz")).wait_for(r"app\[web\.1\]: /healthz$", count=2)
    assert time.monotonic() - began > 0.8


def test_a_line_for_every_request_under_load(odd: Folder) -> None:
    app = up(odd.start("-m", "web=2"), 2)

    def many() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
        for _ in range(200):
            connection.request("GET", "/")
            connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=many) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: app.text.count("heroku[router]: at=info") == 1000, "a thousand lines")
    assert app.text.count("dyno=web.1 ") == app.text.count("dyno=web.2 ") == 500
