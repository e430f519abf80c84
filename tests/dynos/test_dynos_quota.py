from __future__ import annotations

import pytest
from conftest import Folder

from localku.dynos.quota import MB, verdict


@pytest.mark.parametrize(
    ("used", "lines", "vast"),
    [
        (512, [], False),
        (912, ["Process running mem=912M(178.1%)", "Error R14 (Memory quota exceeded)"], False),
        (1024, ["Process running mem=1024M(200.0%)", "Error R14 (Memory quota exceeded)"], False),
        (1038, ["Process running mem=1038M(202.7%)"], True),
    ],
)
def test_memory_against_a_quota_of_512(used: int, lines: list[str], vast: bool) -> None:
    assert verdict(used * MB, 512 * MB) == (lines, vast)


def test_no_quota_no_lines() -> None:
    assert verdict(10**12, 0) == ([], False)


def test_a_hungry_dyno_is_warned_then_killed(folder: Folder) -> None:
    folder.write("eat.py", "import time\nx = bytearray(60 << 20)\ninput_ = time.sleep(60)\n")
    folder.write("Procfile", "small: exec python3 eat.py\nlarge: exec python3 eat.py\n")
    folder.write("localku.yml", "types:\n  small: {memory: 45MB}\n  large: {memory: 20MB}\n")
    app = folder.start("--time-scale", "0.02")
    app.wait_for(r"heroku\[small\.1\]: Process running mem=\d+M\(1\d\d\.\d%\)$")
    app.wait_for(r"heroku\[small\.1\]: Error R14 \(Memory quota exceeded\)$")
    app.wait_for(r"heroku\[large\.1\]: Error R15 \(Memory quota vastly exceeded\)$")
    app.wait_for(r"heroku\[large\.1\]: State changed from \w+ to crashed$")
