"""What a Python program says of itself: imports, calls, strings, comparisons. Pure.

The tree of a file is walked once and let go: what stays is small, so that all probes share it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

UNKNOWN: Any = ...  # a value that only the running program knows
_MISS_NAMES = """
ImportError ModuleNotFoundError Exception BaseException OSError FileNotFoundError
subprocess.CalledProcessError CalledProcessError
KeyError
"""
_MISSES = frozenset(_MISS_NAMES.split())
_ENV_CALLS = ("environ.get", "getenv", "environ.setdefault", "environ.pop")


@dataclass(frozen=True)
class Import:
    """module: dotted, relative ones with leading dots. names: of a from-import. optional: the
    program goes on without it (try/except, `if TYPE_CHECKING`). inside: in a
    function or a branch, so that it may never run."""

    module: str
    names: tuple[str, ...]
    line: int
    optional: bool
    inside: bool


@dataclass(frozen=True)
class Call:
    """name: dotted as written. args, keywords: literals, else UNKNOWN; a list is a tuple of such.
    guarded: in a try that catches what a missing program or module raises."""

    name: str
    line: int
    args: tuple[Any, ...]
    keywords: dict[str, Any]
    guarded: bool

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Assign:
    """name: the last part of the target. value: a literal, else UNKNOWN. scope: class or function
    names around it, dotted, "" at the top of the module."""

    name: str
    line: int
    value: Any
    scope: str


@dataclass(frozen=True)
class EnvRead:
    """A config var that the program asks for. required: it fails without (`os.environ["X"]`)."""

    name: str
    line: int
    required: bool
    inside: bool
    guarded: bool


@dataclass
class Facts:
    imports: list[Import] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    assigns: list[Assign] = field(default_factory=list)
    strings: list[tuple[int, str]] = field(default_factory=list)
    compares: list[tuple[int, str, str]] = field(default_factory=list)  # line, left, text
    env: list[EnvRead] = field(default_factory=list)
    defines: set[str] = field(default_factory=set)


@lru_cache(maxsize=32768)
def facts_of(text: str) -> Facts | None:
    """The facts of one program; None where it is not Python that this interpreter can read."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an app's own escape sequences are no news here
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    facts = Facts()
    try:
        _Walk(facts).visit(tree)
    except RecursionError:
        return None
    return facts


class _Walk(ast.NodeVisitor):
    """Fills Facts. Where the walk is: in a guarded block, in a function, in which scope."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.guarded = False
        self.inside = 0
        self.scope: list[str] = []

    def visit_Try(self, node: ast.Try) -> None:
        before, self.guarded = self.guarded, self.guarded or _catches(node)
        self._all(node.body)
        self.guarded = self.guarded and bool(before or node.handlers)
        self._all([*node.handlers])  # what the handler imports in its stead is optional as well
        self.guarded = before
        self._all([*node.orelse, *node.finalbody])

    def visit_If(self, node: ast.If) -> None:
        before = self.guarded
        text = dotted(node.test)
        self.guarded = before or text.endswith("TYPE_CHECKING") or _asks_version(node.test)
        self.visit(node.test)
        is_main = isinstance(node.test, ast.Compare) and dotted(node.test.left) == "__name__"
        self.inside += not is_main  # what stands in a branch may never run
        self._all(node.body)
        self._all(node.orelse)
        self.inside -= not is_main
        self.guarded = before

    def visit_With(self, node: ast.With) -> None:
        before = self.guarded
        names = [dotted(item.context_expr).removesuffix("()") for item in node.items]
        self.guarded = before or any(name.endswith("suppress") for name in names)
        self.generic_visit(node)
        self.guarded = before

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if not self.scope:
            self.facts.defines.add(node.name)
        self.inside += 1
        self._scoped(node, node.name)
        self.inside -= 1

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if not self.scope:
            self.facts.defines.add(node.name)
        self._scoped(node, node.name)

    def _scoped(self, node: ast.AST, name: str) -> None:
        self.scope.append(name)
        body = getattr(node, "body", [])
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:]  # a docstring is no value of the program
        kept = set(map(id, body))
        for child in ast.iter_child_nodes(node):
            if id(child) in kept or not isinstance(child, ast.stmt):
                self.visit(child)
        self.scope.pop()

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name, (), node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self._import(module, tuple(alias.name for alias in node.names), node.lineno)

    def _import(self, module: str, names: tuple[str, ...], line: int) -> None:
        found = Import(module, names, line, self.guarded, bool(self.inside))
        self.facts.imports.append(found)

    def visit_Call(self, node: ast.Call) -> None:
        keywords = {each.arg: literal(each.value) for each in node.keywords if each.arg}
        args = tuple(literal(each) for each in node.args)
        call = Call(dotted(node.func), node.lineno, args, keywords, self.guarded)
        self.facts.calls.append(call)
        if self._is_env(call.name, _ENV_CALLS) and args and isinstance(args[0], str):
            self._env(args[0], node.lineno, False)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        key = literal(node.slice)
        loads = isinstance(node.ctx, ast.Load)
        if loads and isinstance(key, str) and self._is_env(dotted(node.value), ("environ",)):
            self._env(key, node.lineno, True)
        self.generic_visit(node)

    def _is_env(self, name: str, wanted: tuple[str, ...]) -> bool:
        """Whether a name is os's: `environ` alone may be that of a request (PEP 3333)."""
        if name in wanted:
            return any(each.module == "os" and each.names for each in self.facts.imports)
        return name.startswith("os.") and name[3:] in wanted

    def _env(self, name: str, line: int, required: bool) -> None:
        read = EnvRead(name, line, required, bool(self.inside), self.guarded)
        self.facts.env.append(read)

    def visit_Assign(self, node: ast.Assign) -> None:
        value = literal(node.value)
        for target in node.targets:
            self._assign(target, value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node.target, literal(node.value))
        self.generic_visit(node)

    def _assign(self, target: ast.expr, value: Any) -> None:
        name = dotted(target).rpartition(".")[2]
        if isinstance(target, ast.Subscript):
            key = literal(target.slice)
            name = key if isinstance(key, str) else ""
        if name:
            scope = ".".join(self.scope)
            self.facts.assigns.append(Assign(name, target.lineno, value, scope))
            if not self.scope:
                self.facts.defines.add(name)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a string that stands alone is a comment
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and len(node.value) >= 4:
            self.facts.strings.append((node.lineno, node.value))

    def visit_Compare(self, node: ast.Compare) -> None:
        for other in (node.left, *node.comparators):
            for text in _texts(other):
                sides = [dotted_deep(s) for s in (node.left, *node.comparators) if s is not other]
                self.facts.compares += [(node.lineno, side, text) for side in sides if side]
        self.generic_visit(node)

    def _all(self, nodes: list[Any]) -> None:
        for node in nodes:
            self.visit(node)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; a call within is `()`: `f().x`; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else node.attr
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return ""


def dotted_deep(node: ast.AST) -> str:
    """As dotted, and for `os.environ["X"]`, `getenv("X")`, `env.lower()` with the key that is
    asked for in brackets."""
    if isinstance(node, ast.Subscript):
        return f"{dotted(node.value)}[{literal(node.slice)}]"
    if isinstance(node, ast.Call):
        inner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(inner, (ast.Call, ast.Subscript)) and not node.args:
            return dotted_deep(inner)  # .lower(), .strip()
        key = literal(node.args[0]) if node.args else ""
        return f"{dotted(node.func)}[{key}]" if isinstance(key, str) else dotted(node.func)
    return dotted(node)


def literal(node: ast.AST) -> Any:
    """The value of a literal: text, number, truth, None, a tuple or a dictionary of such."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return tuple(literal(each) for each in node.elts)
    if isinstance(node, ast.Dict):
        keys = [literal(key) if key else UNKNOWN for key in node.keys]
        pairs = zip(keys, node.values, strict=True)
        return {key: literal(value) for key, value in pairs if isinstance(key, str)}
    return UNKNOWN


def _texts(node: ast.AST) -> Iterator[str]:
    value = literal(node)
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, str):
            yield each


def _catches(node: ast.Try) -> bool:
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(kind is None or dotted(kind) in _MISSES for kind in kinds):
            return True
    return False


def _asks_version(test: ast.AST) -> bool:
    """Whether a branch depends on the interpreter or the system, so that it may never be taken."""
    names = {dotted(each) for each in ast.walk(test) if isinstance(each, ast.Attribute)}
    return bool(names & {"sys.version_info", "sys.platform", "os.name"})
