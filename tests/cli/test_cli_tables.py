"""What the commands print, as tables: Heroku's shapes."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from localku.cli import dyno_types, releases, tables
from localku.cli.apps import facts_of
from localku.cli.client import choose
from localku.cli.platform_state import span
from localku.errors import UserError


def test_aligned_keys() -> None:
    assert tables.aligned({"A": 1, "LONG": "x", "NONE": ""}) == ["A:    1", "LONG: x", "NONE:"]
    assert tables.aligned({}) == []


def test_a_table() -> None:
    assert tables.table(("v", "what"), [("v10", "a"), ("v9", "long one")]) == [
        "  v     what",
        " ─────" + "─" * 11,
        "  v10   a",
        "  v9    long one",
    ]


def test_a_warning_is_wrapped() -> None:
    text = "Rollback affects code and config vars; it doesn't add or remove addons."
    assert tables.warning(text) == [
        " ›   Warning: Rollback affects code and config vars; it doesn't add or remove",
        " ›   addons.",
    ]


def process(kind: str, size: str, quantity: int) -> dict[str, Any]:
    return {"type": kind, "size": size, "quantity": quantity}


def test_the_price_of_a_formation() -> None:
    """As heroku 11.10.0 printed it."""
    formation = [process("worker", "Standard-2X", 1), process("web", "Standard-1X", 4)]
    assert dyno_types.render(formation, {"Standard-1X": 2500, "Standard-2X": 5000}) == [
        "=== Process Types\n",
        "  type     size          qty   cost/hour   max cost/month",
        " " + "─" * 57,
        "  web      Standard-1X   4     ~$0.139     $100",
        "  worker   Standard-2X   1     ~$0.069     $50",
        "",
        "",
        "=== Dyno Totals\n",
        "  type          total",
        " " + "─" * 21,
        "  Standard-1X   4",
        "  Standard-2X   1",
    ]


def test_changes_of_sizes() -> None:
    assert dyno_types.wanted(["basic"], ["web", "worker"]) == [
        {"type": "web", "size": "basic"},
        {"type": "worker", "size": "basic"},
    ]
    assert dyno_types.wanted(["web=eco"], ["web"]) == [{"type": "web", "size": "eco"}]
    with pytest.raises(UserError, match="not a change of a size"):
        dyno_types.wanted(["web=eco", "basic"], ["web"])


def test_releases_as_rows() -> None:
    now = datetime(2026, 11, 23, 12, 41, 4, tzinfo=timezone.utc)
    one = {
        "version": 6,
        "description": "Remove A config vars",
        "status": "succeeded",
        "user": {"email": "dev@example.com"},
        "created_at": "2026-11-23T12:41:03Z",
    }
    who, when = "dev@example.com", "2026/11/23 12:41:03 +0000 (~ 1s ago)"
    failed = {**one, "status": "failed"}
    assert releases.rows([one, failed], now) == [
        ("v6", "Remove A config vars", who, when),
        ("v6", "Remove A config vars release command failed", who, when),
    ]


def test_descriptions_are_cut_for_a_terminal() -> None:
    rows = [("v6", "x" * 60, "dev@example.com", "now"), ("v5", "short", "dev@example.com", "now")]
    assert releases.fitted(rows, 0) == rows
    [long, short] = releases.fitted(rows, 80)
    assert (long[1], short[1]) == ("x" * 40 + "…", "short")
    assert max(len(line) for line in tables.table(releases.COLUMNS, [long, short])) <= 80
    assert len(releases.fitted(rows, 10)[0][1]) == 20


def test_releases_fit_a_usual_terminal() -> None:
    when = "2026/11/24 23:37:53 +0000 (~ 1s ago)"
    rows = [("v19", "Set ADMIN_TOKEN, SHOP_NAME config vars", "you@localhost", when)]
    fitted = releases.fitted(rows, 80)
    assert fitted[0][3] == "~ 1s ago"
    assert max(map(len, tables.table(releases.COLUMNS, fitted))) <= 80
    assert releases.fitted(rows, 120)[0][3] == when


def app(name: str, root: str) -> dict[str, Any]:
    return {"name": name, "git_url": f"file://{root}"}


CHOICES = {
    "the only one": ([app("shop", "/x/shop")], "/elsewhere", "shop"),
    "that of the folder": ([app("shop", "/x/shop"), app("blog", "/x/blog")], "/x/blog", "blog"),
    "from below": ([app("shop", "/x/shop"), app("blog", "/x/blog")], "/x/blog/a/b", "blog"),
    "the nearest": ([app("all", "/x"), app("blog", "/x/blog")], "/x/blog/a", "blog"),
    "with a blank": ([app("a", "/x/a%20b"), app("b", "")], "/x/a b", "a"),
}


@pytest.mark.parametrize(("apps", "root", "name"), CHOICES.values(), ids=CHOICES)
def test_the_app_that_is_meant(apps: list[dict[str, Any]], root: str, name: str) -> None:
    assert choose(apps, root) == name


NO_CHOICE = {
    "none": ([], "no app on this platform yet"),
    "several": ([app("b", "/x/b"), app("a", "/x/a")], "which app\\? Here are a, b"),
    "two of one folder": ([app("a", "/y"), app("b", "/y"), app("c", "/z")], "Here are a, b \\("),
    "a name that begins alike": ([app("a", "/y-z"), app("b", "/x")], "Here are a, b"),
}


@pytest.mark.parametrize(("apps", "message"), NO_CHOICE.values(), ids=NO_CHOICE)
def test_no_app_that_is_meant(apps: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose(apps, "/y")


def test_facts_of_an_app_without_code() -> None:
    one = {
        **app("x", ""),
        "web_url": "http://x.localhost:1/",
        "owner": {"email": "e"},
        "region": {"name": "local"},
        "stack": {"name": "local"},
        "maintenance": True,
        "created_at": "now",
    }
    facts = facts_of(one, [{"type": "web"}, {"type": "web"}, {"type": "job"}])
    assert str(facts["Root"]).startswith("none yet")
    assert (facts["Dynos"], facts["Maintenance"]) == ("web: 2, job: 1", "on")


def test_spans() -> None:
    assert [span(x) for x in (0.4, 59, 60, 7200, 200000)] == ["0s", "59s", "1m", "2h", "2d"]
