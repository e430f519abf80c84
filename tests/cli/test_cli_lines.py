"""What `localku ps` and its kin print and send, as tables."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from localku.cli import client, ps
from localku.errors import UserError
from localku.manifest.formation import parse_change

NOON = datetime(2024, 1, 31, 13, 0, 0, tzinfo=timezone.utc)
CEST = timezone(timedelta(hours=2))

AGO = {
    "now": (NOON, "2024/01/31 13:00:00 +0000 (~ 0s ago)"),
    "59 s": (NOON - timedelta(seconds=59), "2024/01/31 12:59:01 +0000 (~ 59s ago)"),
    "a minute": (NOON - timedelta(seconds=60), "2024/01/31 12:59:00 +0000 (~ 1m ago)"),
    "59 min": (NOON - timedelta(seconds=3599), "2024/01/31 12:00:01 +0000 (~ 59m ago)"),
    "an hour": (NOON - timedelta(hours=1), "2024/01/31 12:00:00 +0000 (~ 1h ago)"),
    "24 h": (NOON - timedelta(seconds=89999), "2024/01/30 12:00:01 +0000 (~ 24h ago)"),
    "25 h": (NOON - timedelta(hours=25), "2024/01/30 12:00:00 +0000"),
    "a clock that went back": (NOON + timedelta(seconds=5), "2024/01/31 13:00:05 +0000 (~ 0s ago)"),
}


@pytest.mark.parametrize(("then", "text"), AGO.values(), ids=AGO)
def test_since_when(then: datetime, text: str) -> None:
    assert ps.ago(then.strftime("%Y-%m-%dT%H:%M:%SZ"), NOON) == text


def test_since_when_in_another_time_zone() -> None:
    shown = ps.ago("2024-01-31T12:00:00Z", NOON.astimezone(CEST))
    assert shown == "2024/01/31 14:00:00 +0200 (~ 1h ago)"


def dyno(name: str, command: str, state: str = "up", size: str = "Standard-1X") -> dict[str, Any]:
    moment = "2024-01-31T12:00:00Z"
    kind = name.partition(".")[0]
    return {
        "name": name,
        "type": kind,
        "command": command,
        "state": state,
        "size": size,
        "updated_at": moment,
    }


SINCE = "2024/01/31 12:00:00 +0000 (~ 1h ago)"
LISTS = {
    "none": ([], []),
    "one": (
        [dyno("web.1", "npm start")],
        ["=== web (Standard-1X): npm start (1)", "", f"web.1: up {SINCE}", ""],
    ),
    "two types": (
        [dyno("web.1", "a", "crashed"), dyno("web.2", "a", "starting"), dyno("worker.1", "b")],
        [
            "=== web (Standard-1X): a (2)",
            "",
            f"web.1: crashed {SINCE}",
            f"web.2: starting {SINCE}",
            "",
            "=== worker (Standard-1X): b (1)",
            "",
            f"worker.1: up {SINCE}",
            "",
        ],
    ),
    "one-off dynos come first": (
        [dyno("web.1", "a", size="Eco"), dyno("run.1", "bash", size="Eco")],
        [
            "=== run: one-off processes (1)",
            "",
            f"run.1 (Eco): up {SINCE}: bash",
            "",
            "=== web (Eco): a (1)",
            "",
            f"web.1: up {SINCE}",
            "",
        ],
    ),
    "two commands of one type": (
        [dyno("web.1", "old"), dyno("web.2", "new")],
        [
            "=== web (Standard-1X): old (1)",
            "",
            f"web.1: up {SINCE}",
            "",
            "=== web (Standard-1X): new (1)",
            "",
            f"web.2: up {SINCE}",
            "",
        ],
    ),
}


@pytest.mark.parametrize(("dynos", "lines"), LISTS.values(), ids=LISTS)
def test_a_list_of_dynos(dynos: list[dict[str, Any]], lines: list[str]) -> None:
    assert ps.render(dynos, NOON) == lines


UPDATES = {
    "web=3": {"type": "web", "quantity": "3"},
    "web+1": {"type": "web", "quantity": "+1"},
    "web-2": {"type": "web", "quantity": "-2"},
    "web=+1": {"type": "web", "quantity": "+1"},
    "web=3:standard-1x": {"type": "web", "quantity": "3", "size": "standard-1x"},
}


@pytest.mark.parametrize(("text", "update"), UPDATES.items(), ids=UPDATES)
def test_a_change_is_sent_as_herokus_cli_sends_it(text: str, update: dict[str, str]) -> None:
    assert ps.as_update(parse_change(text)) == update


ANSWERS = {
    "an error object": (404, b'{"id": "x", "message": "Not there."}', "Not there"),
    "no JSON": (500, b"<html>", "status 500"),
    "nothing": (500, b"", "status 500"),
    "no message": (422, b'{"message": 5}', "status 422"),
    "no JSON though fine": (200, b"<html>", "no JSON"),
}


@pytest.mark.parametrize(("status", "text", "message"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_an_error(status: int, text: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        client.read_answer(status, text)
