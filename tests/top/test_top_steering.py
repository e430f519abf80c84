"""What the keys of `localku top` ask for, and the filter of its log."""

from __future__ import annotations

from typing import Any

import pytest
from top_kit import shop, texts

from localku.errors import UserError
from localku.top import loglines, wishes
from localku.top.loglines import Filter, Lines, Said

SCALES: list[tuple[str, list[dict[str, str]], str]] = [
    ("web=3", [{"type": "web", "quantity": "3"}], "Scaled web to 3"),
    ("web=3 worker+1",
     [{"type": "web", "quantity": "3"}, {"type": "worker", "quantity": "+1"}],
     "Scaled web to 3, worker to 2"),
    ("web=2:standard-2x",
     [{"type": "web", "quantity": "2", "size": "standard-2x"}], "Scaled web to 2"),
    ("+", [{"type": "web", "quantity": "+1"}], "Scaled web to 3"),
    ("-", [{"type": "web", "quantity": "-1"}], "Scaled web to 1"),
    ("+2", [{"type": "web", "quantity": "+2"}], "Scaled web to 4"),
    ("4", [{"type": "web", "quantity": "4"}], "Scaled web to 4"),
    ("=0", [{"type": "web", "quantity": "0"}], "Scaled web to 0"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "updates", "said"), SCALES)
def test_a_scale(typed: str, updates: list[dict[str, str]], said: str) -> None:
    wish = wishes.scale(typed, shop(), "web")
    assert (wish.method, wish.words, wish.done) == ("PATCH", ("formation",), said)
    assert wish.body == {"updates": updates}


MISTAKES = {
    "": "nothing to scale",
    "   ": "nothing to scale",
    "nosuch=2": "no process type nosuch in the Procfile",
    "web.1=2": "'web.1=2' is not a change of a formation",
    "web": "'web' is not a change of a formation",
    "-3": "web runs 2, so 3 cannot be taken away",
    "+9999": "more than 1000 dynos of web",
    "\x1b[2J": "is not a change of a formation",
}


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_scale_that_means_nothing(typed: str) -> None:
    with pytest.raises(UserError) as caught:
        wishes.scale(typed, shop(), "web")
    assert MISTAKES[typed] in str(caught.value)


def test_without_a_selection_a_number_alone_means_nothing() -> None:
    with pytest.raises(UserError):
        wishes.scale("+1", shop(), "")


WISHES = [
    (wishes.restart("web.1"), ("DELETE", ("dynos", "web.1"), None)),
    (wishes.restart_all(), ("DELETE", ("dynos",), None)),
    (wishes.stop("web.1"), ("POST", ("dynos", "web.1", "actions", "stop"), None)),
    (wishes.maintenance(True), ("PATCH", (), {"maintenance": True})),
    (wishes.maintenance(False), ("PATCH", (), {"maintenance": False})),
]


@pytest.mark.parametrize(("wish", "asked"), WISHES)
def test_other_wishes(wish: wishes.Wish, asked: tuple[object, ...]) -> None:
    assert (wish.method, wish.words, wish.body) == asked
    assert wish.done


NAMES = {"app", "heroku", "router", "web", "web.1", "worker", "worker.1"}
ROUTER = Said(1.0, "heroku", "router", 'at=error code=H12 path="/Cart" dyno=web.1 status=503')
WEB = Said(2.0, "app", "web.1", "GET /cart in 3ms, asked worker for more")
WORKER = Said(3.0, "app", "worker.1", "did job 7")
STATE = Said(4.0, "heroku", "web.1", "State changed from up to crashed")
FILTERS = [
    ("", [ROUTER, WEB, WORKER, STATE]),
    ("router", [ROUTER]),
    ("web", [WEB, STATE]),
    ("web.1", [WEB, STATE]),  # not the router's line that names it
    ("worker", [WORKER]),  # not the line that has the word in it
    ("heroku", [ROUTER, STATE]),
    ("app web", [WEB]),
    ("source=heroku", [ROUTER, STATE]),
    ("dyno=web.1", [WEB, STATE]),
    ("type=worker", [WORKER]),
    ("cart", [ROUTER, WEB]),
    ("Cart", [ROUTER]),
    ("job 7", [WORKER]),
    ("-router", [WEB, WORKER, STATE]),
    ("-router -crashed", [WEB, WORKER]),
    ("status=503", [ROUTER]),
    ("-", [ROUTER, WEB, WORKER, STATE]),
    ("nothing-like-it", []),
]


@pytest.mark.parametrize(("text", "taken"), FILTERS, ids=[text for text, _ in FILTERS])
def test_a_filter(text: str, taken: list[Said]) -> None:
    wanted = Filter(text, NAMES)
    assert [said for said in (ROUTER, WEB, WORKER, STATE) if wanted.takes(said)] == taken


def lines_event(*texts_: str, dropped: int = 0, dyno: str = "web.1") -> dict[str, Any]:
    lines = [{"n": n, "time": 1.0, "source": "app", "dyno": dyno, "text": text}
             for n, text in enumerate(texts_)]  # fmt: skip
    return {"lines": lines, "dropped": dropped}


def test_the_log_keeps_the_latest_lines() -> None:
    lines = Lines()
    lines.add(lines_event(*map(str, range(loglines.KEPT + 5)), dropped=7))
    assert (len(lines), lines.gone, lines.lost) == (loglines.KEPT, 5, 7)
    assert texts(list(lines[:1]))[0].endswith(" app[web.1]: 5")
    assert texts([lines.title()]) == ["log  7 left out"]


def test_another_filter_is_for_the_lines_that_are_there_too() -> None:
    lines = Lines()
    lines.add(lines_event("one", "two", "three"))
    lines.narrow(Filter("t"))
    assert [text.rpartition(" ")[2] for text in texts(list(lines[:]))] == ["two", "three"]
    assert texts([lines.title()]) == ["log  only t  2 of 3 lines"]
    lines.add(lines_event("four", "ten"))
    assert len(lines) == 3
    lines.narrow(Filter(""))
    assert len(lines) == 5


def test_no_line_steers_the_terminal_nor_is_it_endless() -> None:
    lines = Lines()
    lines.add(lines_event("\x1b[31mred\x1b[0m \x1b[2J\x07" + "x" * 10_000, dyno="\x1b[2J"))
    text = texts(list(lines[:]))[0]
    assert text.isprintable()
    assert " app[␛[2J]: red ␛[2J␇xxx" in text
    assert len(text) < loglines.LONGEST + 50


def test_errors_of_the_platform_are_seen() -> None:
    taken = [said for said in (ROUTER, WEB, WORKER, STATE) if loglines.is_error(said)]
    assert taken == [ROUTER, STATE]
