"""Settings: one table for flags, variables, files, help and README; who wins, and who said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from localku.cli.helptext import check_help, start_help
from localku.errors import UserError
from localku.manifest import appfile, envfile, setting
from localku.manifest.problems import Problems
from localku.manifest.settings import Settings, parse_argv, readme_block, resolve
from localku.manifest.settings_table import BY_NAME, GROUPS, TABLE


def settings(line: str = "", environ: dict[str, str] | None = None, yml: str = "") -> Settings:
    given, _ = parse_argv(line.split())
    return resolve(given, environ or {}, [appfile.parse_yaml(yml)] if yml else [])


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0), ("30s", 30.0), ("500ms", 0.5), ("1.5m", 90.0), ("1h", 3600.0), ("0", 0.0),
        (".5", 0.5), ("10 min", 600.0), ("2D", 172800.0),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert setting.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5x", "-1", "1e3", "inf", "nan", "1_0", "1.2.3", "٣"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(UserError) as caught:
        setting.duration(text)
    assert str(caught.value) == "is not a duration (write 30, 30s, 500ms, 1.5m or 1h)"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512MB", 512 << 20), ("512m", 512 << 20), ("1GB", 1 << 30), ("1.5 GiB", 3 << 29),
        ("64kB", 64 << 10), ("1024", 1024), ("1B", 1), ("1T", 1 << 40),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert setting.size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "0", "-1MB", "5 apples", "5i", "1bb"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(UserError) as caught:
        setting.size(text)
    assert str(caught.value) == "is not an amount of memory (write 512MB or 1GB)"


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-p 80", {"port": 80}),
        ("-p80", {"port": 80}),
        ("-p=80", {"port": 80}),
        ("--port 80", {"port": 80}),
        ("--port=80", {"port": 80}),
        ("-p 1 -p 2", {"port": 2}),
        ("-f a -f b", {"procfile": ["a", "b"]}),
        ("-e a,b -e c", {"env": ["a", "b", "c"]}),
        ("-m web=2,all=1 --formation z=0", {"formation": ["web=2,all=1", "z=0"]}),
        ("-c web=2 --concurrency z=1", {"formation": ["web=2", "z=1"]}),
        ("--directory x", {"root": "x"}),
        ("--app-root x -d y", {"root": "y"}),
        ("--watch", {"watch": True}),
        ("--no-watch", {"watch": False}),
        ("--watch=no --pty=on", {"watch": False, "pty": True}),
        ("--no-pty", {"pty": False}),
        ("--no-color", {"color": "never"}),
        ("--no-colour", {"color": "never"}),
        ("--color always", {"color": "always"}),
        ("-t 1m --time-scale 0.1", {"grace": 60.0, "time_scale": 0.1}),
        ("--memory 512MB", {"memory": 512 << 20}),
        ("--grace 9,web=5s", {"grace": 9.0, "types": {"web": {"grace": 5.0}}}),
        ("--watch-pattern web=*.py", {"types": {"web": {"watch_pattern": ["*.py"]}}}),
        ("--health web=/up", {"types": {"web": {"health": "/up"}}}),
        ("--domain WWW.Shop.test.,*.shop.test", {"domain": ["www.shop.test", "*.shop.test"]}),
        ("--backlog 5 --dyno-keepalive 0", {"backlog": 5, "dyno_keepalive": 0.0}),
        ("-h --help", {"help": True}),
    ],
)
def test_flags(line: str, expected: dict[str, object]) -> None:
    assert parse_argv(line.split()) == (expected, [])


def test_what_is_not_a_flag() -> None:
    assert parse_argv(["web", "-p", "1", "-", "--", "-p", "--x"])[1] == ["web", "-", "-p", "--x"]


DOMAIN = "(write www.example.test or *.example.test)"
PORT = "(write a number from 1 to 65535, or 0 for any free port)"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--grce 5", "--grce: no such flag (did you mean --grace?)"),
        ("--no-colr", "--no-colr: no such flag (did you mean --no-color?)"),
        ("--xyzzy", "--xyzzy: no such flag (see localku start --help)"),
        ("-x", "-x: no such flag (see localku start --help)"),
        ("--no-port", "--no-port: no such flag (write --port PORT)"),
        ("--no-watch=1", "--no-watch: this flag takes no value"),
        ("--port", "--port: this flag needs a value (write --port PORT)"),
        ("-p --watch", "-p: this flag needs a value (write -p PORT)"),
        ("--app=", "--app: the value is empty (give NAME)"),
        ("-p x", f"-p: 'x' is not a port {PORT}"),
        ("-p -5", f"-p: '-5' is not a port {PORT}"),
        ("-p 65536", f"-p: '65536' is not a port {PORT}"),
        ("--routers 0", "--routers: '0' is not a whole number from 1 to 64"),
        ("--routers 65", "--routers: '65' is not a whole number from 1 to 64"),
        ("--routers 1.5", "--routers: '1.5' is not a whole number from 1 to 64"),
        ("--grace 5x", "--grace: '5x' is not a duration (write 30, 30s, 500ms, 1.5m or 1h)"),
        ("--grace web=x", "--grace: 'x' is not a duration (write 30, 30s, 500ms, 1.5m or 1h)"),
        ("--format xml", "--format: 'xml' is not one of heroku, short, json"),
        ("--watch=maybe", "--watch: 'maybe' is neither yes nor no (write true or false)"),
        ("--time-scale 0", "--time-scale: '0' is not a number above 0 (write 0.1 or 1)"),
        ("--backlog 0", "--backlog: '0' is not a whole number from 1 to 9999"),
        ("--domain a..b", f"--domain: 'a..b' is not a domain {DOMAIN}"),
        ("--health up", "--health: 'up' is not a path of a URL (write /healthz)"),
        ("-e a,,b", "-e: 'a,,b' has an empty part (write one name, or several with commas)"),
    ],
)  # fmt: skip
def test_wrong_flags(line: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_argv(line.split())
    assert str(caught.value) == message
    assert caught.value.status == 2


# --- who wins -------------------------------------------------------------------------------------


def test_every_setting_has_a_typed_attribute() -> None:
    assert set(Settings.__annotations__) == set(BY_NAME)
    defaults = settings()
    for item in TABLE:
        if item.name != "formation":
            assert getattr(defaults, item.name) == item.default, item.name
            assert defaults.origin(item.name) == "default"


def test_every_setting_is_reached_by_flag_variable_and_file() -> None:
    """The value of each source arrives under the same name and type."""
    texts = {"port": "81", "bool": "yes", "duration": "7s", "bytes": "1MB", "number": "2"}
    texts |= {"path": "/x", "text": "x", "list": "x", "count": "7", "domains": "x.test"}
    for item in TABLE:
        text = item.choices[-1] if item.choices else texts[item.kind]
        text = "web=7" if item.name == "formation" else text
        key = item.yaml_key or ("watch" if item.name == "watch_pattern" else "")
        by_flag = resolve(parse_argv([f"{item.flag}={text}"])[0], {})
        by_variable = resolve({}, {item.variable: text})
        assert getattr(by_flag, item.name) == getattr(by_variable, item.name), item.name
        assert getattr(by_flag, item.name) not in (item.default, None), item.name
        assert by_flag.origin(item.name) == item.flag
        assert by_variable.origin(item.name) == item.variable
        if key:
            by_file = settings(yml=f"# c\n{key}: {text}\n")
            assert getattr(by_file, item.name) == getattr(by_flag, item.name), item.name
            assert by_file.origin(item.name) == "localku.yml:2"


def test_flag_then_variable_then_file() -> None:
    environ = {"LOCALKU_GRACE": "2"}
    assert settings("--grace 1", environ, "grace: 3").grace == 1
    assert settings("", environ, "grace: 3").grace == 2
    assert settings("", {"LOCALKU_GRACE": ""}, "grace: 3").grace == 3


@pytest.mark.parametrize(
    ("line", "environ", "dotenv", "yml", "expected"),
    [
        ("-p 1", {"LOCALKU_PORT": "2", "PORT": "4"}, "PORT=3", "port: 5", (1, "--port")),
        ("", {"LOCALKU_PORT": "2", "PORT": "4"}, "PORT=3", "port: 5", (2, "LOCALKU_PORT")),
        ("", {"PORT": "4"}, "PORT=3", "port: 5", (3, ".env:1")),
        ("", {"PORT": "4"}, "PORT=", "port: 5", (4, "PORT")),
        ("", {}, "A=1", "port: 5", (5, "localku.yml:1")),
        ("", {"PORT": ""}, "A=1", "name: x", (5006, "default")),
        ("-p 1", {"PORT": "x"}, "PORT=y", "", (1, "--port")),
    ],
)
def test_port(
    line: str, environ: dict[str, str], dotenv: str, yml: str, expected: tuple[int, str]
) -> None:
    given, _ = parse_argv(line.split())
    found = resolve(given, environ, [appfile.parse_yaml(yml)], envfile.parse(dotenv))
    assert (found.port, found.origin("port")) == expected


def test_a_bad_port_is_not_shown() -> None:
    with pytest.raises(UserError) as caught:
        resolve({}, {}, dotenv=envfile.parse("A=1\nPORT=tcp://s3cret"))
    assert str(caught.value) == f".env:2: the value of PORT is not a port {PORT}"
    with pytest.raises(UserError) as caught:
        resolve({}, {"PORT": "tcp://10.0.0.1:80"})
    assert str(caught.value) == f"PORT: the value of PORT is not a port {PORT}"


def test_no_color() -> None:
    assert settings("", {"NO_COLOR": "1"}, "color: always").color == "never"
    assert settings("", {"NO_COLOR": "1"}).origin("color") == "NO_COLOR"
    assert settings("", {"NO_COLOR": ""}).color == "auto"
    assert settings("--color always", {"NO_COLOR": "1"}).color == "always"
    assert settings("", {"NO_COLOR": "1", "LOCALKU_COLOR": "auto"}).color == "auto"


def test_bad_variables_are_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        settings("", {"LOCALKU_GRACE": "x", "LOCALKU_PTY": "maybe"})
    assert str(caught.value).splitlines() == [
        "LOCALKU_PTY: 'maybe' is neither yes nor no (write true or false)",
        "LOCALKU_GRACE: 'x' is not a duration (write 30, 30s, 500ms, 1.5m or 1h)",
    ]


def test_heroku_times() -> None:
    found = settings("--heroku-times --backoff-max 1h")
    times = (found.backoff_first, found.backoff_max, found.backoff_reset, found.shutdown_grace)
    assert times == (600, 3600, 600, 30)
    assert found.origin("backoff_first") == "--heroku-times"
    assert found.origin("backoff_max") == "--backoff-max"
    assert settings("--heroku-times --grace 10").shutdown_grace == 10


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", 4.0),
        ("--grace 2", 2.0),
        ("--grace 2 --shutdown-grace 9", 9.0),
        ("--time-scale 0.5", 2.0),
        ("--time-scale 0.5 --grace 2", 1.0),
    ],
)
def test_shutdown_grace_is_never_longer_than_grace(line: str, expected: float) -> None:
    assert settings(line).shutdown_grace == expected


def test_time_scale_multiplies_every_time() -> None:
    found = settings("--time-scale 0.5 --boot-timeout 10 --grace web=4")
    for item in TABLE:
        if item.kind == "duration" and item.name != "boot_timeout":
            assert isinstance(item.default, float)
            assert getattr(found, item.name) == item.default / 2, item.name
    assert found.boot_timeout == 5
    assert found.of_type("web").grace == 2
    assert found.of_type("web").boot_timeout == 5


def test_settings_of_one_type() -> None:
    yml = "grace: 9\nmemory: 1GB\ntypes:\n  web: {grace: 8, watch: ['*.py'], health: /up}\n"
    found = settings("", {}, yml)
    web, worker = found.of_type("web"), found.of_type("worker")
    assert (web.grace, web.watch, web.health, web.memory) == (8, ["*.py"], "/up", 1 << 30)
    assert (worker.grace, worker.watch, worker.health, worker.memory) == (9, None, "", 1 << 30)
    assert web != worker
    assert worker == found.of_type("other")
    assert settings("--grace 7", {}, yml).of_type("web").grace == 7
    assert settings("", {"LOCALKU_GRACE": "6,web=5"}, yml).of_type("web").grace == 5
    assert settings("--grace worker=7", {}, yml).of_type("web").grace == 8
    assert found.own_types() == {"web": "localku.yml:4"}
    assert settings("--grace z=7").own_types() == {"z": "--grace"}


@pytest.mark.parametrize(
    ("line", "yml", "expected"),
    [
        ("", "watch: true", (True, "localku.yml:1", None)),
        ("", "watch: ['*.py', static/]", (True, "localku.yml:1", ["*.py", "static/"])),
        ("", "watch: '*.py'", (True, "localku.yml:1", ["*.py"])),
        ("", "a:\nwatch: {web: ['*.py']}".removeprefix("a:\n"), (True, "localku.yml:1", ["*.py"])),
        ("", "types: {web: {watch: '*.py'}}", (True, "localku.yml:1", ["*.py"])),
        ("--no-watch", "watch: ['*.py']", (False, "--watch", ["*.py"])),
        ("--watch-pattern *.js", "watch: ['*.py']", (True, "--watch-pattern", ["*.js"])),
        ("--watch", "name: x", (True, "--watch", None)),
    ],
)
def test_watch(line: str, yml: str, expected: tuple[bool, str, list[str] | None]) -> None:
    found = settings(line, {}, yml)
    assert (found.watch, found.origin("watch"), found.of_type("web").watch) == expected


def test_formations_add_up() -> None:
    yml = "formation: {web: 5, worker: 6}"
    assert settings("-m web=2", {}, yml).formation == {"web": 2, "worker": 6}
    assert settings("-m all=1", {}, yml).formation == {"all": 1}
    found = settings("-m z=1", {"LOCALKU_FORMATION": "web=2"}, yml)
    assert found.formation == {"web": 2, "worker": 6, "z": 1}
    assert found.formation_places == {
        "web": "LOCALKU_FORMATION",
        "worker": "localku.yml:1",
        "z": "--formation",
    }


def test_first_port() -> None:
    assert settings().first_port(5006) == 5106
    assert settings("--port-base 7000").first_port(5006) == 7000


# --- help and README ------------------------------------------------------------------------------


def test_help_has_every_flag_and_fits_a_terminal() -> None:
    text = start_help()
    for item in TABLE:
        assert item.flag in text
        assert item.group in GROUPS
    assert [line for line in text.splitlines() if len(line) > 80 or line != line.rstrip()] == []
    assert ".env wins over the environment" in text
    assert "localku start --help" in check_help()


def test_readme_has_the_table() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    assert readme_block() in readme.read_text(encoding="utf-8"), (
        "put the output of `python -m localku.manifest.settings` into README.md"
    )
