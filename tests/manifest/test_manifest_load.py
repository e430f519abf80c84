"""A whole folder: Procfile, .env, localku.yml and app.json together, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localku.errors import UserError
from localku.manifest import manifest as manifests
from localku.manifest.manifest import Manifest
from localku.manifest.settings import parse_argv

PROCFILE = "web: python app.py\nworker: sleep 1\nrelease: true\nz: sleep 2\n"


def folder(tmp_path: Path, **files: str) -> Path:
    """A folder with a Procfile; files are named with _ for the dots (`_env`, `localku_yml`)."""
    (tmp_path / "Procfile").write_text(PROCFILE)
    for name, text in files.items():
        (tmp_path / name.replace("_", ".")).write_text(text)
    return tmp_path


def load(
    root: Path, line: str = "", environ: dict[str, str] | None = None, old: Manifest | None = None
) -> Manifest:
    given, positional = parse_argv([*line.split(), "-d", str(root)])
    return manifests.load(given, environ or {}, positional, old)


def problems(root: Path, line: str = "", environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(UserError) as caught:
        load(root, line, environ)
    return str(caught.value).replace(f"{root}/", "").replace(str(root), "ROOT").splitlines()


def test_a_plain_folder(tmp_path: Path) -> None:
    root = folder(tmp_path, _env="PORT=7000\nA=1\n")
    found = load(root, "-m web=2")
    assert found.types == ["web", "worker", "release", "z"]
    assert found.quantities == {"web": 2, "worker": 1, "release": 0, "z": 1}
    assert found.env == {"A": "1"}
    assert found.env_places == {"A": f"{root}/.env:2"}
    assert found.settings.port == 7000
    assert found.settings.origin("port") == f"{root}/.env:1"
    assert found.root == str(root)
    assert found.files == [f"{root}/.env", f"{root}/Procfile"]
    missing = ["localku.yml", "localku.yaml", "app.json"]
    assert found.candidates == [f"{root}/{name}" for name in missing]
    assert found.entries["z"].where == f"{root}/Procfile:4"
    assert found.warnings == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "-m web=2", ["web.1 5106", "web.2 5107", "worker.1 5206", "z.1 5306"], id="all"
        ),
        pytest.param("worker", ["worker.1 5206"], id="a-type-alone-keeps-its-port"),
        pytest.param("-p 6000 z worker", ["worker.1 6200", "z.1 6300"], id="port"),
        pytest.param("web=2", ["web.1 5106", "web.2 5107"], id="heroku-local-argument"),
        pytest.param("--port-base 9000 web", ["web.1 9000"], id="port-base"),
        pytest.param("release", ["release.1 5406"], id="release-named"),
    ],
)
def test_ports(tmp_path: Path, line: str, expected: list[str]) -> None:
    found = load(folder(tmp_path), line)
    dynos = [
        f"{name}.{number} {found.port(name, number, found.settings.port)}"
        for name, quantity in found.quantities.items()
        for number in range(1, quantity + 1)
    ]
    assert dynos == expected


def test_config_vars_and_their_precedence(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        _env="A=dotenv\nLOCALKU_GRACE=3\n",
        localku_yml="env: {A: yml, B: yml, C: yml, S: {generator: secret}}\n",
        app_json='{"env": {"B": "json", "D": "json", "E": "json", "F": {"description": "d"},'
        ' "PORT": "1", "G": {"required": false}}}',
    )
    found = load(root, "", {"B": "shell", "E": "shell"})
    secret = found.env.pop("S")
    assert found.env == {"A": "dotenv", "LOCALKU_GRACE": "3", "B": "yml", "C": "yml", "D": "json"}
    assert len(secret) == 64
    assert load(root, "", {}, found).env["S"] == secret, "a live change keeps what was generated"
    assert load(root).env["S"] != secret
    assert found.warnings == [
        (
            f"{root}/.env:2",
            "LOCALKU_GRACE has no effect here: set it in the environment, or in localku.yml",
        ),
        (f"{root}/app.json", "F has no value; Heroku would ask for it"),
    ]


def test_a_required_config_var(tmp_path: Path) -> None:
    root = folder(tmp_path, localku_yml="env:\n  KEY: {required: true}\n")
    assert problems(root) == ["localku.yml:2: KEY has no value (write KEY=... into .env)"]
    assert load(root, "", {"KEY": "x"}).env == {}
    (root / ".env").write_text("KEY=y\n")
    assert load(root).env == {"KEY": "y"}


def test_formation_and_name_from_files(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        localku_yml="formation: {web: 3}\n",
        app_json='{"name": "The Shop", "formation": {"worker": {"quantity": 2}, "old": {}}}',
    )
    found = load(root)
    assert found.quantities == {"web": 3, "worker": 2, "release": 0, "z": 1}
    assert found.app == "the-shop"
    assert found.warnings == [(f"{root}/app.json", "formation: the Procfile has no old")]
    assert load(root, "-a other -m all=0").quantities["web"] == 0
    assert load(root, "-a other").app == "other"


def test_the_folder_names_the_app(tmp_path: Path) -> None:
    (tmp_path / "My App").mkdir()
    assert load(folder(tmp_path / "My App")).app == "my-app"


def test_settings_of_types(tmp_path: Path) -> None:
    root = folder(tmp_path, localku_yml="types: {web: {memory: 1GB, grace: 4}}\n")
    found = load(root, "--time-scale 0.5")
    assert (found.type("web").memory, found.type("web").grace) == (1 << 30, 2.0)
    assert (found.type("z").memory, found.type("z").grace) == (None, 15.0)


def test_several_files(tmp_path: Path) -> None:
    root = folder(tmp_path, Procfile_dev="css: sleep 1\n", _env="A=1\nB=1\n", _env_test="B=2\n")
    found = load(root, "-f Procfile -f Procfile.dev -e .env,.env.test")
    assert found.types == ["web", "worker", "release", "z", "css"]
    assert found.env == {"A": "1", "B": "2"}
    assert load(root, "-f Procfile.dev").types == ["css"]


def test_localku_yaml_is_a_name_too(tmp_path: Path) -> None:
    (folder(tmp_path) / "localku.yaml").write_text("name: shop\n")
    assert load(tmp_path).app == "shop"


def test_a_folder_called_dotenv_is_no_error(tmp_path: Path) -> None:
    (folder(tmp_path) / ".env").mkdir()
    place = f"{tmp_path}/.env"
    assert load(tmp_path).warnings == [(place, "is a folder, so there are no config vars in it")]
    assert problems(tmp_path, "-e .env") == [".env: is a folder, not a file"]


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        Procfile="web:\n",
        _env="A-B=1\n",
        localku_yml="grase: 1\n",
        app_json="{",
    )
    assert problems(root, "-p x".replace("-p x", "--app Big")) == [
        "localku.yml:1: unknown key grase (did you mean grace?)",
        "app.json:1:2: not valid JSON: Expecting property name enclosed in double quotes",
        ".env:1: A-B cannot name a config var (use letters, digits and _, with no digit first)",
        'Procfile:1: process type web has no command (write "web: <command>")',
        "--app: 'Big' cannot name an app (small letters, digits and dashes, at most 30: big)",
    ]


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        pytest.param("-e nope", {}, ["nope: no such file (see -e/--env)"], id="env-asked-for"),
        pytest.param("", {"LOCALKU_ENV": "nope"}, ["nope: no such file (see -e/--env)"], id="env"),
        pytest.param("--config nope", {}, ["nope: no such file (see --config)"], id="config"),
        pytest.param(
            "-f nope",
            {},
            ["there is no nope in ROOT (there is Procfile: ask for it with -f Procfile)"],
            id="procfile",
        ),
        pytest.param(
            "-m wbe=1",
            {},
            [
                "--formation: no process type wbe in the Procfile"
                " (did you mean web? the Procfile has: web, worker, release, z)"
            ],
            id="formation",
        ),
        pytest.param(
            "--grace wbe=1",
            {},
            [
                "--grace: no process type wbe in the Procfile"
                " (did you mean web? the Procfile has: web, worker, release, z)"
            ],
            id="type-setting",
        ),
        pytest.param(
            "-m web=x",
            {},
            ["--formation: web=x: 'x' is not a number (write a whole number, such as web=1)"],
            id="bad-formation",
        ),
        pytest.param(
            "-p 65500",
            {},
            ["web.1 would get port 65600 (see --port and --port-base)"],
            id="ports-too-high",
        ),
        pytest.param(
            "--port-base 5006",
            {},
            ["web.1 would get the router's port (see --port and --port-base)"],
            id="port-of-the-router",
        ),
    ],
)
def test_problems(tmp_path: Path, line: str, environ: dict[str, str], expected: list[str]) -> None:
    assert problems(folder(tmp_path), line, environ) == expected


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path / "nope")
    assert str(caught.value) == f"--root: there is no such folder: {tmp_path}/nope"
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as caught:
        load(tmp_path / "file")
    assert str(caught.value) == f"--root: is a file, not a folder: {tmp_path}/file"


def test_places_are_relative_to_the_folder_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app").mkdir()
    folder(tmp_path / "app", Procfile="web\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^app/Procfile:1: no colon"):
        manifests.load({"root": "./app/"}, {})
    monkeypatch.chdir(tmp_path / "app")
    with pytest.raises(UserError, match=r"^Procfile:1: no colon"):
        manifests.load({}, {})


def test_a_plain_folder_imports_nothing_slow(tmp_path: Path) -> None:
    """START PATH: what these cost is more than a dyno takes to start."""
    root = folder(tmp_path, _env='PORT=7000\nA="two words" # c\nexport B=x\n')
    slow = ["yaml", "json", "dotenv", "typing", "dataclasses", "argparse", "pathlib", "asyncio"]
    code = (
        "import sys; before = set(sys.modules)\n"
        "from localku.manifest import manifest, settings\n"
        "given, only = settings.parse_argv(['-m', 'web=2', '-d', sys.argv[1]])\n"
        "assert manifest.load(given, {}, only).env == {'A': 'two words', 'B': 'x'}\n"
        f"print([name for name in {slow} if name in set(sys.modules) - before])"
    )
    # without site: an editable install or a coverage hook brings modules of its own
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    run = subprocess.run(
        [sys.executable, "-S", "-c", code, str(root)], env=environ, capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]", run.stderr
