"""The copy that `localku doctor` runs: all that it needs, and nothing that leads back."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from localku.check import copying
from localku.check.prepare import OWNER, PREFIX, Prepared, temporary
from localku.errors import UserError


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    for name in ("src/lib", "empty", "node_modules/dep", "node_modules/@me", ".venv", "sub"):
        (root / name).mkdir(parents=True)
    (root / "src/app.js").write_text("app")
    (root / "node_modules/dep/index.js").write_text("dep")
    (root / "node_modules/own").symlink_to("../src")
    (root / "node_modules/@me/lib").symlink_to("../../src/lib")
    (root / ".venv/pyvenv.cfg").write_text("")
    (root / "sub/node_modules/deep").mkdir(parents=True)
    return root


def test_packages_are_linked_and_workspaces_lead_to_the_copy(app: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copying.copy_app(str(app), str(copy))
    modules = copy / "node_modules"
    assert (modules / "dep").resolve() == app / "node_modules/dep"
    assert (modules / "own").resolve() == copy / "src"
    assert os.readlink(modules / "@me/lib") == str(copy / "src/lib")
    assert (copy / "sub/node_modules/deep").resolve() == app / "sub/node_modules/deep"
    assert (copy / ".venv").resolve() == app / ".venv"
    assert (copy / "empty").is_dir()
    (modules / "own/new.txt").write_text("x")
    assert not (app / "src/new.txt").exists()


def test_with_git_it_is_what_git_would_ship(app: Path, tmp_path: Path) -> None:
    (app / ".gitignore").write_text("*.db\n")
    (app / "a.db").write_text("ignored")
    (app / "new.py").write_text("untracked")
    subprocess.run(["git", "init", "-q", str(app)], check=True)
    subprocess.run(["git", "-C", str(app), "add", "src"], check=True)
    copying.copy_app(str(app), str(tmp_path / "copy"))
    found = {
        path for path in copying.snapshot(str(tmp_path / "copy")) if "node_modules" not in path
    }
    assert found == {".gitignore", "new.py", "src/app.js"}


def test_code_that_is_installed_from_the_app_is_found_in_the_copy(app: Path) -> None:
    site = app / ".venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "own.pth").write_text(f"{app}/src\n")
    assert copying.editable(str(app)) == ["src"]
    (site / "own.pth").unlink()
    (site / "own-1.dist-info").mkdir()
    url = f'{{"dir_info": {{"editable": true}}, "url": "file://{app}"}}'
    (site / "own-1.dist-info/direct_url.json").write_text(url)
    assert copying.editable(str(app)) == [".", "src"]


def test_what_changed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    before = copying.snapshot(str(tmp_path))
    (tmp_path / "a").write_text("22")
    (tmp_path / "b").unlink()
    (tmp_path / "c").write_text("3")
    (tmp_path / "d").mkdir()  # a folder is only what is in it
    assert copying.changes(before, copying.snapshot(str(tmp_path))) == ["a", "b", "c"]


def test_the_folder_of_a_killed_doctor_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen(["true"]) as gone:
        pass
    left, living = tmp_path / f"{PREFIX}left", tmp_path / f"{PREFIX}living"
    for folder, pid in ((left, gone.pid), (living, os.getpid())):
        folder.mkdir()
        (folder / OWNER).write_text(str(pid))
    assert Path(temporary()).is_dir()
    assert (left.exists(), living.exists()) == (False, True)


def test_pipes_and_sockets_are_left_out(app: Path, tmp_path: Path) -> None:
    os.mkfifo(app / "pipe")
    copying.copy_app(str(app), str(tmp_path / "copy"))
    assert (tmp_path / "copy/src/app.js").exists()
    assert not (tmp_path / "copy/pipe").exists()


def test_folders_that_config_vars_name(tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    (odd / f"{PREFIX}other").mkdir(parents=True)
    (odd / "inner").mkdir()
    (odd / "inner/file.txt").write_text("x")
    (odd / "loop").symlink_to(".")
    os.mkfifo(odd / "pipe")
    config = {"ODD": str(odd), "SCRATCH": tempfile.gettempdir()}
    ready = Prepared(str(tmp_path), str(odd / f"{PREFIX}1"), "app", {}, config, False, 1, 1, set())
    folder = Path(ready.data("data"))
    copy, scratch = folder / "0-odd", next(folder.glob("1-*"))
    assert sorted(each.name for each in copy.iterdir()) == ["inner", "loop"]
    assert (copy / "inner/file.txt").read_text() == "x"
    assert not list(scratch.iterdir())


def test_a_database_that_is_too_large_is_said(tmp_path: Path) -> None:
    with open(tmp_path / "large.db", "wb") as file:
        file.truncate(2 << 30)  # a hole: it takes no place
    config = {"DATABASE_URL": "sqlite:///large.db"}
    ready = Prepared(str(tmp_path), str(tmp_path / "t"), "app", {}, config, False, 1, 1, set())
    with pytest.raises(UserError, match="1 GiB"):
        ready.data("data")
