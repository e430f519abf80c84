"""The CA and its certificates: right for browsers, for nothing but this machine, made only once."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localku.certs import issue
from localku.certs.store import RENEW, Store, home_folder
from localku.errors import UserError

NOW = time.time()
DAY = 86_400.0
HOSTS = ("localhost", "shop.localhost")


def shake(cafile: str, pem: str, host: str) -> None:
    """A TLS handshake in memory; raises what the client has against the certificate."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(pem)
    client_context = ssl.create_default_context(cafile=cafile)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(down, up, server_hostname=host)
    server = server_context.wrap_bio(up, down, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass


def leaf(store: Store, host: str, path: Path) -> str:
    """A certificate for any host, whether the CA may speak for it or not."""
    path.write_bytes(issue.new_leaf(store.authority(NOW), host, NOW)[0])
    return str(path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("localhost", "localhost"),
        ("localhost", "127.0.0.1"),
        ("localhost", "::1"),
        ("shop.localhost", "shop.localhost"),
    ],
)
def test_a_client_that_knows_the_ca_is_content(store: Store, host: str, asked: str) -> None:
    files = store.ensure(HOSTS, NOW)
    shake(store.cert, files[host], asked)


@pytest.mark.parametrize("asked", ["other.localhost", "localhost.example.com", "127.0.0.2"])
def test_a_certificate_is_for_its_host_alone(store: Store, asked: str) -> None:
    files = store.ensure(HOSTS, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(store.cert, files["localhost"], asked)


@pytest.mark.parametrize(
    ("host", "fine"),
    [
        ("www.shop.test", True),
        ("a.b.localhost", True),
        ("example.com", False),
        ("localhost.example.com", False),
        ("notlocalhost", False),
        ("nas.local", False),
    ],
)
def test_the_ca_speaks_for_this_machine_alone(
    store: Store, tmp_path: Path, host: str, fine: bool
) -> None:
    pem = leaf(store, host, tmp_path / "leaf.pem")
    if fine:
        shake(store.cert, pem, host)
    else:
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            shake(store.cert, pem, host)


def test_openssl_agrees(store: Store, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")

    def verify(pem: str) -> subprocess.CompletedProcess[str]:
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
        return subprocess.run(
            [*command, "-CAfile", store.cert, pem], capture_output=True, text=True
        )

    for path in store.ensure(HOSTS, NOW).values():
        assert verify(path).returncode == 0, verify(path).stderr
    outside = verify(leaf(store, "example.com", tmp_path / "leaf.pem"))
    assert "permitted subtree violation" in outside.stderr


def test_what_browsers_ask_of_a_certificate(store: Store) -> None:
    from cryptography import x509

    pem = Path(store.ensure(HOSTS, NOW)["shop.localhost"]).read_bytes()
    cert = x509.load_pem_x509_certificate(pem)
    assert (cert.not_valid_after_utc - cert.not_valid_before_utc).days <= 397
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop.localhost"]
    (usage,) = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert usage == x509.ExtendedKeyUsageOID.SERVER_AUTH


def test_only_the_user_may_look(store: Store) -> None:
    store.ensure(HOSTS, NOW)
    for folder, _, files in os.walk(store.folder):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        for name in files:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o600


def test_a_second_start_makes_nothing_and_loads_nothing(store: Store) -> None:
    files = store.ensure(HOSTS, NOW)
    before = {path: os.stat(path).st_mtime_ns for path in files.values()}
    script = (
        "import sys, time; from localku.certs.store import Store\n"
        f"Store({os.path.dirname(store.folder)!r}).ensure({HOSTS!r}, time.time())\n"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
    assert {path: os.stat(path).st_mtime_ns for path in files.values()} == before


def test_without_tls_none_of_it_is_loaded() -> None:
    script = (
        "import sys, localku.cli.running\n"
        "heavy = {'cryptography', 'h2', 'localku.router.tls', 'localku.platform.https'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_a_certificate_near_its_end_is_made_anew(store: Store) -> None:
    store.ensure(HOSTS, NOW)
    (first, *_) = store.leaves()
    store.ensure(HOSTS, first.expires - RENEW - 1)
    assert store.leaves()[0].expires == first.expires
    store.ensure(HOSTS, first.expires - RENEW + 1)
    assert store.leaves()[0].expires > first.expires + 300 * DAY
    assert store.leaves()[0].ca == first.ca


def test_a_ca_near_its_end_goes_with_its_certificates(store: Store) -> None:
    store.ensure(HOSTS, NOW)
    first = store.fingerprint()
    later = NOW + (issue.CA_DAYS - 20) * DAY
    store.ensure(HOSTS, later)
    assert store.fingerprint() != first
    assert {leaf.ca for leaf in store.leaves()} == {store.fingerprint()}


def test_no_certificate_outlives_its_ca(store: Store) -> None:
    store.ensure(HOSTS, NOW)
    known = store.known()
    assert known is not None
    store.ensure(HOSTS, known.expires - 100 * DAY)
    assert store.leaves()[0].expires == known.expires


def test_a_broken_certificate_is_made_anew(store: Store) -> None:
    path = Path(store.ensure(HOSTS, NOW)["localhost"])
    for text in ("", "nonsense\n", "localku certificate expires=soon\n", "\u00e9"):
        path.write_text(text)
        shake(store.cert, store.ensure(HOSTS, NOW)["localhost"], "localhost")


def test_many_at_once_make_one_ca(store: Store) -> None:
    home = os.path.dirname(store.folder)
    script = (
        "import sys, time; from localku.certs.store import Store\n"
        f"Store({home!r}).ensure(['localhost', sys.argv[1]], time.time())"
    )
    hosts = [f"app{number}.localhost" for number in range(5)]
    running = [subprocess.Popen([sys.executable, "-c", script, host]) for host in hosts]
    assert [process.wait(30) for process in running] == [0] * len(hosts)
    assert {leaf.host for leaf in store.leaves()} == {"localhost", *hosts}
    assert {leaf.ca for leaf in store.leaves()} == {store.fingerprint()}
    for each in store.leaves():
        shake(store.cert, each.path, each.host)
    assert store.known() is not None
    assert not [name for name in os.listdir(store.folder) if name[-1].isdigit()]  # drafts


@pytest.mark.parametrize("name", ["cert", "key"])
def test_a_spoilt_ca_is_said(store: Store, name: str) -> None:
    store.ensure(("localhost",), NOW)
    Path(getattr(store, name)).write_text("what is this?\n")
    with pytest.raises(UserError, match="the CA is spoilt") as caught:
        store.ensure(("new.localhost",), NOW)
    assert f"remove {store.folder}" in caught.value.hint


def test_a_key_of_another_ca_is_said(store: Store, tmp_path: Path) -> None:
    store.ensure(("localhost",), NOW)
    other = Store(str(tmp_path / "other"))
    other.authority(NOW)
    shutil.copy(other.key, store.key)
    with pytest.raises(UserError, match="do not belong together"):
        store.ensure(("new.localhost",), NOW)


def test_a_key_that_others_can_read_is_not_used(store: Store) -> None:
    store.ensure(("localhost",), NOW)
    os.chmod(store.key, 0o640)
    with pytest.raises(UserError, match="others can read") as caught:
        store.ensure(("new.localhost",), NOW)
    assert caught.value.hint.startswith("chmod 600 ")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(UserError, match="cannot read the certificates: Not a dir") as caught:
        Store(str(tmp_path / "home")).ensure(HOSTS, NOW)
    assert "LOCALKU_HOME" in caught.value.hint


def test_where_it_is() -> None:
    assert home_folder({"LOCALKU_HOME": "/x"}) == "/x"
    assert home_folder({"LOCALKU_HOME": ""}) == os.path.expanduser("~/.localku")
