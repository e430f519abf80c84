"""Values of config vars are nowhere in what localku itself says."""

from __future__ import annotations

import json

import pytest
from conftest import Folder, wait_until
from test_platform_history import history

from localku.api.exchange import _report
from localku.cli.client import UnixConnection
from localku.logs.secrets import hidden, is_secret
from localku.platform.state import AppState, Seen

LOOKS = {
    "a key": ("STRIPE_KEY", "sk_live_abcdef", True),
    "a password": ("DB_PASSWORD", "correct horse", True),
    "lower case": ("api_token", "0123456789", True),
    "a URL with a password": ("DATABASE_URL", "postgres://u:p4ssw0rd@db.test/x", True),
    "a URL without": ("HOMEPAGE", "https://example.test/a", False),
    "random, whatever its name": ("THING", "9f86d081884c7d659a2feaa0c55ad015", True),
    "a private key": ("PEM", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n", True),
    "a word": ("NODE_ENV", "production", False),
    "a place": ("SSH_AUTH_SOCK", "/tmp/ssh-1/agent.1", False),
    "a short one": ("KEY", "on", False),
    "a host": ("HOST_NAME", "guestbook1.example.test", False),
}


@pytest.mark.parametrize(("name", "value", "secret"), LOOKS.values(), ids=LOOKS)
def test_what_looks_like_a_secret(name: str, value: str, secret: bool) -> None:
    assert is_secret(name, value) == secret
    shown = hidden(f"before {value} after", {name: value})
    assert shown == (f"before [{name}] after" if secret else f"before {value} after")


def test_parts_that_give_it_away_are_hidden_as_well() -> None:
    config = {"DATABASE_URL": "postgres://u:p4ssw0rd@db.test/x"}
    assert hidden("login with p4ssw0rd failed", config) == "login with [DATABASE_URL] failed"
    config = {"PEM": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n"}
    assert hidden("at MIIEvQIBADANBgkqhkiG", config) == "at [PEM]"
    both = {"A_KEY": "abcdefgh", "B_KEY": "abcdefghij"}
    assert hidden("abcdefghij abcdefgh", both) == "[B_KEY] [A_KEY]"


def test_a_repr_shows_no_config() -> None:
    state = AppState("1", "shop", "", 0.0, 0.0, config={"A": "s3cr3t"}, seen=Seen({"B": "s3cr3t"}))
    assert "s3cr3t" not in repr(state)


class Anywhere:
    """What `_report` needs of a request: nobody makes the API fail on purpose."""

    method, path = "GET", "/apps/x%0aforged"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.app = self
        self.hosting = self
        self.apps = {name: self._app(name) for name in ("a", "b")}

    @staticmethod
    def _app(name: str) -> object:
        return type("App", (), {"config": {"API_KEY": f"secret-of-{name}"}})()

    def __getitem__(self, _: object) -> Anywhere:
        return self

    def say(self, text: str) -> None:
        self.said.append(text)


def test_a_traceback_has_no_secrets_of_any_app() -> None:
    place = Anywhere()
    try:
        raise ValueError("neither secret-of-a nor secret-of-b")
    except ValueError as error:
        _report(place, "1", error)  # type: ignore[arg-type]
    assert place.said[-1] == "ValueError: neither [API_KEY] nor [API_KEY]"


SECRETS = {
    "API_KEY": "canary-of-the-env-file",
    "DATABASE_URL": "postgres://shop:canarypassword@127.0.0.1/shop",
    "SIGNING": "canary0123456789canary0123456789",
}
CANARY = "canary"


def test_nothing_that_is_done_shows_a_value(folder: Folder) -> None:
    """Everything that logs: releases, config, rollback, one-off dynos, files that are read again,
    mistakes in them, webhooks, domains; in the log, on the console and in the history."""
    env = "".join(f"{name}={value}\n" for name, value in SECRETS.items())
    folder.write(".env", env)
    folder.write("Procfile", "job: exec sleep 600\n")
    running = folder.start("--watch")
    running.wait_for("Watching files")

    def ask(method: str, path: str, body: object) -> int:
        connection = UnixConnection(str(folder.path / ".localku" / "api.sock"))
        connection.request(method, f"/apps/shop{path}", json.dumps(body))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    assert running.cli("config:set", "API_KEY=canary-by-hand", "PLAIN=x").returncode == 0
    assert running.cli("config:unset", "PLAIN").returncode == 0
    assert running.cli("rollback", "v2").returncode == 0
    running.cli("config:set", "bad-name=canary-in-a-bad-name")
    assert ask("PATCH", "/config-vars", {"API_KEY": ["canary-in-a-list"]}) == 422
    assert ask("PATCH", "/config-vars", {"NUL_KEY": "canary\0"}) == 422
    assert ask("PATCH", "/config-vars", {"BIG_KEY": CANARY * 20_000}) == 422
    hook = {"include": ["api:release"], "level": "notify", "url": "https://hook.test/"}
    hook |= {"secret": "canary-of-the-hook", "authorization": "Bearer canary-of-the-hook"}
    assert ask("POST", "/webhooks", hook) == 201
    command = f"true {SECRETS['API_KEY']} {SECRETS['DATABASE_URL']} {SECRETS['SIGNING']}"
    assert ask("POST", "/dynos", {"command": command, "attach": False}) == 201
    running.wait_for(r"heroku\[run\.\d+\]: State changed from up to complete")
    folder.write(".env", env + "PEM='-----BEGIN PRIVATE KEY-----\ncanarycanarycanary==\n")
    running.wait_for(r"\.env not applied: ")
    folder.write(".env", env + "canary+canary/canary==\n")
    running.wait_for(r"\.env not applied: .*this key cannot name")
    folder.write(".env", env.replace("env-file", "changed-file"))
    running.wait_for(r"Set API_KEY config vars by user")
    folder.write("Procfile", f"job: exec sleep 600; {SECRETS['SIGNING']}\n")
    running.wait_for(r"Starting process with command `exec sleep 600; \[SIGNING\]`")
    shown = r"Starting process with command `true \[API_KEY\] \[DATABASE_URL\] \[SIGNING\]`"
    running.wait_for(shown, count=2)
    state = folder.path / ".localku"
    wait_until(lambda: b"sleep 600; [SIGNING]`\n" in history(state), "the history is written")
    assert CANARY not in running.text, [x for x in running.lines if CANARY in x]
    assert CANARY.encode() not in history(state)
