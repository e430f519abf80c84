"""Small apps that `localku doctor` judges: one without a flaw, and some that have many."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import Folder

PLANTED = "tops3cret-9f27c1d4e8"  # is nowhere in a report
SHORT = "pw4x"

SERVER = """\
import hmac, http.server, os, signal, socket, sqlite3, sys, threading, time, urllib.parse

def say(text):
    print(text, flush=True)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(*answer(self))
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(*answer(self))
    def reply(self, status, text, *headers):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def cookie(self, name):
        for part in self.headers.get("Cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""
    def log_message(self, *words):
        say("asked for " + self.path)

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64
"""

GOOD = (
    SERVER
    + """
KEY = os.environ["SECRET_KEY"].encode()

def signed(name):
    return name + "." + hmac.new(KEY, name.encode(), "sha256").hexdigest()

def visits():
    db = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    with db:
        db.execute("create table if not exists visits (n)")
        db.execute("insert into visits values (1)")
        count = db.execute("select count(*) from visits").fetchone()[0]
    db.close()
    return count

def cached():
    url = urllib.parse.urlsplit(os.environ["REDIS_URL"])
    try:
        socket.create_connection((url.hostname, url.port), 2).close()
    except OSError:
        pass

def answer(request):
    if request.path == "/slow":
        time.sleep(0.9)
        return 200, "slow"
    cached()
    known = request.cookie("who")
    headers = [] if known == signed("you") else [("Set-Cookie", "who=" + signed("you"))]
    text = "<h1>" + os.environ["GREETING"] + "</h1>" + str(visits()) + '<a href="/slow">slow</a>'
    return 200, text, *headers

server = Server(("0.0.0.0", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
say("ready")
server.serve_forever()
server.server_close()
"""
)

FLAWED = (
    SERVER
    + """
import json, subprocess
count = 0
sessions = {}
with open("config.json") as file:
    json.load(file)
open("web.pid", "w").write(str(os.getpid()))
log = open("app.log", "a")
sqlite3.connect("own.db").execute("create table if not exists t (n)").connection.close()
print("ready, with " + os.environ["API_TOKEN"], flush=True)
print("password=" + os.environ["DB_PASSWORD"], flush=True)

try:
    subprocess.run(["wkhtmltopdf", "--version"], capture_output=True)
except OSError:
    pass

if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(600)

other = socket.socket()
other.bind(("0.0.0.0", 0))
other.listen()

def say(text):
    print(text)

def answer(request):
    global count
    if request.path == "/slow":
        time.sleep(0.9)
        return 200, "slow"
    count += 1
    log.write("asked\\n"); log.flush()
    with open("uploads.txt", "a") as file:
        file.write("x")
    with open("uploads.txt") as file:
        file.read()
    try:
        socket.create_connection(("127.0.0.1", 5432), 1)
    except OSError:
        pass
    known = request.cookie("session")
    headers = []
    if known not in sessions:
        known = os.urandom(8).hex()
        sessions[known] = 0
        headers = [("Set-Cookie", "session=" + known)]
    sessions[known] += 1
    return 200, f'<h1>Good morning to all</h1>visit {count} <a href="/slow">slow</a>', *headers

server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
server.serve_forever()
"""
)

# ignores SIGTERM, and leaves a lock behind when it is killed
STUBBORN = (
    SERVER
    + """
def answer(request):
    return 200, "hello"

lock = os.path.join(os.environ["TMPDIR"], os.environ["DYNO"] + ".lock")
os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
Server(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
)

# the second of them finds its other port taken
GREEDY = (
    SERVER
    + """
def answer(request):
    return 200, "hello"

other = socket.socket()
other.bind(("127.0.0.1", int(os.environ["ADMIN_PORT"])))
other.listen()
Server(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
)

# listens where it likes
ELSEWHERE = (
    SERVER
    + """
def answer(request):
    return 200, "hello"

Server(("0.0.0.0", 0), Handler).serve_forever()
"""
)


def make(folder: Folder, web: str, env: str = "", **files: str) -> None:
    """An app of one web process type. web: the text of web.py."""
    folder.write("Procfile", f"web: {sys.executable} web.py\n")
    folder.write("web.py", web)
    if env:
        folder.write(".env", env)
    for name, text in files.items():
        folder.write(name.replace("__", "."), text)


def doctor(folder: Folder, *flags: str, status: int = 0) -> dict[str, Any]:
    """The report of `localku doctor --json` on that folder; `said` has all that was printed."""
    argv = [sys.executable, "-m", "localku", "doctor", "--json", *flags]
    done = subprocess.run(
        argv, cwd=folder.path, capture_output=True, text=True, timeout=170, env=folder.environ()
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    report["said"] = done.stdout + done.stderr
    return report


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """Probe -> verdict, the worst of it."""
    order = ("not observed", "pass", "warn", "fail")
    found: dict[str, str] = {}
    for factor in report["factors"]:
        for finding in factor["findings"]:
            known = found.get(finding["probe"], order[0])
            found[finding["probe"]] = max(known, finding["verdict"], key=order.index)
    return found


def evidence(report: dict[str, Any], probe: str) -> str:
    """All the evidence of a probe, as lines."""
    return "\n".join(
        f"{each['where']}: {each['text']}"
        for factor in report["factors"]
        for finding in factor["findings"]
        if finding["probe"] == probe
        for each in finding["evidence"]
    )


def contents(path: Path) -> dict[str, bytes]:
    """All files of a folder, as bytes."""
    return {
        str(each.relative_to(path)): each.read_bytes()
        for each in sorted(path.rglob("*"))
        if each.is_file()
    }
