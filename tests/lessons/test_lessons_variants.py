"""Lessons 10 to 16 judge what is seen: a cheat fails, a right answer of another shape passes.

They take seconds, and run with LOCALKU_TEST_LESSONS=all only.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Folder
from lesson_kit import ALL
from other_kit import asked_for

from localku.lessons import course, verdict
from localku.lessons.verdict import Verdict


@dataclass(frozen=True)
class Variant:
    """edits: file to (old, new) pairs, on top of start/ or the solution; old "" is a new file.
    says: what the check says, "" when it passes."""

    lesson: str
    solved: bool
    edits: Mapping[str, list[tuple[str, str]]]
    says: str = ""


THREADS = [("HTTPServer", "ThreadingHTTPServer")]
LATER = "Thread(target=lambda: invoices.make(store.connect(), invoice)).start()"
IN_WEB = [("import os\n", "import os\nfrom threading import Thread\n"), ("201", "202")]
PAID_FIRST = [
    ("    payments.finish(db, payment", "    0 and (db, payment"),
    ("    bank.charge(", "    payments.finish(db, payment['id'])\n    bank.charge("),
]
FORKS = [
    ("server = ", "class Forking(ForkingMixIn, HTTPServer):\n    pass\n\n\nserver = "),
    ("server = HTTPServer", "server = Forking"),
    ("import catalogue", "from socketserver import ForkingMixIn\n\nimport catalogue"),
]
BY_HAND = [
    ("found = {}\n", "found = {}\nlock = threading.Lock()\n"),
    ("import os\n", "import os\nimport threading\n"),
    (
        "        found[word] = catalogue.search(word)\n    return found[word]",
        "        answer = catalogue.search(word)\n        with lock:\n"
        "            found[word] = answer\n"
        "            if len(found) > 12:\n                del found[next(iter(found))]\n"
        "        return answer\n    return found[word]",
    ),
]
SLOTS = [
    ("idle = []", 'idle = []\nslots = threading.Semaphore(int(os.environ.get("DB_POOL", 2)))'),
    ("import threading", "import os\nimport threading"),
    (
        "def connection():",
        "def connection():\n    with slots, one() as found:\n        yield found\n\n",
    ),
    ('    """A connection, for as', '\n@contextmanager\ndef one():\n    """A connection, for as'),
    ("SIZE = 5", "SIZE = 2"),
]

VARIANTS = {
    "slow: threads alone": Variant("slow", False, {"web.py": THREADS}, "/price/gold ends with H12"),
    "slow: patience alone": Variant(
        "slow", True, {"web.py": [("ThreadingHTTPServer", "HTTPServer"), ("0.5", "0.1")]}
    ),
    "worker: a thread of the web dyno": Variant(
        "worker", False, {"web.py": [("invoices.make(db, invoice)", LATER), *IN_WEB]}, "worker"
    ),
    "twice: paid before it is": Variant(
        "twice", False, {"worker.py": PAID_FIRST}, "a payment was not made"
    ),
    "release: each boot, one at a time": Variant(
        "release",
        True,
        {"web.py": [("server = ", "import migrate\n\nmigrate.migrate()\nserver = ")]},
        "web dynos booted, web",
    ),
    "release: never fails": Variant(
        "release", True, {"Procfile": [("migrate.py", "migrate.py || true")]}, "exit status is 0"
    ),
    "random: processes instead of threads": Variant("random", False, {"web.py": FORKS}),
    "random: another router": Variant(
        "random", False, {"localku.yml": [("random ", "least-connections ")]}, "quick searches"
    ),
    "leak: no cache": Variant(
        "leak", False, {"web.py": [("if word not in found", "if True")]}, "the same word again"
    ),
    "leak: a bigger quota": Variant(
        "leak", False, {"localku.yml": [("64MB", "4GB")]}, "Error R1[45]"
    ),
    "leak: a bound by hand": Variant("leak", False, {"web.py": BY_HAND}),
    "pool: smaller, and without a wait": Variant(
        "pool", False, {"pool.py": [("SIZE = 5", "SIZE = 2")]}, "too many connections"
    ),
    "pool: a size that is no config": Variant(
        "pool", True, {"pool.py": [('int(os.environ.get("DB_POOL", "2"))', "2")]}, "with DB_POOL=1"
    ),
    "pool: a semaphore": Variant("pool", False, {"pool.py": SLOTS}),
}


def judged(variant: Variant, tmp_path: Path) -> Verdict:
    lesson = course.find(ALL, variant.lesson)
    root = tmp_path / lesson.folder
    course.lay_out(lesson, str(root), str(tmp_path / "data"), solved=variant.solved)
    for name, edits in variant.edits.items():
        text = (root / name).read_text()
        for old, new in edits:
            assert old in text, (name, old)
            text = text.replace(old, new)
        (root / name).write_text(text)
    running = Folder(root).start()
    try:
        assert running.port
        client = verdict.app_in(str(root))
        assert client is not None, running.text
        return asyncio.run(verdict.judge(lesson, client, str(root), lambda text: None))
    finally:
        running.destroy()
        print(running.text)


@asked_for
@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_judged_by_what_it_does(name: str, tmp_path: Path) -> None:
    variant = VARIANTS[name]
    found = judged(variant, tmp_path)
    assert found.passed == (not variant.says), found
    assert re.search(variant.says, found.wrong), found
