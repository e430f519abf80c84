"""The Procfile: every row of the peers' edge cases, every message, honcho as the grammar."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from honcho.environ import parse_procfile
from hypothesis import example, given
from hypothesis import strategies as st

from localku.errors import UserError
from localku.manifest import procfile
from localku.manifest.problems import Problems


def commands(text: str | bytes) -> dict[str, str]:
    return {name: entry.command for name, entry in procfile.parse(text).items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("my-worker: x", {"my-worker": "x"}, id="hyphen"),
        pytest.param("my_worker: x", {"my_worker": "x"}, id="underscore"),
        pytest.param("Web: x\n2web: y", {"Web": "x", "2web": "y"}, id="capital-and-digit"),
        pytest.param("web:cmd", {"web": "cmd"}, id="no-space"),
        pytest.param("web:\tcmd a", {"web": "cmd a"}, id="tab"),
        pytest.param("  # c\nweb: x\n\t# d", {"web": "x"}, id="indented-comment"),
        pytest.param("web: x\r\nb: y\r\n", {"web": "x", "b": "y"}, id="crlf"),
        pytest.param("web: x\rb: y", {"web": "x", "b": "y"}, id="cr"),
        pytest.param(b"\xef\xbb\xbfweb: x", {"web": "x"}, id="bom-bytes"),
        pytest.param("\ufeffweb: x", {"web": "x"}, id="bom-text"),
        pytest.param("\n\n# c\nweb: x\n\n", {"web": "x"}, id="blank-lines"),
        pytest.param("# web: x\nb: y", {"b": "y"}, id="commented-out"),
        pytest.param("web: echo '$PORT'", {"web": "echo '$PORT'"}, id="quoted-port"),
        pytest.param("web: if a; then b; fi", {"web": "if a; then b; fi"}, id="compound"),
        pytest.param("web: a:b # c", {"web": "a:b # c"}, id="colon-and-comment-in-command"),
        pytest.param("web: echo \\\\", {"web": "echo \\\\"}, id="escaped-backslash-at-the-end"),
        pytest.param("web: echo é ✓", {"web": "echo é ✓"}, id="unicode"),
        pytest.param("release: x\nweb: y", {"release": "x", "web": "y"}, id="release"),
        pytest.param("# a\u2028b\x0c\nweb: x", {"web": "x"}, id="separators-in-comment"),
    ],
)
def test_good_lines(text: str | bytes, expected: dict[str, str]) -> None:
    assert commands(text) == expected


NAME = "(use letters, digits, - and _)"
CONTINUED = (
    "Procfile:1: this line ends with a backslash, but a Procfile has no continuation lines"
    " (write the command on one line, or put it into a script)"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a.b: x", f"Procfile:1: 'a.b' cannot name a process type {NAME}", id="dot"),
        pytest.param("é: x", f"Procfile:1: 'é' cannot name a process type {NAME}", id="accent"),
        pytest.param(
            "ok: y\n  web: x",
            "Procfile:2: blanks before process type web (remove them)",
            id="leading-spaces",
        ),
        pytest.param(
            "\tweb: x", "Procfile:1: blanks before process type web (remove them)", id="leading-tab"
        ),
        pytest.param(
            "web : cmd a",
            'Procfile:1: blanks between process type web and the colon (write "web: cmd a")',
            id="space-before-colon",
        ),
        pytest.param(
            "web cmd",
            'Procfile:1: no colon after the process type (write "web: <command>")',
            id="no-colon",
        ),
        pytest.param(
            "web echo a:b",
            'Procfile:1: no colon after the process type (write "web: <command>")',
            id="late-colon",
        ),
        pytest.param(
            "???",
            'Procfile:1: no colon after the process type (write "<type>: <command>")',
            id="garbage",
        ),
        pytest.param(
            ": cmd",
            'Procfile:1: no process type before the colon (write "<type>: <command>")',
            id="no-name",
        ),
        pytest.param(
            "web:",
            'Procfile:1: process type web has no command (write "web: <command>")',
            id="empty-command",
        ),
        pytest.param(
            "web:  \t ",
            'Procfile:1: process type web has no command (write "web: <command>")',
            id="blank-command",
        ),
        pytest.param(
            "web: a\n\nweb: b",
            "Procfile:3: process type web is already defined at Procfile:1"
            " (keep one of the two lines, or give this one another name)",
            id="duplicate",
        ),
        pytest.param("web: a \\\n  --b \\\n  c", CONTINUED, id="continuation"),
        pytest.param(
            "web: a\x0cb: c",
            "Procfile:1: an invisible character (U+000C) stands in this line (remove it)",
            id="form-feed",
        ),
        pytest.param(
            "web: a\u2028b",
            "Procfile:1: an invisible character (U+2028) stands in this line (remove it)",
            id="line-separator",
        ),
        pytest.param(
            "web: a\0b",
            "Procfile:1: an invisible character (U+0000) stands in this line (remove it)",
            id="nul",
        ),
        pytest.param(
            "# nothing\n\n",
            'Procfile: no process type in this file (write a line such as "web: python app.py")',
            id="only-comments",
        ),
        pytest.param(
            b"web: a\nb: \xe9",
            "Procfile:2: not UTF-8 text (save the file as UTF-8)",
            id="latin-1",
        ),
        pytest.param(
            b"\xff\xfew\0e\0b\0",
            "Procfile: not UTF-8 text (it looks like UTF-16: save it as UTF-8)",
            id="utf-16",
        ),
    ],
)
def test_bad_lines(text: str | bytes, message: str) -> None:
    with pytest.raises(UserError) as caught:
        procfile.parse(text)
    assert str(caught.value) == message


def test_all_bad_lines_are_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        procfile.parse("web:\nworker: ok\nfoo\n", "Procfile.dev")
    assert str(caught.value).splitlines() == [
        'Procfile.dev:1: process type web has no command (write "web: <command>")',
        'Procfile.dev:3: no colon after the process type (write "foo: <command>")',
    ]
    assert [error.where for error in caught.value.errors] == ["Procfile.dev:1", "Procfile.dev:3"]


LINES = st.lists(
    st.lists(
        st.sampled_from(["web", "w-1", ":", " ", "\t", "#", "\\", "a", ".", "é", "\x0c", "\u2028"]),
        max_size=7,
    ).map("".join),
    max_size=4,
).map("\n".join)


@given(st.from_regex(r"[ #]?[A-Za-z0-9_-]{0,3} ?:?[ -~\t]*", fullmatch=True))
@example("web:cmd")
@example("web:\tcmd  ")
def test_a_plain_line_is_read_as_honcho_reads_it(line: str) -> None:
    """honcho is not asked for plain lines, for the sake of the start: it would say the same."""
    plain = procfile._plain(line)
    assert plain is None or [plain] == list(parse_procfile(line).processes.items())


@given(LINES)
@example("web: a\nw-1: b #c")
@example("web:web\f")
def test_honcho_is_the_grammar(text: str) -> None:
    """What is taken is what honcho takes; what honcho would skip in silence is an error."""
    try:
        found = commands(text)
    except UserError:
        found = {}
    lines = [line for line in text.split("\n") if line.strip() and line.strip()[0] != "#"]
    if found:
        assert found == dict(parse_procfile("\n".join(lines)).processes)
        assert len(found) == len(lines)
    else:
        good = [len(parse_procfile(line).processes) == 1 for line in lines]
        split = any(line.splitlines() != [line] for line in lines)
        empty = any(not c.strip() for n in lines for c in parse_procfile(n).processes.values())
        names = [line.partition(":")[0] for line in lines]
        twice = len(set(names)) < len(names)
        continued = any(line.rstrip().endswith("\\") for line in lines)
        assert not lines or not all(good) or split or empty or twice or continued


def test_several_files_add_up(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: a\n")
    (tmp_path / "Procfile.dev").write_text("css: b\n")
    paths = [str(tmp_path / "Procfile"), str(tmp_path / "Procfile.dev")]
    found = procfile.load(paths, ["Procfile", "Procfile.dev"])
    assert found.types == ["web", "css"]
    assert found.entries["css"].where == "Procfile.dev:1"


def test_a_type_in_two_files_names_both_places(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("# one\nweb: a\n")
    (tmp_path / "b").write_text("web: b\n")
    with pytest.raises(UserError) as caught:
        procfile.load([str(tmp_path / "a"), str(tmp_path / "b")], ["a", "b"])
    assert str(caught.value) == (
        "b:1: process type web is already defined at a:2"
        " (keep one of the two lines, or give this one another name)"
    )


def test_bad_lines_of_all_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("web\n")
    with pytest.raises(UserError) as caught:
        procfile.load([str(tmp_path / "a"), str(tmp_path / "b")], ["a", "b"])
    assert str(caught.value).splitlines() == [
        'a:1: no colon after the process type (write "web: <command>")',
        f"there is no b in {tmp_path} "
        '(write a line such as "web: python app.py" in a file of this name,'
        " or name the app's folder with -d)",
    ]


EXAMPLE = 'write a line such as "web: python app.py" in a file of this name'


@pytest.mark.parametrize(
    ("beside", "wanted", "hint"),
    [
        pytest.param("", "Procfile", f"{EXAMPLE}, or name the app's folder with -d", id="nothing"),
        pytest.param("procfile", "Procfile", "rename procfile to Procfile", id="case"),
        pytest.param("Procfile.txt", "Procfile", "rename Procfile.txt to Procfile", id="txt"),
        pytest.param(
            "Procfile.dev",
            "Procfile",
            "there is Procfile.dev: ask for it with -f Procfile.dev",
            id="dev",
        ),
        pytest.param(
            "Procfile", "Procfile.dev", "there is Procfile: ask for it with -f Procfile", id="plain"
        ),
    ],
)
def test_missing_file(tmp_path: Path, beside: str, wanted: str, hint: str) -> None:
    if beside:
        (tmp_path / beside).write_text("web: a\n")
    if (tmp_path / wanted).exists():
        pytest.skip("this file system does not tell capitals from small letters")
    with pytest.raises(UserError) as caught:
        procfile.load([str(tmp_path / wanted)], [wanted])
    assert str(caught.value) == f"there is no {wanted} in {tmp_path} ({hint})"


def test_broken_link_and_folder(tmp_path: Path) -> None:
    (tmp_path / "Procfile").symlink_to("nowhere")
    with pytest.raises(UserError, match="it is a symbolic link to a file that is not there"):
        procfile.load([str(tmp_path / "Procfile")], ["Procfile"])
    with pytest.raises(UserError) as caught:
        procfile.load([str(tmp_path)], ["app"])
    assert str(caught.value) == "app: is a folder, not a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: a\n")
    (tmp_path / "Procfile").chmod(0)
    with pytest.raises(UserError) as caught:
        procfile.load([str(tmp_path / "Procfile")], ["Procfile"])
    assert str(caught.value) == "Procfile: may not be read (permission denied)"
