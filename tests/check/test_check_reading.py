"""An app's folder is read as git would ship it, with bounds, and stays as it was."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from localku.check.reading import MAX_FILE, read_slug
from localku.check.slugignore import SlugIgnore
from localku.errors import UserError


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def git(root: Path, *words: str) -> None:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who |= {
        f"GIT_{one}_{what}": "a@b.c"
        for one in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    argv = ["git", "-C", str(root), *words]
    subprocess.run(argv, check=True, capture_output=True, env={**os.environ, **who})


APP = {
    "Procfile": "web: python app.py\nrelease: true\n",
    "app.py": "print(1)\n",
    ".env": "KEY=value\n",
    ".gitignore": "*.log\n.env\n",
    ".slugignore": "docs\n*.psd # big\n",
    "docs/a.md": "text",
    "big/x.psd": "x",
    "run.log": "no",
    "node_modules/x/index.js": "no",
    "lib/venv/pyvenv.cfg": "",
    "lib/venv/x.py": "no",
    "lib/a.py": "x = 1\n",
}


def test_a_folder_without_git(tmp_path: Path) -> None:
    write(tmp_path, APP)
    slug = read_slug(str(tmp_path))
    assert set(slug.files) == {"Procfile", "app.py", ".gitignore", ".slugignore", "lib/a.py"}
    assert slug.skipped["docs/a.md"] == slug.skipped["big/x.psd"] == "named by .slugignore"
    assert slug.procfile == {"web": "python app.py", "release": "true"}
    assert slug.env == {"KEY": "value"}
    assert slug.git is None


def test_a_repository_around_the_app(tmp_path: Path) -> None:
    root = tmp_path / "app"
    write(root, APP)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    write(root, {"app.py": "print(2)\n", "new.py": ""})
    git(tmp_path, "mv", "app/lib/a.py", "app/lib/b.py")
    before = (tmp_path / ".git/index").read_bytes()
    slug = read_slug(str(root))
    assert slug.git is not None
    assert {"app.py", "lib/b.py"} == slug.git.changed
    assert slug.git.untracked == {"new.py"}
    assert slug.git.top == os.path.realpath(tmp_path)
    assert {"app.py", "new.py", "lib/b.py"} <= set(slug.files)
    assert slug.skipped["node_modules/"] and slug.skipped["lib/venv/"]
    assert (tmp_path / ".git/index").read_bytes() == before


def test_what_is_not_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"Procfile": "web: x\n", "long.py": "#" * (MAX_FILE + 1)},
    )
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\n")
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "uv.lock").write_text("#" * (MAX_FILE + 1))
    slug = read_slug(str(tmp_path))
    assert set(slug.files) == {"Procfile", "uv.lock"}
    assert slug.skipped == {
        "long.py": "larger than 512 KiB",
        "logo.png": "not text",
        "latin.py": "not UTF-8 text",
        "link.py": "a symbolic link",
        "pipe": "not a file",
    }


def test_a_folder_without_a_procfile_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no Procfile"):
        read_slug(str(tmp_path))


def test_slugignore_knows_no_negation() -> None:
    rules = SlugIgnore("*.psd\n/top/x\n!keep.psd\n# note\n")
    assert rules.is_ignored("a/keep.psd") and rules.is_ignored("top/x")
    assert not rules.is_ignored("a/top/x") and not SlugIgnore("").is_ignored("a")
