"""Lessons 6 and 7: other right solutions pass, and what only looks like one does not."""

from __future__ import annotations

from pathlib import Path

from other_kit import asked_for, verdict_on

pytestmark = asked_for

LINE = '    LOG.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\\n")\n'
SAID = '    say(f"Packed {packets} packets in {seconds:.3f} seconds, {busy} orders in hand")\n'


def test_a_logging_library_that_writes_json_passes(tmp_path: Path) -> None:
    found = verdict_on(
        "logs",
        tmp_path,
        ('LOG = open("app.log", "a")', "import json, logging\nlogging.basicConfig(level=20)"),
        (LINE, "    logging.info(json.dumps({'event': text}))\n"),
        ('print(f"somebody', 'log(f"somebody'),
    )
    assert found.passed, found.wrong


def test_an_unbuffered_stdout_passes_when_the_line_stays_one(tmp_path: Path) -> None:
    found = verdict_on(
        "logs", tmp_path, (LINE, "    print(repr(text))\n"), _env="PYTHONUNBUFFERED=1\n"
    )
    assert found.passed, found.wrong


def test_a_file_beside_the_stream_does_not_pass(tmp_path: Path) -> None:
    both = LINE + "    print(text.encode('unicode_escape').decode(), flush=True)\n"
    at_once = ('open("app.log", "a")', 'open("app.log", "a", buffering=1)')
    look = ('print(f"somebody', 'log(f"somebody')
    found = verdict_on("logs", tmp_path, at_once, (LINE, both), look)
    assert found.wrong == "app.log has the orders, too"


def test_an_event_of_two_lines_does_not_pass(tmp_path: Path) -> None:
    found = verdict_on("logs", tmp_path, (LINE, "    print(text)\n"), _env="")
    assert "became two lines of web." in found.wrong


def test_a_line_for_each_number_passes(tmp_path: Path) -> None:
    found = verdict_on(
        "l2met",
        tmp_path,
        (
            SAID,
            '    say(f"sample#orders.busy={busy} source={DYNO}")\n'
            '    say(f"measure#pack.time={round(seconds * 1000)}ms")\n'
            '    say("count#orders")\n',
        ),
    )
    assert found.passed, found.wrong


def test_a_number_that_nobody_measured_does_not_pass(tmp_path: Path) -> None:
    words = "measure#pack.time=20ms count#orders=1 sample#orders.busy=1"
    found = verdict_on("l2met", tmp_path, (SAID, f'    say(f"source={{DYNO}} {words}")\n'))
    assert "measure#pack.time=20ms, for 9 packets, which take 180 ms" in found.wrong
