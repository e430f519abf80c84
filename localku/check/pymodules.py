"""Which Python modules are the app's own, and which of them its commands lead to. Pure.

It follows imports from the programs that the Procfile names, and the names of modules in strings
(Django's settings). What it does not reach may still run: then it is not said to be used.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from localku.check.commands import Step, steps
from localku.check.places import is_aside
from localku.check.pyfacts import Facts, facts_of
from localku.check.slug import Slug

_ENDINGS = (".py", ".pyx", ".so", ".pyd")
_TARGET = re.compile(r"([A-Za-z_][\w.]*)(?::[\w.]+(?:\(.*\))?)?")
_STRING = re.compile(r"[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)+")
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
        self.roots = _roots(self.paths)
        self._tops = {top for path in self.paths for top in _tops(path, self.roots)}
        self._tops |= {path.strip("/").split("/")[0] for path in slug.skipped if path[-1:] == "/"}

    def is_own(self, module: str) -> bool:
        """Whether a module, dotted, is the app's own."""
        return module.startswith(".") or module.partition(".")[0] in self._tops

    def files_of(self, module: str) -> Iterator[str]:
        """The files that an import of a module runs: the packages around it, and itself."""
        parts = module.split(".")
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

    def reached(self) -> frozenset[str]:
        """The app's Python files that its commands lead to; empty where none was recognised."""
        todo = [path for step in steps(self.slug) for path in self._entries(step)]
        done: set[str] = set()
        while todo:
            path = todo.pop()
            if path not in done:
                done.add(path)
                facts = facts_of(self.slug.files[path])
                todo += self._leads_to(path, facts) if facts else ()
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
        if step.program in ("flask", "fastapi"):
            named = self.slug.env.get("FLASK_APP", "").partition(":")[0].removesuffix(".py")
            for module in (named,) if named else _DEFAULT_APPS:
                yield from self.files_of(module.replace("/", "."))

    def _leads_to(self, path: str, facts: Facts) -> Iterator[str]:
        package = path.removesuffix(".py").split("/")[:-1]
        for each in facts.imports:
            level = len(each.module) - len(each.module.lstrip("."))
            name = each.module.lstrip(".")
            if level:
                base = package[: len(package) - level + 1]
                yield from self._below("", [*base, *filter(None, name.split("."))])
                for one in each.names:
                    yield from self._below("", [*base, *filter(None, name.split(".")), one])
            else:
                yield from self._beside(package, name, each.names)
        for assign in facts.assigns:
            if assign.name == "INSTALLED_APPS" and isinstance(assign.value, tuple):
                for app in assign.value:
                    yield from self._django_app(app)
        for _, text in facts.strings:
            if _STRING.fullmatch(text):
                yield from self.files_of(text)

    def _beside(self, package: list[str], name: str, names: tuple[str, ...]) -> Iterator[str]:
        """An absolute import: from the program's own folder, or from one of the roots."""
        for module in (name, *(f"{name}.{one}" for one in names)):
            yield from self._below("/".join(package), module.split("."))
            yield from self.files_of(module)

    def _django_app(self, app: object) -> Iterator[str]:
        if isinstance(app, str):
            for part in ("apps", "models", "admin", "views", "urls", "signals"):
                yield from self.files_of(f"{app}.{part}")


def _roots(paths: list[str]) -> list[str]:
    """The folders that imports begin at: the app's own, src, and each that is no package."""
    packages = {posixpath.dirname(path) for path in paths if path.endswith("/__init__.py")}
    folders = {posixpath.dirname(path) for path in paths if not is_aside(path)}
    tops = {folder for folder in folders if folder not in packages}
    tops |= {posixpath.dirname(folder) for folder in packages}
    return [
        "",
        *sorted((tops - packages - {""}) | ({"src"} & {posixpath.dirname(t) for t in tops})),
    ]


def _tops(path: str, roots: list[str]) -> Iterator[str]:
    for root in roots:
        rest = path.removeprefix(f"{root}/") if root else path
        if rest != path or not root:
            yield rest.partition("/")[0].partition(".")[0]
