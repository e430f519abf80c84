"""How config vars are quoted and read back: tables, any text, real shells, and our own .env."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from conftest import PATIENCE
from hypothesis import given
from hypothesis import strategies as st

from localku.cli import quoting
from localku.manifest import envfile

PEM = "-----BEGIN RSA KEY-----\nMIIB+/=\nab\n-----END RSA KEY-----\n"
NASTY = {
    "plain": "abc",
    "empty": "",
    "path": "/usr/lib/a-b.c+d%20",
    "space": "two words",
    "blanks": " a b ",
    "quote": "it's",
    "quotes": 'say "it\'s"',
    "json": '{"a": [1, "x y"]}',
    "dollar": "a$b ${HOME} $(date)",
    "dollar and quote": "it's $5 ${HOME}",
    "backtick": "`date`",
    "backtick and quote": "it's `date`",
    "backslash": "a\\b",
    "backslashes": "a\\\\b c",
    "a backslash at the end": "a b\\",
    "backslash n": "foo\\nb:ar\\bz",
    "backslash n and a quote": "it's foo\\nbar",
    "newline": "one\ntwo",
    "crlf": "one\r\ntwo",
    "equals": "a=b=c",
    "hash": "a#b # c",
    "bang": "hi! there!",
    "bang and quote": "it's me!",
    "tilde": "~/x",
    "glob": "*/5 * * * *",
    "dsn": "host=x user=y password='z w'",
    "unicode": "naïve ☃ 日本",
    "url": "postgres://u:p%40w@127.0.0.1:5432/db?a=1&b=2#f",
    "pem": PEM,
}
# heroku/cli, test/unit/lib/config/quote.unit.test.ts
HEROKU = {
    "abc": "abc",
    "ab$c": "'ab$c'",
    "a'bc": '"a\'bc"',
    "a\nb\nc": '"a\\nb\\nc"',
    "foo\\nb:ar\\bz": "'foo\\nb:ar\\bz'",
    "postgres://u:p@h/db": "'postgres://u:p@h/db'",
    "two words": "'two words'",
    "": "",
    "a/b.c-d+e%f": "a/b.c-d+e%f",
    'it\'s "$5" `x` \\': '"it\'s \\"\\$5\\" \\`x\\` \\\\"',
}


@pytest.mark.parametrize(("value", "quoted"), HEROKU.items())
def test_it_is_herokus_quoting(value: str, quoted: str) -> None:
    assert quoting.quote(value) == quoting.herokus(value) == quoted


OTHERWISE = {
    "a\\\\b c": '"a\\\\\\\\b c"',
    "a b\\": '"a b\\\\"',
    "~/x": "'~/x'",
    "it's!": '"it\'s!"',
    "a\rb": '"a\\rb"',
}


@pytest.mark.parametrize(("value", "quoted"), OTHERWISE.items())
def test_what_herokus_quoting_would_not_bring_back_is_spelled_otherwise(
    value: str, quoted: str
) -> None:
    assert quoting.quote(value) == quoted != quoting.herokus(value)


ANY = st.text(
    st.sampled_from("ab \t\n\r'\"\\$`!~{}#=%:") | st.characters(exclude_categories=("Cs",)),
    max_size=12,
).filter(lambda text: "\0" not in text)


@given(ANY)
def test_any_value_comes_back(value: str) -> None:
    quoted = quoting.quote(value)
    assert "\n" not in quoted
    assert quoting.unquote(quoted) == value
    assert quoting.parse_line(f"KEY={quoted}") == ("KEY", value)
    assert envfile.parse(f"KEY={quoted}\nNEXT=1\n", environ={}).values == {
        "KEY": value,
        "NEXT": "1",
    }


@given(ANY)
def test_what_herokus_cli_prints_comes_back_too(value: str) -> None:
    if "\r" not in value:
        assert quoting.unquote(quoting.herokus(value)) == value


@pytest.mark.parametrize("text", ['"hello"', "'hello'", "'", '"', "'a'b'", '"a"b"', '"a\\"'])
def test_a_value_that_only_looks_quoted_is_taken_as_it_is(text: str) -> None:
    assert quoting.unquote(text) == text


TORN = {
    "whole": ("A=1 B=2", ["A=1", "B=2"], []),
    "one": ("A='x y' B=2", ["A=x y", "B=2"], ["A"]),
    "many words": ("A='a b c d'", ["A=a b c d"], ["A"]),
    "double": ('A="it\'s \\"so\\" here"', ['A=it\'s "so" here'], ["A"]),
    "assignments within": ("DSN='host=x user=y' B=2", ["DSN=host=x user=y", "B=2"], ["DSN"]),
    "a quote alone at the end": ("A='a ' B=2", ["A=a ", "B=2"], ["A"]),
    "nobody closes it": ("A='tis B=2", ["A='tis", "B=2"], []),
    "closed in the middle": ("A='a'b c' B=2", ["A='a'b", "c'", "B=2"], []),
    "written by hand": ('A="hello world"', ["A=hello world"], ["A"]),
    "no assignment": ("'a b'", ["'a", "b'"], []),
    "nothing": ("", [""], []),
}


@pytest.mark.parametrize(("text", "whole", "torn"), TORN.values(), ids=TORN)
def test_torn_words(text: str, whole: list[str], torn: list[str]) -> None:
    assert quoting.join_torn(text.split(" ")) == (whole, torn)


def shell(name: str, script: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} here")
    done = subprocess.run([path, "-c", script], capture_output=True, text=True, timeout=PATIENCE)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", ["bash", "dash", "zsh"])
def test_a_shell_reads_what_is_printed(name: str) -> None:
    """All nasty values through `eval` at once: exactly with --export, and with -s but for a line
    end, which Heroku's quoting writes as two characters."""
    names = {f"K{number}": value for number, value in enumerate(NASTY.values())}
    python = f"{sys.executable} -c 'import os; print(ascii(dict(os.environ)))'"
    exported = "\n".join(quoting.export_line(key, value) for key, value in names.items())
    found = eval(shell(name, f"{exported}\n{python}"))
    assert {key: found[key] for key in names} == names
    lines = "\n".join(f"{key}={quoting.quote(value)}" for key, value in names.items())
    found = eval(shell(name, f"set -a\n{lines}\nset +a\n{python}"))
    in_one_line = {k: v.replace("\n", "\\n").replace("\r", "\\r") for k, v in names.items()}
    assert {key: found[key] for key in names} == in_one_line


BAD = ["A", "=x", "1A=x", "A-B=x", "A=two words", "A=x;y", "A='open", "A=a|b", "A=$(x"]


@pytest.mark.parametrize("line", BAD)
def test_a_line_of_the_editor_that_cannot_be_read(line: str) -> None:
    with pytest.raises(quoting.BadLine):
        quoting.parse_line(line)


@pytest.mark.parametrize("line", ["", "  ", "# A=1"])
def test_a_line_of_the_editor_that_says_nothing(line: str) -> None:
    assert quoting.parse_line(line) is None


def test_a_line_of_the_editor_is_a_word_of_a_shell() -> None:
    assert quoting.parse_line(" export A='x y'\"z\"\\ w ") == ("A", "x yz w")
