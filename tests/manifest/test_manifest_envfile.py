"""The .env: the values that people have, the peers' table, python-dotenv as the grammar."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv.main import DotEnv
from hypothesis import assume, example, given
from hypothesis import strategies as st

from localku.errors import UserError
from localku.manifest import envfile
from localku.manifest.problems import Problems

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg+/kqhkiG9w0BAQ==\n-----END PRIVATE KEY-----\n"
URL = "postgres://user:p%40ss!w*rd@host.example:5432/db?a=b&c=d,e;f~g+h(i)[j]#frag"


def values(text: str | bytes, environ: dict[str, str] | None = None) -> dict[str, str]:
    return envfile.parse(text, environ=environ or {}).values


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # peers.md, 0.2, row by row
        pytest.param("export K=v", "v", id="export"),
        pytest.param("export\tK=v", "v", id="export-tab"),
        pytest.param("K = v", "v", id="spaces-around-equals"),
        pytest.param("K=a b c", "a b c", id="blanks"),
        pytest.param("K=v # c", "v", id="comment"),
        pytest.param("K=v#c", "v#c", id="hash-inside"),
        pytest.param("K=http://h/?a=b#frag", "http://h/?a=b#frag", id="fragment"),
        pytest.param('K={"a": 1}', '{"a": 1}', id="json"),
        pytest.param("K=C:\\new", "C:\\new", id="backslash"),
        pytest.param("K=it's", "it's", id="apostrophe"),
        pytest.param('K="a\\nb"', "a\nb", id="double-escape"),
        pytest.param("K='a\\nb'", "a\\nb", id="single-escape"),
        pytest.param('K="a\nb"', "a\nb", id="multi-line"),
        pytest.param('K="a\\"b"', 'a"b', id="escaped-quote"),
        pytest.param("K=$X", "$X", id="dollar-without-braces"),
        pytest.param("K=${X}", "ex", id="expansion"),
        pytest.param("K=${N:-d}", "d", id="default"),
        pytest.param("K=", "", id="empty"),
        pytest.param("\ufeffK=v", "v", id="bom"),
        # and what else people have
        pytest.param(f"K={URL}", URL, id="url"),
        pytest.param(f'K="{PEM}"', PEM, id="pem"),
        pytest.param(f"K='{PEM}'", PEM, id="pem-single"),
        pytest.param(f'K="{PEM}"'.replace("\n", "\r\n"), PEM, id="pem-crlf"),
        pytest.param("K=v\r\n", "v", id="crlf"),
        pytest.param("  K=v  \n", "v", id="blanks-outside"),
        pytest.param('K=""', "", id="empty-double"),
        pytest.param("K=''", "", id="empty-single"),
        pytest.param('K="a b" # c', "a b", id="quoted-comment"),
        pytest.param("K='a # b'#c", "a # b", id="hash-in-quotes"),
        pytest.param("K= # c", "", id="empty-and-comment"),
        pytest.param("K=#v", "#v", id="hash-first"),
        pytest.param("K=a=b==", "a=b==", id="equals-inside"),
        pytest.param("K=häß ✓ 日本", "häß ✓ 日本", id="unicode"),
        pytest.param('K="a\\tb\\\\"', "a\tb\\", id="tab-and-backslash"),
        pytest.param("K='it\\'s'", "it's", id="escaped-apostrophe"),
        pytest.param("K='a\\${X}'", "a\\${X}", id="single-quotes-are-as-they-are"),
        pytest.param('K="a\\$b"', "a$b", id="an-escaped-dollar"),
        pytest.param('K="a\\${HOME}"', "a${HOME}", id="an-escaped-dollar-expands-nothing"),
        pytest.param('K="a\\\\$b \\`"', "a\\$b `", id="an-escaped-backslash-and-a-backtick"),
        pytest.param("K='${X}'", "${X}", id="no-expansion-in-single-quotes"),
        pytest.param('K="<${X}>"', "<ex>", id="expansion-in-double-quotes"),
        pytest.param("K=${N}", "", id="not-set"),
        pytest.param("K=`id` $(id)", "`id` $(id)", id="no-commands"),
        pytest.param("'K'=v", "v", id="quoted-key"),
        pytest.param("K=1\nK=2", "2", id="last-wins"),
        pytest.param("k_1=x\nK=v", "v", id="two"),
    ],
)
def test_values(line: str, expected: str) -> None:
    environ = {"X": "ex"}
    assert values(line, environ)["K"] == expected
    assert values(line.encode(), environ)["K"] == expected


def test_export_cat_semantics(tmp_path: Path) -> None:
    """Plain values are what `export $(cat .env)` gives."""
    text = "A=1\nB=a,b;c\nC=http://x/?a=b&c=d#e\nD=\nE=a=b\nF=C:/x~y!z\n"
    (tmp_path / ".env").write_text(text)
    script = "env -i sh -c 'export $(cat .env); env'"
    run = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    shell = dict(line.split("=", 1) for line in run.stdout.splitlines())
    assert values(text) == {key: shell[key] for key in "ABCDEF"}


def test_expansion_takes_earlier_keys_first() -> None:
    text = "A=one\nB=${A}-${LATER}-${HOME}\nLATER=x\nC=${B}!"
    found = envfile.parse(text, environ={"A": "shell", "HOME": "/h"})
    assert found.values == {"A": "one", "B": "one--/h", "LATER": "x", "C": "one--/h!"}
    assert found.warnings == [(".env:2", "LATER is not set: it becomes empty")]


KEYS = "(use letters, digits and _, with no digit first)"
SEVERAL = "(write KEY=value; a value of several lines needs quotes)"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        pytest.param("K", [f".env:1: no = in this line {SEVERAL}"], id="key-alone"),
        pytest.param("export K", [f".env:1: no = in this line {SEVERAL}"], id="export-alone"),
        pytest.param("???", [f".env:1: no = in this line {SEVERAL}"], id="garbage"),
        pytest.param("K-A=v", [f".env:1: K-A cannot name a config var {KEYS}"], id="dash"),
        pytest.param("1K=v", [f".env:1: 1K cannot name a config var {KEYS}"], id="digit-first"),
        pytest.param("Ä=v", [f".env:1: this key cannot name a config var {KEYS}"], id="umlaut"),
        pytest.param('"K"=v', [f".env:1: this key cannot name a config var {KEYS}"], id="quotes"),
        pytest.param("=v", [".env:1: no key before the = (write KEY=value)"], id="no-key"),
        pytest.param("export =v", [".env:1: no key before the = (write KEY=value)"], id="export-="),
        pytest.param("K: v", [".env:1: not a KEY=value line (write KEY=value)"], id="yaml"),
        pytest.param("K A=v", [".env:1: not a KEY=value line (write KEY=value)"], id="two-words"),
        pytest.param(
            '\n\n# c\nK="abc\nL=2\nM=3',
            ['.env:4: the value of K has no closing " (the lines after it were not read)'],
            id="unclosed",
        ),
        pytest.param(
            "K='it's'",
            [
                ".env:1: the value of K goes on after its closing '"
                " (write \\' for a quote inside the value)"
            ],
            id="apostrophe-in-single-quotes",
        ),
        pytest.param(
            'K="abc\nL="def"\nM=1',
            [
                '.env:1: the value of K goes on after its closing "'
                ' (write \\" for a quote inside the value)'
            ],
            id="a-quote-that-swallows-the-next-line",
        ),
        pytest.param("K=a\0b", [".env:1: a NUL character in the value of K"], id="nul"),
        pytest.param(
            '{"K": "v"}',
            [".env:1: this looks like JSON (write one KEY=value on each line)"],
            id="json",
        ),
        pytest.param(
            "A=1\nB\nC=3\nD-D=4\n",
            [
                f".env:2: no = in this line {SEVERAL}",
                f".env:4: D-D cannot name a config var {KEYS}",
            ],
            id="all-at-once",
        ),
        pytest.param(
            b"A=1\nB=\xe9", [".env:2: not UTF-8 text (save the file as UTF-8)"], id="latin-1"
        ),
    ],
)
def test_bad_lines(text: str | bytes, messages: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        envfile.parse(text)
    assert str(caught.value).splitlines() == messages


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"KEY={PEM}", id="pem-without-quotes"),
        pytest.param('KEY="s3cret!', id="unclosed"),
        pytest.param("KEY='s3cret'MIIE", id="after-the-quote"),
        pytest.param("K-1=s3cret", id="bad-key"),
        pytest.param("MIIEvQIBADANBg+s3cret=", id="base64-as-key"),
        pytest.param("MIIE-s3cret==", id="base64url-as-key"),
        pytest.param("s3cret", id="word"),
        pytest.param("K=s3cret\0", id="nul"),
        pytest.param("s3cret A=1", id="words"),
    ],
)
def test_no_value_in_a_message(text: str) -> None:
    with pytest.raises(UserError) as caught:
        envfile.parse(text)
    for word in ("s3cret", "MIIE", "BEGIN", "kqhk"):
        assert word not in str(caught.value)


def test_duplicate_and_swallowed_lines_are_warned_of() -> None:
    found = envfile.parse('A=1\nB="x\nC=2"\nA=3\n')
    assert found.values == {"A": "3", "B": "x\nC=2"}
    assert found.places == {"A": ".env:4", "B": ".env:2"}
    assert found.warnings == [
        (".env:2", "the value of B goes over several lines"),
        (".env:4", "A is set again: the value at .env:1 is not used"),
    ]
    assert envfile.parse("A=1\nA=3\n").warnings == [
        (".env:2", "A is set again: the value at .env:1 is not used")
    ]


# --- python-dotenv is the grammar ---------------------------------------------------------------

PIECES = ["K", "A", "_", "1", " ", "\t", "=", "=", "=v", "#", " #", "'", '"', "\\", "$", "`", "{"]
PIECES += ["}", ":", "/", "é", "\u00a0", "\u2028", "\x0c", "\x1c", "\x85", ",", "~", "export", "\0"]
LINES = st.lists(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=12).map("K=".__add__),
    max_size=4,
).map("\n".join)


def dotenv(text: str, interpolate: bool = False) -> dict[str, str | None]:
    stream = io.StringIO(text, newline=None)
    return dict(DotEnv(None, stream=stream, interpolate=interpolate).dict())


@given(LINES)
@example('K="a b" # c')
@example("K=a #b#c")
@example("export  K = v")
def test_the_short_way_gives_the_same_bytes(text: str) -> None:
    """What is read without python-dotenv is what python-dotenv would have read."""
    text = text.replace("\r", "\n")
    found = envfile.EnvFile()
    if envfile._read_plain(found, text, ".env"):
        assert found.values == dotenv(text)


@given(LINES)
def test_what_is_accepted_is_what_python_dotenv_reads(text: str) -> None:
    assume("${" not in text)
    assume("\\$" not in text and "\\`" not in text)  # in double quotes: as in a shell
    try:
        found = values(text)
    except UserError:
        return
    assert found == dotenv(text)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["LK_A", "LK_B", "LK_C"]),
            st.sampled_from(['"', ""]),
            st.lists(
                st.sampled_from(["${LK_A}", "${LK_B:-x y}", "${LK_C", "$LK_A", "}", "$", "z", ":-"])
            ).map("".join),
        )
    )
)
def test_expansion_is_that_of_python_dotenv(lines: list[tuple[str, str, str]]) -> None:
    text = "\n".join(f"{key}={quote}{value}{quote}" for key, quote, value in lines)
    assert values(text, dict(os.environ)) == dotenv(text, interpolate=True)


def test_the_short_way_is_taken_for_common_lines() -> None:
    text = f"# c\n\nA=1\nexport B=x y\nC={URL}\nD=\"two words\"\nE='#x' # c\nF=\nG=it's {{}}\n"
    assert envfile._read_plain(envfile.EnvFile(), text, ".env")


def test_python_dotenv_is_not_imported_for_plain_files() -> None:
    code = (
        "import sys; from localku.manifest import envfile; envfile.parse('A=1\\nB=\"x y\"');"
        "print([m for m in ('dotenv', 'typing', 'json', 'logging') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-S", "-c", code], env=_path(), capture_output=True)
    assert run.stdout.decode().strip() == "[]", run.stderr.decode()


def _path() -> dict[str, str]:
    """-S keeps editable-install hooks out of sys.modules, so the paths are given by hand."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


# --- files ----------------------------------------------------------------------------------------


def test_later_files_win(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("A=1\nB=1\n")
    (tmp_path / "b").write_text("B=2\nC=${A}${B}\n")
    found = envfile.load([str(tmp_path / "a"), str(tmp_path / "b")], {"B": "9"}, ["a", "b"])
    assert found.values == {"A": "1", "B": "2", "C": "12"}
    assert found.places == {"A": "a:1", "B": "b:1", "C": "b:2"}
    assert found.warnings == []


def test_missing_file(tmp_path: Path) -> None:
    path = str(tmp_path / ".env")
    assert envfile.load([path], {}, [".env"], optional=True).values == {}
    with pytest.raises(UserError) as caught:
        envfile.load([path], {}, [".env"])
    assert str(caught.value) == ".env: no such file (see -e/--env)"


def test_folder_and_bad_bytes_in_several_files(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xff\xfeA\0=\0")
    with pytest.raises(Problems) as caught:
        envfile.load([str(tmp_path), str(tmp_path / "b")], {}, ["a", "b"])
    assert str(caught.value).splitlines() == [
        "a: is a folder, not a file",
        "b: not UTF-8 text (it looks like UTF-16: save it as UTF-8)",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    (tmp_path / ".env").chmod(0)
    with pytest.raises(UserError) as caught:
        envfile.load([str(tmp_path / ".env")], {}, [".env"])
    assert str(caught.value) == ".env: may not be read (permission denied)"
