"""`localku help` and `localku version`: complete, narrow, and at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE

import localku
from localku.cli import usage
from localku.cli.entry import ALIASES, COMMANDS

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LOCALKU, *argv], capture_output=True, text=True, timeout=PATIENCE)


def test_the_overview_names_every_command_and_no_other() -> None:
    listed = [command for commands in usage.GROUPS.values() for command in commands]
    assert sorted(listed) == sorted(COMMANDS)
    assert all(f"\n  {command} " in usage.overview() for command in listed)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "version"])
def test_every_command_has_its_help(command: str) -> None:
    text = usage.text(command)
    assert text.startswith(f"Usage: localku {command}")
    assert text.endswith("\n")


@pytest.mark.parametrize("text", [usage.overview(), *usage.HELP.values(), usage.WHERE])
def test_help_fits_eighty_columns(text: str) -> None:
    assert [line for line in text.splitlines() if len(line) > 80] == []


WAYS = {
    "--help": (["--help"], usage.overview()),
    "-h": (["-h"], usage.overview()),
    "help": (["help"], usage.overview()),
    "nothing": ([], usage.overview()),
    "help COMMAND": (["help", "ps:scale"], usage.text("ps:scale")),
    "help with a space": (["help", "ps", "scale"], usage.text("ps:scale")),
    "help of an alias": (["help", "scale"], usage.text("ps:scale")),
    "COMMAND --help": (["ps:scale", "--help"], usage.text("ps:scale")),
    "COMMAND -h": (["ps", "restart", "-h"], usage.text("ps:restart")),
    "start --help": (["start", "--help"], usage.text("start")),
}


@pytest.mark.parametrize(("argv", "text"), WAYS.values(), ids=WAYS)
def test_the_ways_to_help(argv: list[str], text: str) -> None:
    done = run(*argv)
    assert (done.returncode, done.stdout, done.stderr) == (0, text, "")


@pytest.mark.parametrize("argv", [["version"], ["--version"], ["-V"]], ids=" ".join)
def test_the_version_is_the_packages(argv: list[str]) -> None:
    assert run(*argv).stdout == f"localku {localku.__version__}\n"
    assert f'\nversion = "{localku.__version__}"\n' in PYPROJECT.read_text()


def test_a_command_that_there_is_not() -> None:
    done = run("help", "nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("localku: nosuch is not a localku command")


def test_aliases_lead_to_commands() -> None:
    assert set(ALIASES.values()) <= set(COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    """What makes it feel instant; tests/bench/cli_bench.py measures it."""
    script = (
        "import sys; from localku.cli.entry import main; main(['help']);"
        "print({'asyncio', 'aiohttp', 'yaml', 'argparse', 'socket'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout.endswith("set()\n"), done.stdout + done.stderr
