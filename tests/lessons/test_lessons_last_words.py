"""An app that does not boot: the verdict says why, whatever the check asked first."""

from __future__ import annotations

from pathlib import Path

from other_kit import verdict_on

from localku.lessons.last_words import why_not
from localku.lessons.watched import Answer, Line

TRACE = """Traceback (most recent call last):
  File "/shop/web.py", line 7, in <module>
    server = Server(port)
  File "/usr/lib/python3.11/socketserver.py", line 456, in __init__
    self.server_bind()
TypeError: 'str' object cannot be interpreted as an integer"""


def lines(*told: tuple[str, str]) -> list[Line]:
    return [Line(float(n), source, "web.1", text) for n, (source, text) in enumerate(told)]


def boot(*words: str, status: int = 1, end: str = "crashed") -> list[tuple[str, str]]:
    return [
        ("heroku", "Starting process with command `python3 web.py`"),
        *(("app", word) for word in words),
        ("heroku", f"Process exited with status {status}"),
        ("heroku", f"State changed from starting to {end}"),
        ("heroku", "State changed from crashed to starting"),
    ]


def test_the_last_words_are_those_of_the_boot_that_failed() -> None:
    told = [*boot(*TRACE.split("\n")), ("heroku", "Starting process with command `python3 web.py`")]
    said = "TypeError: 'str' object cannot be interpreted as an integer (web.py, line 7)"
    assert why_not(lines(*told), "/shop") == ("web.1 does not boot", said)
    assert why_not(lines(*boot()), "/shop")[1] == "Process exited with status 1"


def test_what_is_up_again_or_was_ended_from_outside_does_boot() -> None:
    up = ("heroku", "State changed from starting to up")
    assert why_not(lines(*boot("SyntaxError"), up), "/shop") == ("", "")
    assert why_not(lines(*boot("listening", status=137)), "/shop") == ("", "")
    down = ("heroku", "State changed from crashed to down")
    assert why_not(lines(*boot("SyntaxError"), down), "/shop") == ("", "")


def test_of_the_routers_page_a_learner_sees_the_code() -> None:
    page = "<!DOCTYPE html>\n<html>\n<p>An error occurred</p>\n<p>H10 App crashed</p>"
    assert Answer(503, {}, page, 1.0).said == "H10 App crashed"
    assert Answer(500, {}, "no such\n  table", 1.0).said == "no such table"


def test_a_mistake_in_the_file_is_named(tmp_path: Path) -> None:
    found = verdict_on("slow", tmp_path, ("import os\n", "import os\nimport (\n"))
    assert found.wrong == "/price/tea should cost 3, and answers 503: H10 App crashed"
    words = "web.1 does not boot, its last words: “SyntaxError: invalid syntax (web.py, line 4)”"
    assert found.look == words


def test_a_till_that_cannot_be_opened_was_not_restarted_by_hand(tmp_path: Path) -> None:
    found = verdict_on("start", tmp_path, ("import os\n", "import os\nimport (\n"))
    assert found.saw == []
    assert "SyntaxError: invalid syntax (web.py, line 4)" in found.look


def test_an_end_without_a_word_does_not_pass(tmp_path: Path) -> None:
    silent = "        try:\n            total += price\n        except Exception:\n"
    silent += "            os._exit(1)\n"
    found = verdict_on("start", tmp_path, ("        total += price\n", silent))
    assert "said nothing" in found.wrong
