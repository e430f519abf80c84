"""The survey's idea of what is ignored, against git's own."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from localku.watch.ignores import Ignores, rebased
from localku.watch.survey import look_around

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
QUIET = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent"}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], **QUIET},
    ).stdout


def seen_by_git(root: Path) -> set[str]:
    listed = git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return {path for path in listed.split("\0") if path}


def seen_by_us(root: Path) -> set[str]:
    survey = look_around(str(root))
    paths = {
        f"{folder}/{name}" if folder else name
        for folder, names in survey.folders.items()
        for name in names
    }
    return {path for path in paths if not survey.ignores.is_ignored(path)}


def plant(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


PATHS = """
    a.log b.txt build/out.js build/keep.txt src/build/x.js src/a.log src/lib/deep/y.py
    src/lib/keep.txt docs/a.txt docs/sub/b.txt foo/bar foo/keep é/ü.txt [d]/e.txt
    """
TREE = dict.fromkeys(PATHS.split(), "")
TREE["dir with space/file.txt"] = ""


@needs_git
@pytest.mark.parametrize(
    "ignores",
    [
        pytest.param({"": "*.log\n!b.log\n"}, id="negation"),
        pytest.param({"": "build/\n"}, id="a folder anywhere"),
        pytest.param({"": "/build\n"}, id="anchored"),
        pytest.param({"": "src/build\n"}, id="a slash in the middle anchors"),
        pytest.param({"": "build/\n!build/keep.txt\n"}, id="nothing comes back from below"),
        pytest.param({"": "build/*\n!build/keep.txt\n"}, id="but from beside"),
        pytest.param({"": "foo/**\n!foo/keep\n"}, id="all inside but one"),
        pytest.param({"": "*.log\n", "src": "!a.log\n"}, id="deeper has more weight"),
        pytest.param({"": "!*.log\n", "src": "*.log\n"}, id="deeper ignores"),
        pytest.param({"": "*\n!src/\n!src/**\n"}, id="a white list"),
        pytest.param({"": "/*\n!/src\n/src/*\n!/src/lib\n"}, id="a nested white list"),
        pytest.param({"": "*.txt\n", "src": "!lib\n"}, id="having a folder back is not its files"),
        pytest.param({"src": "/build\ny.py\n"}, id="nested, anchored at its folder"),
        pytest.param({"": "**/deep/\ndocs/**/b.txt\n"}, id="two stars"),
        pytest.param({"": "# build\n\n \n\\#x\nb.txt  \n"}, id="comments, blanks, trailing spaces"),
        pytest.param({"": "[ab].*\nfoo/ba?\n"}, id="classes and question marks"),
        pytest.param({"": "dir with space/\nü.txt\n"}, id="spaces and umlauts"),
        pytest.param({"[d]": "e.txt\n"}, id="a folder whose name is a pattern"),
        pytest.param({"": "a.log\r\nbuild/\r\n"}, id="CRLF"),
        pytest.param({"": "/\n!\n[\n*.log\n"}, id="lines without a meaning"),
        pytest.param({"": "*/\n!src/\n"}, id="all folders but one"),
        pytest.param(
            {"": "a\n", ".git/info": "*.log\n!docs\n"}, id="info/exclude has least weight"
        ),
    ],
)
def test_we_ignore_what_git_ignores(tmp_path: Path, ignores: dict[str, str]) -> None:
    git(tmp_path, "init", "-q")
    plant(tmp_path, TREE)
    for folder, text in ignores.items():
        name = "exclude" if folder == ".git/info" else ".gitignore"
        (tmp_path / folder / name).write_bytes(text.encode())
    assert seen_by_us(tmp_path) == seen_by_git(tmp_path)


NAMES = ["a", "b", "c", "a.x", "b.x"]
PIECES = ["a", "b", "c", "*", "**", "*.x", "a*", "?", "[ab]", "a.x"]


def some_line(rng: random.Random) -> str:
    body = "/".join(rng.choice(PIECES) for _ in range(rng.choice([1, 1, 1, 2, 2, 3])))
    sign = rng.choice(["", "", "!"])
    return sign + rng.choice(["", "", "/"]) + body + rng.choice(["", "", "/"])


def some_tree(rng: random.Random) -> dict[str, str]:
    files = {}
    for _ in range(rng.randint(4, 14)):
        folders = [rng.choice(["a", "b", "c"]) for _ in range(rng.randint(0, 3))]
        files["/".join([*folders, rng.choice(NAMES) + "_f"[: 2 * rng.randint(0, 1)]])] = ""
    kept: dict[str, str] = {}
    for path in sorted(files, key=len, reverse=True):  # no file where a folder must be
        if not any(other.startswith(path + "/") for other in kept):
            kept[path] = ""
    for folder in sorted({path.rpartition("/")[0] for path in kept}):
        if not folder or rng.random() < 0.3:
            text = "".join(some_line(rng) + "\n" for _ in range(rng.randint(1, 4)))
            kept[f"{folder}/.gitignore".lstrip("/")] = text
    return kept


@needs_git
@pytest.mark.parametrize("seed", range(int(os.environ.get("WATCH_SEEDS", "40"))))
def test_we_ignore_what_git_ignores_in_any_tree(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    git(tmp_path, "init", "-q")
    files = some_tree(rng)
    plant(tmp_path, files)
    rules = {path: text for path, text in files.items() if text}
    assert seen_by_us(tmp_path) == seen_by_git(tmp_path), (rules, sorted(files))


@needs_git
def test_an_app_in_a_subfolder_obeys_the_repository_above(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    app = tmp_path / "apps" / "one"
    plant(app, {"a.log": "", "b.txt": "", "tmp/x": "", "c.tmp": ""})
    plant(tmp_path, {".gitignore": "*.log\n/apps/one/tmp\n", "apps/.gitignore": "*.tmp\n"})
    (tmp_path / ".git/info/exclude").write_text("*.txt\n")
    assert seen_by_us(app) == seen_by_git(app) == set()
    assert set(look_around(str(app)).folders) == {""}


@needs_git
def test_an_app_in_an_ignored_folder_obeys_only_itself(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    plant(tmp_path, {".gitignore": "scratch/\n*.txt\n", "scratch/app/a.txt": ""})
    assert seen_by_us(tmp_path / "scratch" / "app") == {"a.txt"}


@needs_git
def test_a_worktree_has_the_excludes_of_its_repository(tmp_path: Path) -> None:
    main, tree = tmp_path / "main", tmp_path / "tree"
    main.mkdir()
    git(main, "init", "-q")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    git(main, *who, "commit", "-q", "--allow-empty", "-m", "x")
    git(main, "worktree", "add", "-q", str(tree))
    (main / ".git/info/exclude").write_text("*.log\n")
    plant(tree, {"a.log": "", "b.txt": ""})
    assert seen_by_us(tree) == seen_by_git(tree) == {"b.txt"}


def test_a_folder_with_a_pyvenv_cfg_is_not_entered(tmp_path: Path) -> None:
    plant(tmp_path, {"envs/my/pyvenv.cfg": "", "envs/my/lib/x.py": "", "venv/x.py": "", "a.py": ""})
    assert set(look_around(str(tmp_path)).folders) == {"", "envs", "venv"}


def test_links_are_names_and_are_not_entered(tmp_path: Path) -> None:
    plant(tmp_path / "outside", {"deep/x.py": ""})
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "circle").symlink_to(root)
    (root / "nowhere").symlink_to(tmp_path / "missing")
    survey = look_around(str(root))
    assert survey.folders == {"": {"link", "circle", "nowhere"}}


def test_a_huge_ignored_tree_costs_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {f"node_modules/{n}/index.js": "" for n in range(300)} | {"a.js": ""})
    assert set(look_around(str(tmp_path)).folders) == {""}


def test_a_named_pipe_for_an_ignore_file_does_not_stop_us(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    assert set(look_around(str(tmp_path)).folders) == {""}


@pytest.mark.parametrize(
    ("line", "folder", "expected"),
    [
        ("*.log", "", "*.log"),
        ("*.log", "a/b", "/a/b/**/*.log"),
        ("/x", "a", "/a/x"),
        ("x/y/", "a", "/a/x/y/"),
        ("!x/", "a", "!/a/**/x/"),
        ("x", "a*", r"/a\*/**/x"),
        ("# x", "a", ""),
        ("/", "a", ""),
    ],
)
def test_a_line_is_rebased(line: str, folder: str, expected: str) -> None:
    assert rebased(line, folder) == expected


def test_no_rules_ignore_only_what_never_counts() -> None:
    ignores = Ignores()
    assert ignores.is_ignored("node_modules", folder=True)
    assert not ignores.is_ignored("node_modules")
    assert not ignores.is_ignored("app.py")
