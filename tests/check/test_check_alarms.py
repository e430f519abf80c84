"""What looks like a flaw and is none: each row was a false alarm, or would be one."""

from __future__ import annotations

import json
import sys
import time

import pytest
from slug_kit import bad, found, slug

from localku.check.finding import Verdict
from localku.check.slug import Slug

REQUIREMENTS = "flask==3.0\ngunicorn==21.2\n"


def app(text: str, **files: str) -> Slug:
    return slug({"app.py": text, "requirements.txt": REQUIREMENTS, **files})


def node(text: str, package: dict[str, object] | None = None, **files: str) -> Slug:
    declared = package or {"dependencies": {"express": "4"}}
    named = {"Procfile": "web: node server.js", "server.js": text}
    return slug({**named, "package.json": json.dumps(declared), **files})


IMPORTS = [
    "import os, json, sys, asyncio, tomllib, distutils",
    "try:\n    import simplejson\nexcept ImportError:\n    simplejson = None",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy_extensions",
    "import sys\nif sys.version_info < (3, 11):\n    import tomli",
    "import contextlib\nwith contextlib.suppress(ImportError):\n    import ujson",
    "def later():\n    import pandas",
    "HAS = False\nif HAS:\n    import numpy",
    "from werkzeug.utils import secure_filename",
    "import helper\nfrom pkg import thing\nfrom pkg.deep import other",
    "import experiments",
]


@pytest.mark.parametrize("text", IMPORTS)
def test_an_import_that_is_no_flaw(text: str) -> None:
    files = {"helper.py": "", "pkg/__init__.py": "thing = 1", "pkg/deep.py": "other = 1"}
    files["requirements.txt"] = f"{REQUIREMENTS}wagtail-experiments==0.2\n"
    assert bad("python-imports", app(text + "\n", **files)) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("yaml", "PyYAML==6.0"),
        ("PIL", "Pillow==10.0"),
        ("bs4", "beautifulsoup4==4.12"),
        ("psycopg2", "psycopg2-binary==2.9"),
        ("sklearn", "scikit-learn==1.4"),
        ("dotenv", "python-dotenv==1.0"),
        ("jwt", "PyJWT==2.8"),
        ("dateutil", "python-dateutil==2.9"),
        ("google.cloud.storage", "google-cloud-storage==2.0"),
        ("zope.interface", "zope.interface==6.0"),
        ("ruamel.yaml", "ruamel.yaml==0.18"),
        ("thing", "git+https://example.org/thing.git@main#egg=thing"),
        ("thing", "thing @ https://example.org/thing.whl"),
        ("thing", "-e git+https://example.org/x.git#egg=thing"),
        ("thing", 'thing[extra]==1.0 ; python_version > "3" --hash=sha256:abc'),
    ],
)
def test_a_distribution_of_another_name(module: str, line: str) -> None:
    assert (
        bad("python-imports", slug({"app.py": f"import {module}\n", "requirements.txt": line}))
        == []
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "-r more/base.txt"),
        ("pyproject.toml", '[project]\nname = "x"\ndependencies = ["flask>=3"]'),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "^3"'),
        ("Pipfile", '[packages]\nflask = "*"'),
        ("setup.cfg", "[options]\ninstall_requires =\n    flask>=3\n"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['flask>=3'])"),
    ],
)
def test_each_file_may_declare(path: str, text: str) -> None:
    if path.endswith(("toml", "Pipfile")) and sys.version_info < (3, 11):
        pytest.skip("tomllib came with Python 3.11")
    files = {"app.py": "import flask\n", "more/base.txt": "flask==3.0\n", path: text}
    assert bad("python-imports", slug(files)) == []
    files[path] = text.replace("flask", "bottle")
    files["more/base.txt"] = ""
    assert [each.verdict for each in bad("python-imports", slug(files))] == [Verdict.FAIL]


def test_what_only_pip_would_learn_is_not_judged() -> None:
    files = {"app.py": "import thing\n", "requirements.txt": "./local/thing.whl\n"}
    verdicts = [each.verdict for each in found("python-imports", slug(files))]
    assert verdicts == [Verdict.NOT_OBSERVED]


def test_a_group_of_packages_may_be_any() -> None:
    if sys.version_info < (3, 11):
        pytest.skip("tomllib came with Python 3.11")
    text = '[dependency-groups]\nmain = ["flask==3"]\ndev = ["pytest"]\n'
    assert bad("python-imports", slug({"app.py": "import flask\n", "pyproject.toml": text})) == []


def test_what_everybody_depends_on_is_a_warning() -> None:
    findings = bad("python-imports", app("import typing_extensions\n"))
    assert [each.verdict for each in findings] == [Verdict.WARN]


def test_development_packages_are_not_installed() -> None:
    files = {"app.py": "import pytest\n", "requirements-dev.txt": "pytest==8\n"}
    findings = bad("python-imports", slug({**files, "requirements.txt": "flask==3\n"}))
    assert [each.verdict for each in findings] == [Verdict.FAIL]
    assert "for development only" in findings[0].said


def test_an_app_below_a_folder_that_the_command_enters() -> None:
    files = {
        "Procfile": "web: cd network-api && exec gunicorn site_.wsgi",
        "network-api/__init__.py": "",
        "network-api/manage.py": "",
        "network-api/site_/__init__.py": "",
        "network-api/site_/wsgi.py": "from site_.views import x\nimport bottle\n",
        "network-api/site_/views.py": "x = 1\n",
        "requirements.txt": "gunicorn==21\n",
    }
    findings = bad("python-imports", slug(files))
    assert [each.said for each in findings] == [
        "imports bottle, which requirements.txt does not declare"
    ]


NODE = [
    "const fs = require('fs'), p = require('node:path'), s = require('fs/promises')",
    "const own = require('./lib/own')\nconst e = require('express/lib/router')",
    "try { require('bufferutil') } catch {}",
    "// const x = require('chalk')\n/* import y from 'ora' */",
    "const css = '@import \"font-awesome\";'",
    "import x from '@/components/x'\nimport y from '#internal'\nimport z from '~/z'",
    "import type { T } from 'typed'",
    "function later() {\n  return require('sharp')\n}",
    "if (process.env.SSO) app.use(require('passport-saml'))",
    "const later = () => require('sharp')",
    "if (process.env.SSO) app.use(require('./lib/optional'))",
]


@pytest.mark.parametrize("text", NODE)
def test_a_node_import_that_is_no_flaw(text: str) -> None:
    files = {"lib/own.js": "", "lib/optional.js": "require('never-declared')"}
    assert bad("node-imports", node(text, **files)) == []


def test_node_packages_that_come_along() -> None:
    lock = {"packages": {"": {}, "node_modules/express": {}, "node_modules/bson": {}}}
    text = "const b = require('bson')\n"
    along = node(text, **{"package-lock.json": json.dumps(lock)})
    assert [each.verdict for each in bad("node-imports", along)] == [Verdict.WARN]
    del lock["packages"]["node_modules/bson"]
    missing = node(text, **{"package-lock.json": json.dumps(lock)})
    assert [each.verdict for each in bad("node-imports", missing)] == [Verdict.FAIL]


NO_SECRETS = [
    "PASSWORD = 'changeme'",
    "SECRET_KEY = os.environ['SECRET_KEY']",
    "API_KEY = os.environ.get('API_KEY', '')",
    "CACHE_KEY = 'user-profile-2024-01-01-abcdef'",
    "token_url = 'https://example.com/oauth2/v1/token'",
    "PASSWORD_HASHER = 'django.contrib.auth.hashers.PBKDF2PasswordHasher'",
    "KEY = 'AKIAIOSFODNN7EXAMPLE'",
    "URL = 'postgres://user:password@localhost:5432/db'",
    "URL = 'postgres://{user}:{password}@{host}/db'",
    "URL = 'redis://:$REDIS_PASSWORD@cache.acme.io'",
    "SORT_KEY = 'created_at_desc_2'",
    "integrity_sha = 'sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC'",
]


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_is_no_secret(text: str) -> None:
    assert bad("secrets", app(f"import os\n{text}\n")) == []


SECRETS = {
    "an AWS key": "KEY = 'AKIA" + "QZ7XW5RT2YVB8NM4'",
    "a token": "T = 'ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'",
    "Stripe": "S = 'sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc'",
    "Slack": "S = 'xoxb-" + "263594206564-FGqddMF8t08v8N7Oq4i57vs1'",
    "a random literal": "API_TOKEN = 'q9Zt4LmX2vRb8KwYc7Hn'",
    "JSON": '{"apiSecret": "q9Zt4LmX2vRb8KwYc7Hn"}',
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx9Zt4LmX2vRb8KwYc7Hn\n",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_and_never_shown(kind: str) -> None:
    findings = bad("secrets", app(SECRETS[kind] + "\n"))
    assert [each.verdict for each in findings] == [Verdict.FAIL]
    said = str(findings[0].to_json())
    assert findings[0].evidence[0].where == "app.py:1"
    assert not any(piece in said for piece in ("AKIA", "ghp_", "sk_live", "xoxb", "q9Zt4L"))


@pytest.mark.parametrize(
    "path",
    ["tests/keys.py", "docs/conf.py", "examples/a.py", ".env.example", "README.md", "x.min.js"],
)
def test_where_secrets_are_not_looked_for(path: str) -> None:
    assert bad("secrets", app("", **{path: SECRETS["a token"]})) == []


def test_passwords_for_a_laptop_are_no_secrets() -> None:
    text = "services:\n  db:\n    POSTGRES_PASSWORD: 9Zt4LmX2vRb8KwYc7Hn1\n"
    for path in ("docker-compose.yml", ".ci/compose.ci.yaml"):
        assert bad("secrets", app("", **{path: text})) == []
    assert bad("secrets", app("", **{"docker-compose.yml": SECRETS["a token"]}))


def test_a_settings_file_has_no_quotes() -> None:
    line = "auth.hmac_secret = 5f3c9a7be1d2048866fa19cc0b7d4e21\n"
    findings = bad("secrets", app("", **{"site.ini": line}))
    assert [each.evidence[0].where for each in findings] == ["site.ini:1"]
    assert "5f3c" not in str(findings)


COMMANDS = [
    ("build-at-start", "npm start"),
    ("daemons", "bin/start-pgbouncer gunicorn app:app --log-file -"),
    ("daemons", "gunicorn app:app --pid /dev/null"),
    ("shell-in-front", "gunicorn app:app"),
    ("shell-in-front", "sh -c 'cd x && exec gunicorn app:app'"),
    ("port", "gunicorn app:app --workers 4 --timeout 120"),
    ("port", "uvicorn app:app --host 0.0.0.0 --port ${PORT:-8000}"),
    ("port", "python manage.py runserver 0.0.0.0:$PORT"),
    ("address", "gunicorn -b :$PORT app:app"),
    ("migrations", "gunicorn app:app"),
    ("log-files", "gunicorn app:app --log-file - --access-logfile -"),
    ("log-files", "celery -A app worker --logfile=/dev/stdout"),
]


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_a_command_that_is_no_flaw(name: str, command: str) -> None:
    assert bad(name, slug({"Procfile": f"web: {command}", "app.py": ""})) == []


FLAWED = [
    ("migrations", "sh -c 'kinto migrate --ini x && kinto start'"),
    ("shell-in-front", "sh -c 'cd x && gunicorn app:app'"),
    ("build-at-start", "git pull && exec python app.py"),
    ("daemons", "nohup python app.py"),
    ("daemons", "supervisord -c supervisord.conf"),
    ("log-files", "gunicorn app:app --access-logfile logs/access.log"),
    ("log-files", "python app.py >> app.log"),
    ("port", "python -m http.server 8000"),
    ("port", "npx serve -l 3000"),
    ("port", "uvicorn app:app --host 0.0.0.0"),
    ("port", "flask run --host 0.0.0.0"),
]


@pytest.mark.parametrize(("name", "command"), FLAWED)
def test_a_command_that_is_flawed(name: str, command: str) -> None:
    assert bad(name, slug({"Procfile": f"web: {command}", "app.py": ""}))


def test_a_port_for_the_laptop_is_no_flaw_behind_gunicorn() -> None:
    text = "app = 1\nif __name__ == '__main__':\n    app.run(port=5000)\n"
    files = {"Procfile": "web: gunicorn app:app", "app.py": text}
    assert bad("port", slug(files)) == []
    assert bad("port", slug({**files, "Procfile": "web: python app.py"}))


def test_scripts_that_a_command_names_are_read() -> None:
    script = "#!/bin/sh\npip install -r requirements.txt\ngunicorn app:app --daemon\n"
    files = {"Procfile": "web: ./start.sh", "start.sh": script}
    assert bad("build-at-start", slug(files))[0].evidence[0].where == "start.sh:2"
    assert bad("daemons", slug(files))[0].evidence[0].where == "start.sh:3"
    package = json.dumps({"scripts": {"start": "node server.js --port 3000 &"}})
    assert bad("daemons", slug({"Procfile": "web: npm start", "package.json": package}))


def test_variables_of_a_request_are_no_config_vars() -> None:
    text = "def app(environ, start):\n    return environ['HTTP_HOST']\n"
    assert found("config-vars", app(text)) == []


def test_a_default_is_no_literal_service() -> None:
    text = "import os, redis\nr = redis.from_url(os.getenv('REDIS_URL') or 'redis://localhost')\n"
    assert bad("service-hosts", app(text)) == []
    assert bad("service-hosts", app("import redis\nr = redis.from_url('redis://10.0.0.7')\n"))


LONG = 6_000


@pytest.mark.parametrize(
    "text",
    ["a" * LONG, "key=" * LONG, "import " * LONG, "try {" * LONG, "-" * LONG, "import x\n" * LONG]
    + ["a-" * LONG, "x://" + "a:" * LONG, '"key": ' + "\t" * LONG, "require(x)\n" * LONG],
    ids=lambda text: text[:8],
)
def test_no_text_makes_a_pattern_slow(text: str) -> None:
    began = time.process_time()
    for kind in (app(text), node(text, **{"config.ini": text})):
        for name in ("secrets", "service-hosts", "python-imports", "node-imports", "log-files"):
            found(name, kind)
    assert time.process_time() - began < 2  # some took minutes while one pattern was quadratic
