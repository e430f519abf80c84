"""Who comes to trust the CA, and how: the steps by system, and the command on a real NSS store."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE

from localku.certs.trust import (
    BROWSERS,
    LINUX_STORES,
    SYSTEM,
    Authority,
    Facts,
    by_hand,
    steps,
    store_of,
)

CA = Authority("/home/me/.localku/ca/localku-ca.pem", "abcdef0123456789")
DEBIAN = Facts(
    mac=False,
    root=False,
    store=LINUX_STORES[0],
    databases=("/home/me/.pki/nssdb",),
    certutil=True,
    installer="apt-get",
)
certutil = pytest.mark.skipif(shutil.which("certutil") is None, reason="needs certutil (NSS)")


def test_debian() -> None:
    system, chromium = steps(DEBIAN, CA)
    target = "/usr/local/share/ca-certificates/localku-ca-abcdef01.crt"
    copy = ("install", "-m", "644", CA.path, target)
    assert (system.kind, system.commands) == (SYSTEM, (copy, ("update-ca-certificates",)))
    assert system.blocked == "only root may"
    assert chromium.kind == BROWSERS
    database = ("certutil", "-d", "sql:/home/me/.pki/nssdb")
    add = (*database, "-A", "-t", "C,,", "-n", "localku CA abcdef01", "-i", CA.path)
    assert (chromium.commands, chromium.blocked) == ((add,), "")


def test_root_may() -> None:
    assert steps(replace(DEBIAN, root=True), CA)[0].blocked == ""


def test_removing_undoes_the_same() -> None:
    system, chromium = steps(DEBIAN, CA, remove=True)
    target = "/usr/local/share/ca-certificates/localku-ca-abcdef01.crt"
    assert system.commands[0] == ("rm", "-f", target)
    assert system.target == target
    assert chromium.commands[0][3:] == ("-D", "-n", "localku CA abcdef01")
    assert chromium.target == "/home/me/.pki/nssdb"


def test_a_database_that_is_not_there_is_made_first() -> None:
    folder = DEBIAN.databases[0]
    commands = steps(replace(DEBIAN, missing=frozenset((folder,))), CA)[1].commands
    assert commands[0] == ("mkdir", "-p", "-m", "700", folder)
    assert commands[1] == ("certutil", "-d", f"sql:{folder}", "-N", "--empty-password")


@pytest.mark.parametrize(
    ("installer", "says"),
    [
        ("apt-get", "certutil is not installed: apt-get install libnss3-tools"),
        ("dnf", "certutil is not installed: dnf install nss-tools"),
        ("", "certutil is not installed"),
    ],
)
def test_without_certutil(installer: str, says: str) -> None:
    facts = replace(DEBIAN, certutil=False, installer=installer)
    assert steps(facts, CA)[1].blocked == says


def test_a_mac_uses_its_keychain() -> None:
    (system, *_) = steps(replace(DEBIAN, mac=True, store=None), CA)
    assert system.commands[0][:2] == ("security", "add-trusted-cert")
    assert system.blocked == ""


def test_an_unknown_linux_says_so() -> None:
    (system, *_) = steps(replace(DEBIAN, store=None), CA)
    assert (system.commands, system.blocked) == ((), "no certificate store that localku knows")


@pytest.mark.parametrize("store", LINUX_STORES)
def test_the_store_is_known_by_its_folder(store: tuple[str, str, tuple[str, ...]]) -> None:
    assert store_of(lambda path: path == store[0]) == store
    assert store_of(lambda path: False) is None


def test_programs_of_their_own_mind() -> None:
    told = dict(by_hand(CA, "https://localhost:5443"))
    assert told["curl"] == f"curl --cacert {CA.path} https://localhost:5443"
    assert told["Node"] == f"NODE_EXTRA_CA_CERTS={CA.path}"
    assert f"SSL_CERT_FILE={CA.path}" in told["Python"]


class Person:
    """Somebody with a home folder of their own, who types `localku certs...`."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "me"
        self.home.mkdir()
        self.state = folder / "state"
        self.env = {**os.environ, "HOME": str(self.home), "LOCALKU_HOME": str(self.state)}

    def types(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [LOCALKU, *argv], env=self.env, capture_output=True, text=True, timeout=PATIENCE
        )

    def database(self) -> str:
        """A Chromium's, as it is after its first start; its nicknames can be listed."""
        folder = self.home / ".pki" / "nssdb"
        folder.mkdir(parents=True)
        subprocess.run(["certutil", "-d", f"sql:{folder}", "-N", "--empty-password"], check=True)
        return f"sql:{folder}"

    def trusts(self, database: str) -> bool:
        done = subprocess.run(["certutil", "-d", database, "-L"], capture_output=True, text=True)
        return "localku CA " in done.stdout


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_showing_makes_nothing(person: Person) -> None:
    done = person.types("certs")
    assert done.stdout.startswith("No CA yet: ")
    assert not person.state.exists()


def test_showing_what_there_is(person: Person) -> None:
    person.types("certs:trust")
    said = person.types("certs").stdout
    assert f"CA           {person.state}/ca/localku-ca.pem\n" in said
    if shutil.which("openssl"):
        command = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in"]
        path = f"{person.state}/ca/localku-ca.pem"
        told = subprocess.run([*command, path], capture_output=True, text=True).stdout
        assert told.strip().rpartition("=")[2] in said


def test_without_install_nothing_is_touched(person: Person) -> None:
    done = person.types("certs", "trust")
    assert done.returncode == 0
    assert f"curl --cacert {person.state}/ca/localku-ca.pem" in done.stdout
    assert list(person.home.iterdir()) == []


@certutil
def test_a_browser_comes_to_trust_it_and_no_longer_does(person: Person) -> None:
    database = person.database()
    for _ in range(2):  # once more does no harm
        done = person.types("certs:trust", "--install", "browsers")
        assert done.returncode == 0, done.stdout
        assert "trusts it now" in done.stdout
        assert person.trusts(database)
    done = person.types("certs:untrust", "browsers")
    assert (done.returncode, person.trusts(database)) == (0, False)
    assert person.types("certs:untrust", "browsers").stdout == "Nothing trusts it.\n"


@certutil
def test_a_store_that_does_not_take_it_is_said(person: Person) -> None:
    person.database()
    (person.home / ".pki" / "nssdb" / "cert9.db").write_bytes(b"broken" * 1000)
    done = person.types("certs:trust", "--install", "browsers")
    assert done.returncode == 1
    assert "not done: certutil" in done.stdout
    assert "certutil -d sql:" in done.stdout  # what to try by hand


def test_untrusting_needs_a_ca(person: Person) -> None:
    done = person.types("certs:untrust", "browsers")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no CA" in done.stderr


@pytest.mark.parametrize("argv", [["certs", "x"], ["certs:untrust", "--install"]], ids=" ".join)
def test_words_that_it_does_not_know(person: Person, argv: list[str]) -> None:
    done = person.types(*argv)
    assert done.returncode == 2
    assert f"see `localku help {argv[0]}`" in done.stderr
