"""The examples about scaling: what each answers, and that it scales, or does not, as it says."""

from __future__ import annotations

import re
import shutil
import signal
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Folder, Running, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("cpu_bound", "io_bound", "shared_database", "global_lock")


def start(folder: Folder, name: str, web: int, **config: str) -> Running:
    """That example with so many web dynos, all of them up."""
    shutil.rmtree(folder.path)
    ignored = shutil.ignore_patterns(".localku", "__pycache__", "shared", "*.sock")
    shutil.copytree(EXAMPLES / name, folder.path, ignore=ignored)
    folder.write(".env", "".join(f"{key}={value}\n" for key, value in config.items()))
    app = folder.start("-m", f"web={web}")
    for number in range(1, web + 1):
        app.wait_for(rf"heroku\[web\.{number}\]: State changed from starting to up$")
    if name == "shared_database":
        app.wait_for(r"app\[database\.1\]: event=ready")
    return app


def get(app: Running) -> dict[str, str]:
    """One request: `a=1 b=2` as a dict."""
    with urllib.request.urlopen(f"http://127.0.0.1:{app.port}/", timeout=15) as response:
        return dict(word.split("=") for word in response.read().decode().split())


def many(app: Running, requests: int, at_once: int) -> tuple[list[dict[str, str]], float]:
    """Their answers, and the seconds that all of them took together."""
    with ThreadPoolExecutor(at_once) as pool:
        began = time.monotonic()
        answers = list(pool.map(lambda _: get(app), range(requests)))
        return answers, time.monotonic() - began


def number(text: str) -> float:
    return float(text.removesuffix("ms"))


def test_all_have_the_same_server_and_a_readme_that_says_what_to_run() -> None:
    texts = {(EXAMPLES / name / "server.py").read_text() for name in NAMES}
    assert len(texts) == 1
    for name in NAMES:
        readme = (EXAMPLES / name / "README.md").read_text()
        assert "localku load" in readme and "--scale web=1,2,4,8" in readme
        assert len(readme.splitlines()) <= 60
        code = "".join(path.read_text() for path in (EXAMPLES / name).glob("*.py"))
        for variable in re.findall(r'(?:setting|environ\.get)\("([A-Z_]+)"', code):
            assert variable in ("PORT", "DYNO") or f"`{variable}`" in readme, variable


@pytest.mark.parametrize("name", NAMES)
def test_sigterm_ends_it_at_once_and_an_answer_in_hand_still_comes(
    folder: Folder, name: str
) -> None:
    slow = {"WAIT_MS": "400", "OWN_MS": "400", "ROUNDS": "300000"}
    app = start(folder, name, 1, **slow)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(get, app)
        time.sleep(0.1)  # it is in hand then; were it not, the router would answer by itself
        app.signal(signal.SIGTERM)
        assert answer.result()["dyno"] == "web.1"
    app.wait()
    assert "app[web.1]: event=stopped drained=yes" in app.text
    assert "SIGKILL" not in app.text


def test_a_setting_that_is_no_number_is_told_in_one_line(folder: Folder) -> None:
    shutil.rmtree(folder.path)
    shutil.copytree(EXAMPLES / "io_bound", folder.path)
    folder.write(".env", "WAIT_MS=soon\n")
    app = folder.start()
    app.wait_for(r"app\[web\.1\]: WAIT_MS has to be a number, not 'soon'$")
    assert "Traceback" not in app.text


def test_cpu_bound_costs_what_its_rounds_say_and_no_more_under_load(folder: Folder) -> None:
    app = start(folder, "cpu_bound", 2, ROUNDS="20000")
    answers, _ = many(app, 12, 4)
    costs = sorted(number(each["cpu"]) for each in answers)
    assert {each["dyno"] for each in answers} == {"web.1", "web.2"}
    assert costs[0] > 1 and costs[len(costs) // 2] < 4 * costs[0]  # waiting is not counted
    app.cli("config:set", "ROUNDS=100000")
    app.wait_for(r"State changed from starting to up$", count=4)
    more = sorted(number(each["cpu"]) for each in many(app, 6, 2)[0])
    assert 2 < more[0] / costs[0] < 12  # five times the work


def test_io_bound_serves_four_times_as_much_with_four_dynos(folder: Folder) -> None:
    app = start(folder, "io_bound", 1, WAIT_MS="100")
    _, alone = many(app, 8, 4)
    app.cli("ps:scale", "web=4")
    app.wait_for(r"heroku\[web\.\d\]: State changed from starting to up$", count=4)
    answers, together = many(app, 8, 4)
    assert {each["dyno"] for each in answers} == {"web.1", "web.2", "web.3", "web.4"}
    assert alone > 0.75 and together < alone / 2


def test_the_database_is_a_ceiling(folder: Folder) -> None:
    app = start(folder, "shared_database", 4, SLOTS="1", QUERY_MS="60", OWN_MS="1")
    answers, together = many(app, 12, 4)
    assert together > 0.65  # 12 queries of 60 ms, one by one, whatever the dynos
    assert max(number(each["query"]) for each in answers) > 100  # they wait for each other
    app.cli("config:set", "SLOTS=4")
    app.wait_for(r"app\[database\.1\]: event=ready slots=4", count=1)
    app.wait_for(r"heroku\[web\.\d\]: State changed from starting to up$", count=8)
    _, wider = many(app, 12, 4)
    assert wider < together / 1.5


def test_without_a_database_there_is_an_error_and_it_comes_back(folder: Folder) -> None:
    app = start(folder, "shared_database", 1, QUERY_MS="1", OWN_MS="1")
    assert get(app)["row"] == "1"
    app.cli("ps:scale", "database=0")
    app.wait_for(r"heroku\[database\.1\]: Process exited with status 0$")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(app)
    app.cli("ps:scale", "database=1")
    app.wait_for(r"app\[database\.1\]: event=ready", count=2)
    assert get(app)["row"] == "1"


def test_the_lock_keeps_the_count_right_and_costs_more_with_each_dyno(folder: Folder) -> None:
    app = start(folder, "global_lock", 4, OWN_MS="1", LOCK_MS="5", PEER_MS="20")
    answers, four = many(app, 12, 4)
    assert sorted(int(each["value"]) for each in answers) == list(range(1, 13))  # none twice
    assert {each["told"] for each in answers} == {"3"}
    assert four > 0.7  # 12 times 5 + 3 * 20 ms, one by one
    app.cli("ps:scale", "web=1")
    wait_until(lambda: get(app)["told"] == "0", "the others have left")
    _, alone = many(app, 12, 4)
    assert alone < four / 1.5  # one dyno is faster than four
