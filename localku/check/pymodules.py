"""Which Python modules are the app's own, and which of them its commands lead to. Pure.

It follows imports from the programs that the Procfile names, and the names of modules in strings
(Django's settings). What it does not reach may still run: then it is not said to be used.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from localku.check.commands import Step, steps
from localku.check.places import is_aside, python
from localku.check.pyfacts import Facts, facts_of
from localku.check.remembered import once_for_a_slug
from localku.check.slug import Slug

_ENDINGS = (".py", ".pyx", ".so", ".pyd")
_TARGET = re.compile(r"([A-Za-z_][\w.]*)(?::[\w.]+(?:\(.*\))?)?")
_STRING = re.compile(r"[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)+")
_DEEPEST = 32  # packages in one another; a longer name is that of no module
_DJANGO = "DJANGO_SETTINGS_MODULE"
_SETTINGS = frozenset(("ROOT_URLCONF", "WSGI_APPLICATION", "ASGI_APPLICATION", "MIDDLEWARE"))
_DEFAULT_APPS = (
    "app",
    "wsgi",
    "application",
    "main",
)  # what `flask run` and `fastapi run` look for


class Modules:
    """The app's own modules. files: module, dotted, -> path."""

    def __init__(self, slug: Slug) -> None:
        self.slug = slug
        paths = [*slug.files, *slug.skipped]
        self.paths = [path for path in paths if path.endswith(_ENDINGS)]
        self.roots = _roots(self.paths, _entered(slug))
        self._tops = {top for path in self.paths for top in _tops(path, self.roots)}
        # a package anywhere may be found by a path that is set when the app runs
        self._tops |= {posixpath.basename(posixpath.dirname(path)) for path in self.paths}
        self._tops |= {path.strip("/").split("/")[0] for path in slug.skipped if path[-1:] == "/"}

    def is_own(self, module: str) -> bool:
        """Whether a module, dotted, is the app's own."""
        return module.startswith(".") or module.partition(".")[0] in self._tops

    def files_of(self, module: str) -> Iterator[str]:
        """The files that an import of a module runs: the packages around it, and itself."""
        parts = module.split(".")[:_DEEPEST]
        for root in self.roots:
            found = list(self._below(root, parts))
            yield from found
            if found:
                return

    def _below(self, root: str, parts: list[str]) -> Iterator[str]:
        for length in range(1, len(parts) + 1):
            base = posixpath.join(root, *parts[:length])
            for path in (f"{base}/__init__.py", f"{base}.py"):
                if path in self.slug.files:
                    yield path

    def reached(self, *, certainly: bool = False) -> frozenset[str]:
        """The app's Python files that its commands lead to; empty where none was recognised.
        certainly: by imports that run at the start, not by those in functions and branches."""
        todo = [path for step in steps(self.slug) for path in self._entries(step)]
        done: set[str] = set()
        while todo:
            path = todo.pop()
            if path in done:
                continue
            done.add(path)
            facts = facts_of(self.slug.files[path])
            if facts is not None:
                todo += self._imported(path, facts, certainly)
                todo += self._named(facts, certainly)
        return frozenset(done)

    def _entries(self, step: Step) -> Iterator[str]:
        for word in step.words:
            path = posixpath.normpath(word)
            if path.endswith(".py") and path in self.slug.files:
                yield path
            match = _TARGET.fullmatch(word)
            if match:
                yield from self.files_of(match[1])
                yield from self.files_of(f"{match[1]}.__main__")
        script = console_script(self.slug, step.program)
        if script:
            yield from self.files_of(script)
        if step.program in ("flask", "fastapi"):
            named = self.slug.env.get("FLASK_APP", "").partition(":")[0].removesuffix(".py")
            for module in (named,) if named else _DEFAULT_APPS:
                yield from self.files_of(module.replace("/", "."))
        yield from self.files_of(self.slug.env.get(_DJANGO, "-"))

    def _imported(self, path: str, facts: Facts, certainly: bool) -> Iterator[str]:
        package = path.removesuffix(".py").split("/")[:-1]
        for each in facts.imports:
            if certainly and (each.inside or each.optional):
                continue
            level = len(each.module) - len(each.module.lstrip("."))
            name = each.module.lstrip(".")
            if level:
                base = [*package[: len(package) - level + 1], *filter(None, name.split("."))]
                yield from self._below("", base)
                for one in each.names:
                    yield from self._below("", [*base, one])
            else:
                yield from self._beside(package, name, each.names)

    def _named(self, facts: Facts, certainly: bool) -> Iterator[str]:
        """Modules that stand in strings: Django's settings for certain, any other perhaps."""
        if _DJANGO not in self.slug.env:
            for call in facts.calls:
                if call.last == "setdefault" and call.args[:1] == (_DJANGO,):
                    yield from self.files_of(str(call.args[-1]))
        for assign in facts.assigns:
            values = assign.value if isinstance(assign.value, tuple) else (assign.value,)
            texts = [value for value in values if isinstance(value, str)]
            if assign.name in _SETTINGS:
                yield from (path for text in texts for path in self.files_of(text))
            if assign.name == "INSTALLED_APPS":
                yield from (path for text in texts for path in self._django_app(text))
        for _, text in facts.strings if not certainly else ():
            if _STRING.fullmatch(text) and _DJANGO not in self.slug.env:
                yield from self.files_of(text)

    def _beside(self, package: list[str], name: str, names: tuple[str, ...]) -> Iterator[str]:
        """An absolute import: from the program's own folder, or from one of the roots."""
        for module in (name, *(f"{name}.{one}" for one in names)):
            yield from self._below("/".join(package), module.split("."))
            yield from self.files_of(module)

    def _django_app(self, app: str) -> Iterator[str]:
        for part in ("apps", "models", "admin", "views", "urls", "signals", "tasks"):
            yield from self.files_of(f"{app}.{part}")


def console_script(slug: Slug, program: str) -> str:
    """The module of a console script that the app itself declares, or ""."""
    if not program or not _TARGET.fullmatch(program.replace("-", "_")):
        return ""
    shape = rf"""["']?\b{re.escape(program)}["']?\s*=\s*["']?([\w.]+):[\w.]+"""
    for name in ("pyproject.toml", "setup.cfg", "setup.py"):
        match = re.search(shape, slug.files.get(name, ""))
        if match:
            return match[1]
    return ""


@once_for_a_slug
def modules_of(slug: Slug) -> Modules:
    """The modules of an app, found out once."""
    return Modules(slug)


@once_for_a_slug
def reached_python(slug: Slug) -> frozenset[str]:
    """The app's Python files that its commands lead to, followed once."""
    return modules_of(slug).reached()


@once_for_a_slug
def started_python(slug: Slug) -> frozenset[str]:
    """Those that certainly run at the start of a process."""
    return modules_of(slug).reached(certainly=True)


@once_for_a_slug
def app_python(slug: Slug) -> dict[str, str]:
    """path -> text of the Python programs to judge: what the commands lead to, or, where that
    cannot be told, all that are the app's."""
    paths = reached_python(slug)
    return {path: slug.files[path] for path in sorted(paths)} if paths else dict(python(slug))


def _roots(paths: list[str], entered: set[str]) -> list[str]:
    """The folders that imports begin at: the app's own, those that commands enter or that hold a
    manage.py, and each that is no package."""
    packages = {posixpath.dirname(path) for path in paths if path.endswith("/__init__.py")}
    folders = {posixpath.dirname(path) for path in paths if not is_aside(path)}
    odd = {folder for folder in packages if not posixpath.basename(folder).isidentifier()}
    managed = {posixpath.dirname(path) for path in paths if path.endswith("/manage.py")}
    tops = (folders | {posixpath.dirname(folder) for folder in packages}) - packages
    return ["", *sorted((tops | odd | managed | entered) - {""})]


def _entered(slug: Slug) -> set[str]:
    """The folders of the app that commands go into: `cd server`, `--chdir server`."""
    found = set()
    for step in steps(slug):
        named = step.words[1:2] if step.program == "cd" else ()
        options = [step.option(name) for name in ("--chdir", "--pythonpath", "--app-dir")]
        for word in (*named, *filter(None, options)):
            found.add(posixpath.normpath(word))
    return found - {"."}


def _tops(path: str, roots: list[str]) -> Iterator[str]:
    for root in roots:
        rest = path.removeprefix(f"{root}/") if root else path
        if rest != path or not root:
            yield rest.partition("/")[0].partition(".")[0]
