"""Each static probe has one app that it fails and one that it passes."""

from __future__ import annotations

import time

import pytest
from slug_kit import bad, found, repository, slug

from localku.check.finding import Verdict
from localku.check.probes import STATIC
from localku.check.slug import Slug

FLASK = "import flask\napp = flask.Flask(__name__)\n"
EXPRESS = '{"dependencies": {"express": "4"}, "engines": {"node": "22.x"}}'
NODE = "web: node server.js"
DJANGO = "web: gunicorn site.wsgi"


def web(command: str, **files: str) -> Slug:
    return slug({"Procfile": f"web: {command}", **files})


# probe, verdict of the bad app, the bad app, a word of what is said, the good app
ROWS = [
    (
        "git",
        Verdict.FAIL,
        slug(
            {"app.py": "import helper\n", "helper.py": ""},
            git=repository("app.py", "Procfile", untracked=("helper.py",)),
        ),
        "helper.py",
        slug(
            {"app.py": "import helper\n", "helper.py": "", "notes.py": ""},
            git=repository("app.py", "helper.py", "Procfile", untracked=("notes.py",)),
        ),
    ),
    (
        "git",
        Verdict.WARN,
        slug({"app.py": ""}, git=repository("app.py", "Procfile", changed=("app.py",))),
        "app.py",
        slug({"app.py": ""}, git=repository("app.py", "Procfile", "x.md", changed=("x.md",))),
    ),
    (
        "git",
        Verdict.WARN,
        slug({"app.py": ""}, git=repository("app.py", changed=("app.py",))),
        "none committed",
        slug({"app.py": ""}, git=repository("app.py", "Procfile")),
    ),
    (
        "one-app",
        Verdict.WARN,
        slug({"other/Procfile": "web: x"}),
        "other/Procfile",
        slug({"tests/Procfile": "web: x"}),
    ),
    (
        "environment-names",
        Verdict.WARN,
        slug({"app.py": "import os\nif os.environ['APP_ENV'] == 'production':\n    pass\n"}),
        "app.py:2",
        slug({"app.py": "import os\nif os.environ['APP_ENV'] == 'blue':\n    pass\n"}),
    ),
    (
        "python-imports",
        Verdict.FAIL,
        slug({"app.py": FLASK, "requirements.txt": "requests==2.0\n"}),
        "app.py:1",
        slug({"app.py": FLASK, "requirements.txt": "Flask==3.0\n"}),
    ),
    (
        "python-imports",
        Verdict.FAIL,
        web("gunicorn app:app", **{"app.py": "app = 1\n", "requirements.txt": "flask==3.0\n"}),
        "gunicorn app:app",
        web("gunicorn app:app", **{"app.py": "app = 1\n", "requirements.txt": "gunicorn==21.2\n"}),
    ),
    (
        "node-imports",
        Verdict.FAIL,
        slug(
            {
                "Procfile": NODE,
                "server.js": "const x = require('express')\n",
                "package.json": '{"devDependencies": {"express": "4"}}',
            }
        ),
        "server.js:1",
        slug(
            {
                "Procfile": NODE,
                "server.js": "const x = require('express'), fs = require('node:fs')\n",
                "package.json": EXPRESS,
            }
        ),
    ),
    (
        "lock-files",
        Verdict.FAIL,
        slug({"app.py": "", "requirements.txt": "", "poetry.lock": ""}),
        "poetry.lock",
        slug({"app.py": "", "requirements.txt": "flask==3.0\n"}),
    ),
    (
        "lock-files",
        Verdict.WARN,
        slug({"app.py": "", "requirements.txt": "flask>=3\n"}),
        "requirements.txt:1",
        slug({"app.py": "", "uv.lock": ""}),
    ),
    (
        "lock-files",
        Verdict.FAIL,
        slug({"Procfile": "web: bundle exec puma", "Gemfile": ""}),
        "Gemfile",
        slug({"Procfile": "web: bundle exec puma", "Gemfile": "", "Gemfile.lock": ""}),
    ),
    (
        "lock-files",
        Verdict.FAIL,
        slug({"Procfile": "web: npm start", "src/package.json": EXPRESS}),
        "npm start",
        slug({"Procfile": "web: npm start", "package.json": EXPRESS, "yarn.lock": ""}),
    ),
    (
        "programs",
        Verdict.WARN,
        slug({"app.py": "import subprocess\nsubprocess.run(['ffmpeg', '-i', name])\n"}),
        "app.py:2",
        slug({"app.py": "import subprocess\nsubprocess.run(['convert', name])\n"}),
    ),
    (
        "secrets",
        Verdict.FAIL,
        slug({"app.py": "DB = 'postgres://shop:k8Jd0Qm2xZ@db.acme.io/shop'\n"}),
        "app.py:1",
        slug({"app.py": "DB = 'postgres://shop:password@localhost/shop'\n"}),
    ),
    (
        "config-files",
        Verdict.WARN,
        slug({"app.py": "", "settings_prod.py": "DEBUG = False\n"}),
        "settings_prod.py",
        slug({"app.py": "", "settings.py": "DEBUG = False\n"}),
    ),
    (
        "config-vars",
        Verdict.WARN,
        slug({"app.py": "import os\nKEY = os.environ['PAYMENT_URL']\n"}),
        "app.py:2",
        slug({"app.py": "import os\nKEY = os.environ['PAYMENT_URL']\n"}, env={"PAYMENT_URL": "x"}),
    ),
    (
        "service-hosts",
        Verdict.FAIL,
        slug({"app.py": "import redis\nr = redis.Redis(host='10.0.0.7')\n"}),
        "app.py:2",
        slug(
            {
                "app.py": "import os, redis\n"
                "r = redis.from_url(os.environ.get('REDIS_URL', 'redis://localhost'))\n"
            }
        ),
    ),
    (
        "database-files",
        Verdict.FAIL,
        slug({"app.py": "import sqlite3\ndb = sqlite3.connect('shop.db')\n"}),
        "app.py:2",
        slug({"app.py": "import sqlite3\ndb = sqlite3.connect(':memory:')\n"}),
    ),
    (
        "database-url",
        Verdict.WARN,
        slug({"app.py": "print(1)\n"}, env={"DATABASE_URL": "postgres://x"}),
        "DATABASE_URL",
        slug({"app.py": "import os\nos.environ['DATABASE_URL']\n"}, env={"DATABASE_URL": "x"}),
    ),
    (
        "build-at-start",
        Verdict.FAIL,
        web("python manage.py collectstatic --noinput && gunicorn site.wsgi"),
        "collectstatic",
        web("gunicorn site.wsgi"),
    ),
    (
        "session-store",
        Verdict.FAIL,
        slug({"app.py": "app.config['SESSION_TYPE'] = 'filesystem'\n"}),
        "app.py:1",
        slug({"app.py": "app.config['SESSION_TYPE'] = 'redis'\n"}),
    ),
    (
        "session-store",
        Verdict.FAIL,
        slug(
            {
                "Procfile": NODE,
                "server.js": "const session = require('express-session')\n"
                "app.use(session({ secret: process.env.KEY }))\n",
            }
        ),
        "server.js:2",
        slug(
            {
                "Procfile": NODE,
                "server.js": "const session = require('express-session')\n"
                "app.use(session({ store: new RedisStore(), secret: process.env.KEY }))\n",
            }
        ),
    ),
    (
        "schedule-in-web",
        Verdict.WARN,
        slug({"app.py": "sched = BackgroundScheduler()\n"}),
        "app.py:1",
        slug(
            {
                "Procfile": "web: python app.py\nclock: python clock.py",
                "app.py": "",
                "clock.py": "sched = BackgroundScheduler()\n",
            }
        ),
    ),
    (
        "port",
        Verdict.FAIL,
        web("gunicorn -b 0.0.0.0:8000 app:app"),
        "8000",
        web("gunicorn -b 0.0.0.0:$PORT app:app"),
    ),
    (
        "port",
        Verdict.FAIL,
        slug({"Procfile": NODE, "server.js": "app.listen(3000)\n"}),
        "server.js:1",
        slug({"Procfile": NODE, "server.js": "app.listen(process.env.PORT || 3000)\n"}),
    ),
    (
        "address",
        Verdict.FAIL,
        web("uvicorn app:app --host 127.0.0.1 --port $PORT"),
        "127.0.0.1",
        web("uvicorn app:app --host 0.0.0.0 --port $PORT"),
    ),
    (
        "daemons",
        Verdict.FAIL,
        web("gunicorn --daemon app:app"),
        "--daemon",
        web("gunicorn app:app"),
    ),
    (
        "daemons",
        Verdict.WARN,
        web("python worker.py & gunicorn app:app"),
        "worker.py",
        slug({"Procfile": "web: gunicorn app:app\nworker: python worker.py"}),
    ),
    (
        "shell-in-front",
        Verdict.WARN,
        web("cd server && python app.py"),
        "cd server",
        web("cd server && exec python app.py"),
    ),
    (
        "sigterm-ignored",
        Verdict.FAIL,
        slug({"app.py": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"}),
        "app.py:2",
        slug({"app.py": "import signal\nsignal.signal(signal.SIGTERM, stop)\n"}),
    ),
    (
        "same-database",
        Verdict.WARN,
        slug(
            {
                "app.py": "import os\nURL = os.environ.get('DATABASE_URL', 'sqlite:///dev.db')\n",
                "requirements.txt": "psycopg2-binary==2.9\n",
            }
        ),
        "app.py:2",
        slug(
            {
                "app.py": "import os\nURL = os.environ['DATABASE_URL']\n",
                "requirements.txt": "psycopg2-binary==2.9\n",
            }
        ),
    ),
    (
        "language-version",
        Verdict.WARN,
        slug({"app.py": ""}),
        ".python-version",
        slug({"app.py": "", "runtime.txt": "python-3.11.7\n", ".python-version": "3.11\n"}),
    ),
    (
        "language-version",
        Verdict.WARN,
        slug({"Procfile": NODE, "package.json": '{"name": "x"}'}),
        "package.json",
        slug({"Procfile": NODE, "package.json": EXPRESS}),
    ),
    (
        "log-files",
        Verdict.FAIL,
        slug({"app.py": "import logging\nlogging.FileHandler('app.log')\n"}),
        "app.py:2",
        slug({"app.py": "import logging\nlogging.StreamHandler()\n"}),
    ),
    (
        "migrations",
        Verdict.WARN,
        web("python manage.py migrate && gunicorn site.wsgi"),
        "migrate",
        slug({"Procfile": f"{DJANGO}\nrelease: python manage.py migrate", "a/migrations/1.py": ""}),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_probe_fails_one_app_and_passes_another(
    row: tuple[str, Verdict, Slug, str, Slug],
) -> None:
    name, verdict, flawed, word, sound = row
    findings = bad(name, flawed)
    assert [each.verdict for each in findings] == [verdict], findings
    seen = " ".join(f"{each.where} {each.text}" for each in findings[0].evidence)
    assert word in seen
    assert findings[0].why and findings[0].fix and findings[0].evidence
    assert bad(name, sound) == []
    # what reading cannot prove is not said to be passed; the interpreter may be another one
    proofs = {"git", "one-app", "environment-names", "python-imports", "node-imports"}
    proofs |= {"lock-files", "programs", "secrets", "config-files", "migrations"}
    passed = {each.verdict for each in found(name, sound)}
    assert passed == {Verdict.PASS} or (name not in proofs and Verdict.FAIL not in passed)


def test_every_static_probe_has_a_row() -> None:
    assert {row[0] for row in ROWS} == {probe.name for probe in STATIC}


def test_findings_have_the_name_and_factor_of_their_probe() -> None:
    for name, _, flawed, _, sound in ROWS:
        probe = next(probe for probe in STATIC if probe.name == name)
        for each in (*found(name, flawed), *found(name, sound)):
            assert (each.probe, each.factor) == (probe.name, probe.factor)


def test_what_no_probe_can_read_is_not_passed() -> None:
    ruby = slug({"Procfile": "web: bundle exec puma", "app.rb": "run App", "lib/x.rb": ""})
    for name in ("session-store", "log-files", "database-files", "sigterm-ignored"):
        assert [each.verdict for each in found(name, ruby)] == [Verdict.NOT_OBSERVED]


def test_a_probe_that_fails_is_one_finding() -> None:
    broken = Slug("/app", {"app.py": None}, {}, {"web": "python app.py"}, {}, None)  # type: ignore[dict-item]
    verdicts = [each.verdict for each in found("sigterm-ignored", broken)]
    assert verdicts == [Verdict.NOT_OBSERVED]


def test_a_command_that_is_no_module_takes_no_time() -> None:
    began = time.monotonic()
    app = slug({"Procfile": "web: sh run.sh", "run.sh": "a." * 60_000, "app.py": "import os\n"})
    found("environment-names", app)
    assert time.monotonic() - began < 10
