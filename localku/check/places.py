"""Which of an app's files are the app: not its tests, documents, tools or built files. Pure.

A probe that is to raise no false alarm reads only what runs in a dyno.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from localku.check.slug import Slug

_WORDS = """
test tests testing spec specs __tests__ __mocks__ e2e cypress fixtures fixture testdata mocks
doc docs documentation example examples sample samples demo demos bench benchmark benchmarks
.github .circleci .gitlab .devcontainer .vscode .idea .husky .storybook stories
dist build public static assets staticfiles locale locales translations third_party
"""
_ASIDE = frozenset(_WORDS.split())
_ASIDE_FILE = re.compile(
    r"test_.*\.py | .*_test\.(?:py|go|rb) | tests?\.py | conftest\.py | .*_spec\.rb"
    r" | .*\.(?:test|spec|stories)\.[cm]?[jt]sx? | setup\.py | noxfile\.py | fabfile\.py"
    r" | (?:jest|vitest|webpack|vite|rollup|babel|karma|eslint|prettier|postcss|tailwind)"
    r"(?:\.\w+)*\.[cm]?[jt]s | (?:gulp|Grunt)file\.[cm]?js | \..*rc\.[cm]?js"
    r" | .*\.min\.(?:js|css|mjs) | .*\.d\.ts | .*\.map",
    re.VERBOSE,
)
_LOCK_NAMES = """
package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock poetry.lock uv.lock
Pipfile.lock Gemfile.lock composer.lock Cargo.lock go.sum pdm.lock
"""
_LOCKS = frozenset(_LOCK_NAMES.split())
_PROSE = (".md", ".rst", ".txt", ".adoc", ".html", ".htm", ".csv", ".tsv", ".svg", ".css", ".po")
_TEMPLATE = re.compile(r"(?:^|[._-])(?:example|sample|template|dist|tmpl|tpl|default)s?(?:$|[._-])")
MINIFIED = 2_000  # characters; a program with a line of this length was not written by a person


def is_aside(path: str) -> bool:
    """Whether a file belongs to tests, documents, examples, tools or what was built."""
    folders = path.split("/")[:-1]
    name = posixpath.basename(path)
    if any(each.lower() in _ASIDE for each in folders):
        return True
    return bool(_ASIDE_FILE.fullmatch(name)) or name in _LOCKS


def is_lock(path: str) -> bool:
    """Whether a file is a lock file, written by a package manager."""
    return posixpath.basename(path) in _LOCKS


def is_prose(path: str) -> bool:
    """Whether a file is text for people, or data."""
    return path.lower().endswith(_PROSE)


def is_template(path: str) -> bool:
    """Whether a file is to be copied and filled in: `.env.example`, `config.sample.yml`."""
    return bool(_TEMPLATE.search(posixpath.basename(path).lower()))


def is_minified(text: str) -> bool:
    """Whether a program looks as if a machine had written it."""
    return any(len(line) > MINIFIED for line in text.splitlines()[:50])


def python(slug: Slug) -> Iterator[tuple[str, str]]:
    """(path, text) of the Python files that may run in a dyno."""
    return _with_ending(slug, (".py",))


def javascript(slug: Slug) -> Iterator[tuple[str, str]]:
    """(path, text) of the JavaScript and TypeScript files that may run in a dyno."""
    for path, text in _with_ending(slug, (".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx")):
        if not is_minified(text):
            yield path, text


def _with_ending(slug: Slug, endings: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in sorted(slug.files):
        if path.endswith(endings) and not is_aside(path):
            yield path, slug.files[path]


_OTHERS = {".rb": "Ruby", ".go": "Go", ".java": "Java", ".php": "PHP", ".ex": "Elixir", ".cs": "C#"}
_OTHERS |= {".rs": "Rust", ".kt": "Kotlin", ".scala": "Scala", ".clj": "Clojure", ".erl": "Erlang"}


def unread_language(slug: Slug) -> str:
    """The language that most of the app's programs are in, where no probe reads it; or ""."""
    counts: dict[str, int] = {}
    for path in slug.files:
        language = _OTHERS.get(posixpath.splitext(path)[1], "")
        if language and not is_aside(path):
            counts[language] = counts.get(language, 0) + 1
    read = sum(1 for _ in python(slug)) + sum(1 for _ in javascript(slug))
    most = max(counts, key=lambda each: counts[each], default="")
    return most if most and counts[most] >= read else ""


def procfile_place(slug: Slug, process_type: str) -> str:
    """`Procfile:2` of a process type."""
    for number, line in enumerate(slug.files.get("Procfile", "").splitlines(), 1):
        if line.startswith(f"{process_type}:"):
            return f"Procfile:{number}"
    return "Procfile"
