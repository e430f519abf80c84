"""Drains to receivers that we did not write: rsyslog and syslog-ng, over TCP and TLS; for HTTP,
npm's `logfmt` (a middleware for application/logplex-1) and PyPI's `heroku-syslog-parser`."""

from __future__ import annotations

import asyncio
import glob
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from conftest import wait_until
from drain_kit import TOKEN, Receiver, Rig, until

from localku.logs.entry import Entry

RSYSLOG = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin:/sbin") or ""
# it conflicts with rsyslog on Debian, so that it may be unpacked somewhere: see SYSLOG_NG
SYSLOG_NG = os.environ.get("SYSLOG_NG") or shutil.which("syslog-ng") or ""
OSSL = bool(glob.glob("/usr/lib/*/rsyslog/lmnsd_ossl.so") + glob.glob("/usr/lib*/rsyslog/lmnsd_o*"))
NODE_PATH = os.environ.get("LOCALKU_TEST_NODE_PATH", "")
LOGFMT = Path(NODE_PATH, "logfmt") if NODE_PATH else None

needs_rsyslog = pytest.mark.skipif(not RSYSLOG, reason="no rsyslogd: apt-get install rsyslog")
needs_ossl = pytest.mark.skipif(
    not (RSYSLOG and OSSL), reason="no TLS for rsyslogd: apt-get install rsyslog-openssl"
)
needs_syslog_ng = pytest.mark.skipif(not SYSLOG_NG, reason="no syslog-ng: name it in SYSLOG_NG")
needs_logfmt = pytest.mark.skipif(
    not (LOGFMT and LOGFMT.exists() and shutil.which("node")),
    reason="no npm logfmt: install it, and name its node_modules in LOCALKU_TEST_NODE_PATH",
)

# what a receiver has to give back: tabs, quotes, UTF-8, a forged frame, spaces, a long line
LINES = [
    "plain",
    "a\ttab, \"quotes\", 'more', 100%, {braces}",
    "grüße ✓",
    "40 <174>1 2012-07-22T00:06:26+00:00 host app web.9 - no",
    "  indented",
    "x" * 7000,
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as it:
        return int(it.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def daemon(argv: list[str], port: int, **env: str) -> Iterator[None]:
    """It runs, in the foreground, and listens at port."""
    child = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **env}
    )
    try:
        wait_until(lambda: child.poll() is not None or listens(port), f"{argv[0]} listens")
        if child.poll() is not None:
            assert child.stdout is not None
            pytest.fail(f"{argv} ended: {child.stdout.read().decode()}")
        yield
    finally:
        child.terminate()
        child.communicate(timeout=15)


@contextmanager
def rsyslog(tmp: Path, port: int, tls: bool) -> Iterator[Path]:
    """It writes hostname, app-name, procid and message as JSON."""
    out = tmp / "out"
    driver = ""
    if tls:
        driver = (
            f'global(DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="{tmp}/ca.pem"\n'
            f' DefaultNetstreamDriverCertFile="{tmp}/cert.pem"\n'
            f' DefaultNetstreamDriverKeyFile="{tmp}/key.pem")\n'
        )
    mode = '1" streamDriver.authMode="anon' if tls else "0"
    name = "ossl" if tls else "ptcp"
    fields = "".join(
        f'property(name="{name}" outname="{shown}" format="jsonf") constant(value=", ")\n'
        for name, shown in (
            ("hostname", "host"),
            ("app-name", "app"),
            ("procid", "proc"),
            ("pri", "pri"),
        )
    )
    conf = tmp / "rsyslog.conf"
    conf.write_text(
        f'global(workDirectory="{tmp}" maxMessageSize="16k"'
        ' parser.escapeControlCharactersOnReceive="off")\n'
        f"{driver}"
        f'module(load="imtcp" streamDriver.name="{name}" streamDriver.mode="{mode}")\n'
        'template(name="json" type="list") { constant(value="{")\n'
        f'{fields}property(name="msg" outname="msg" format="jsonf") constant(value="}}\\n") }}\n'
        f'input(type="imtcp" port="{port}" address="127.0.0.1")\n'
        f'*.* action(type="omfile" file="{out}" template="json" asyncWriting="off")\n'
    )
    with daemon([RSYSLOG, "-n", "-f", str(conf), "-i", str(tmp / "pid")], port):
        yield out


@contextmanager
def syslog_ng(tmp: Path, port: int, tls: bool) -> Iterator[Path]:
    out = tmp / "out"
    options = ""
    if tls:
        files = f'key-file("{tmp}/key.pem") cert-file("{tmp}/cert.pem")'
        options = f" tls({files} peer-verify(optional-untrusted))"
    transport = "tls" if tls else "tcp"
    conf = tmp / "ng.conf"
    pairs = "host=$HOST app=$PROGRAM proc=$PID pri=$PRI msg=$MESSAGE"
    conf.write_text(
        "@version: 3.35\n"
        "options { keep-hostname(yes); use-dns(no); log-msg-size(16384); };\n"
        f'source s {{ syslog(ip("127.0.0.1") port({port}) transport("{transport}"){options}); }};\n'
        f'destination d {{ file("{out}" template("$(format-json {pairs})\\n")); }};\n'
        "log { source(s); destination(d); };\n"
    )
    argv = [SYSLOG_NG, "-F", "-f", str(conf), "--no-caps", "-p", str(tmp / "pid")]
    argv += ["-R", str(tmp / "persist"), "-c", str(tmp / "ctl")]
    with daemon(argv, port):
        yield out


def records(out: Path) -> list[dict[str, str]]:
    if not out.exists():
        return []
    whole = out.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


KINDS = [
    pytest.param(rsyslog, False, marks=needs_rsyslog, id="rsyslog"),
    pytest.param(rsyslog, True, marks=needs_ossl, id="rsyslog-tls"),
    pytest.param(syslog_ng, False, marks=needs_syslog_ng, id="syslog-ng"),
    pytest.param(syslog_ng, True, marks=needs_syslog_ng, id="syslog-ng-tls"),
]


@pytest.mark.parametrize(("receiver", "tls"), KINDS)
def test_a_syslog_receiver_gets_every_line_as_it_was(
    receiver: Callable[[Path, int, bool], contextmanager[Path]],  # type: ignore[type-arg]
    tls: bool,
    tmp_path: Path,
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    leaf = ca.issue_cert("localhost")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))

    async def main(port: int, out: Path) -> None:
        scheme = "syslog+tls" if tls else "syslog"
        async with Rig(f"{scheme}://localhost:{port}", context=trusting) as rig:
            rig.stream.publish(Entry(1e9, "heroku", "router", b'at=info path="/"\n'))
            rig.say(*LINES)
            many = [f"n={number}" for number in range(400)]
            rig.say(*many)
            wanted = ['at=info path="/"', *LINES, *many]
            await until(lambda: len(records(out)) >= len(wanted), f"all lines: {records(out)[-1:]}")
            got = records(out)
            assert [each["msg"].removesuffix("\n") for each in got] == wanted
            assert {each["host"] for each in got} == {TOKEN}
            first = got[0]
            assert (first["app"], first["proc"], str(first["pri"])) == ("heroku", "router", "158")
            assert {(each["app"], each["proc"]) for each in got[1:]} == {("app", "web.1")}
            assert rig.said == []

    port = free_port()
    with receiver(tmp_path, port, tls) as out:
        asyncio.run(main(port, out))


@needs_rsyslog
def test_rsyslog_goes_away_and_comes_back(tmp_path: Path) -> None:
    port = free_port()

    async def main() -> None:
        async with Rig(f"syslog://localhost:{port}", messages=5) as rig:
            rig.say("first")
            await until(lambda: rig.delivery.trouble, "nobody listens")
            rig.say(*range(20))
            with rsyslog(tmp_path, port, False) as out:
                await until(lambda: len(records(out)) == 7, "what was kept")
                first, loss, *rest = [each["msg"].strip() for each in records(out)]
                assert (first, rest) == ("first", ["15", "16", "17", "18", "19"])
                assert loss.startswith("Error L10 (output buffer overflow): 15 messages dropped")

    asyncio.run(main())


# -- HTTP ----------------------------------------------------------------------------------------


def test_another_parser_of_logplex_reads_our_bodies() -> None:
    pytest.importorskip("pyparsing")
    parser = pytest.importorskip("heroku_syslog_parser")

    async def main() -> None:
        async with (
            Receiver().open() as receiver,
            Rig(f"http://127.0.0.1:{receiver.port}/") as rig,
        ):
            rig.say(*LINES)
            rig.stream.publish(
                Entry(1e9, "heroku", "web.1", b"State changed from starting to up\n")
            )
            await until(lambda: rig.delivery.delivered == len(LINES) + 1, "delivered")
            got = []
            for post in receiver.posts:
                body = post.body
                while body:
                    length, _, rest = body.partition(b" ")
                    text, body = rest[: int(length)].decode(), rest[int(length) :]
                    got.append(parser.HerokuLogParser.parse(text))
        wanted = [*LINES, "State changed from starting to up"]
        # blanks and tabs are the same to pyparsing
        assert [each["msg"].split() for each in got] == [line.split() for line in wanted]
        assert [each["pri"] for each in got] == [190] * len(LINES) + [134]
        last = got[-1]
        assert (last["hostname"], last["appname"], last["procname"]) == ("host", "heroku", "web.1")
        assert last["timestamp"] == "2001-09-09T01:46:40.000000+00:00"

    with _quiet():
        asyncio.run(main())


@contextmanager
def _quiet() -> Iterator[None]:
    """Its grammar is written for an older pyparsing."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# an HTTP server around the middleware, which takes a request of Express
SERVER = """
const logfmt = require('logfmt'), http = require('http');
const middleware = logfmt.bodyParserStream();
const server = http.createServer((req, res) => {
  req.header = name => req.headers[name];
  middleware(req, res, () => {
    if (!req._body) { res.writeHead(415); return res.end(); }
    req.body.on('data', line => console.log(JSON.stringify(line)));
    req.body.on('end', () => { res.writeHead(204); res.end(); });
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


@needs_logfmt
def test_herokus_logfmt_middleware_takes_our_batches(tmp_path: Path) -> None:
    """Router lines come out as their fields; the frame's head is keys without a value to it."""
    out = (tmp_path / "out").open("w")
    child = subprocess.Popen(
        ["node", "-e", SERVER], stdout=out, env={**os.environ, "NODE_PATH": NODE_PATH}
    )
    text = tmp_path / "out"

    async def main() -> None:
        await until(lambda: text.read_text().endswith("\n"), "it listens")
        port = int(text.read_text())
        async with Rig(f"http://127.0.0.1:{port}/") as rig:
            line = b'at=info method=GET path="/a b?c=\\"d\\"" dyno=web.1 connect=0ms status=200\n'
            rig.stream.publish(Entry(1e9, "heroku", "router", line))
            rig.say("measure#db=12ms")
            await until(lambda: rig.delivery.delivered == 2, "taken")
        router, app = (json.loads(each) for each in text.read_text().splitlines()[1:3])
        assert (router["at"], router["path"], router["status"]) == ("info", '/a b?c="d"', "200")
        assert app["measure#db"] == "12ms"

    try:
        asyncio.run(main())
    finally:
        child.terminate()
        child.wait(15)
        out.close()
