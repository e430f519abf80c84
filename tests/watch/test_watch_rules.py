"""Which types a path restarts: tables."""

from __future__ import annotations

import pytest

from localku.errors import UserError
from localku.watch.ignores import Ignores
from localku.watch.rules import Change, RuleSet

ROOT = "/srv/app"
PATTERNS = {
    "web": ["**/*.py", "web/**", "!tests/**"],
    "worker": ["./jobs/", "data/*.db"],
    "clock": ["!docs/", "!*.md"],
    "any": None,
}


@pytest.mark.parametrize(
    ("path", "types"),
    [
        ("app.py", "any clock web"),
        ("deep/er/app.py", "any clock web"),
        ("web/index.html", "any clock web"),
        ("tests/test_a.py", "any clock"),
        ("jobs/a.rb", "any clock worker"),
        ("x/jobs/a.rb", "any clock worker"),
        ("docs/a.txt", "any"),
        ("README.md", "any"),
        ("data/main.db", "clock worker"),
        ("web/app.log", "clock web"),
        (".gitignore", "clock"),
        ("/srv/app/app.py", "any clock web"),
        ("./app.py", "any clock web"),
        ("web/../app.py", "any clock web"),
        ("../other/app.py", ""),
        ("/srv/application/app.py", ""),
        ("/srv/app", ""),
        ("", ""),
        ("name with space.py", "any clock web"),
        ("näme.py", "any clock web"),
        ("[x].py", "any clock web"),
    ],
)
def test_the_types_of_a_path(path: str, types: str) -> None:
    assert RuleSet(ROOT, PATTERNS).classify([path]).types == frozenset(types.split())


@pytest.mark.parametrize(
    "path",
    [
        ".git/index",
        "sub/.git/HEAD",
        ".git",
        ".localku/run",
        "node_modules/x/index.js",
        "front/node_modules/x.js",
        "__pycache__/app.cpython-311.pyc",
        ".venv/lib/x.py",
        "app.pyc",
        "web/.index.html.swp",
        "web/.index.html.swx",
        "web/index.html~",
        "web/4913",
        "web/.#index.html",
        "web/#index.html#",
        "web/index.html___jb_tmp___",
        "data/main.db-wal",
        "data/main.sqlite3-journal",
        "data/main.db-shm",
    ],
)
def test_what_never_counts_even_when_a_pattern_names_it(path: str) -> None:
    rules = RuleSet(ROOT, {"web": ["**", path], "any": None})
    assert not rules.classify([path])


def test_names_that_only_look_like_those_do_count() -> None:
    rules = RuleSet(ROOT, {"web": None})
    for path in ("daily-journal", "app.py.txt", "node_modules.py", "49130", "a.swp.py", ".gitlab"):
        assert rules.classify([path]).types == {"web"}, path


def test_manifest_files_are_named_as_given_and_restart_nothing() -> None:
    rules = RuleSet(ROOT, {"web": None}, [".env", "../shared.env", "/etc/app/localku.yml"])
    change = rules.classify([f"{ROOT}/.env", "/srv/shared.env", "/etc/app/localku.yml"])
    assert change == Change(
        manifest_files=frozenset({".env", "../shared.env", "/etc/app/localku.yml"})
    )


def test_a_manifest_file_that_git_ignores_counts_all_the_same() -> None:
    ignores = Ignores()
    ignores.add("", ".env\n*.py\n")
    rules = RuleSet(ROOT, {"web": None}, [".env"]).with_ignores(ignores)
    assert rules.classify([".env", "app.py"]) == Change(manifest_files=frozenset({".env"}))


def test_rules_without_types_know_manifest_files_only() -> None:
    rules = RuleSet(ROOT, {}, [".env"])
    assert rules.types == frozenset()
    assert rules.classify(["app.py", ".env"]) == Change(manifest_files=frozenset({".env"}))


def test_a_change_shows_the_first_few_paths_and_adds_up() -> None:
    rules = RuleSet(ROOT, {"web": ["*.py"], "worker": ["*.rb"]})
    one = rules.classify(f"{n}.py" for n in range(9))
    assert one.paths == ("0.py", "1.py", "2.py", "3.py", "4.py")
    both = rules.classify(["b.rb"]) | rules.classify(["a.py", "none.txt"])
    assert both == Change(frozenset({"web", "worker"}), paths=("a.py", "b.rb"))
    assert both
    assert not Change()


def test_a_pattern_that_cannot_be_read_is_the_users_error() -> None:
    with pytest.raises(UserError, match="'!' of web"):
        RuleSet(ROOT, {"web": ["*.py", "!"]})
