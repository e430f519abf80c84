"""II: is all that the running app imports and starts declared? Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from localku.check.binaries import ABSENT
from localku.check.declared import Declared
from localku.check.distributions import is_satisfied, normalised
from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, names, plural, some, unseen
from localku.check.record import Run, Sight

_WHY = (
    "Heroku installs what is declared and nothing else: what happens to be on this machine is not"
    " there, and the dyno ends with ModuleNotFoundError or `command not found`"
)


@dataclass(frozen=True)
class Installed:
    """What one Python has. modules: top-level module -> distributions. requires: distribution ->
    those that come along. scripts: program -> distribution. Names are normalised (PEP 503)."""

    modules: Mapping[str, list[str]]
    requires: Mapping[str, list[str]]
    scripts: Mapping[str, str]

    def along(self, declared: frozenset[str]) -> set[str]:
        """What is installed because of these."""
        found: set[str] = set()
        waiting = list(declared)
        while waiting:
            for name in self.requires.get(waiting.pop(), []):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found


def modules(
    run: Run, declared: Declared, known: Installed | None, optional: frozenset[str] = frozenset()
) -> list[Finding]:
    """Whether each package that the app's own code imported, and the program that runs it, is
    declared. known: what the app's interpreter has; None: it did not say. optional: places
    (`app.py:3`) of imports that the app can do without."""
    if "python" not in run.languages:
        return unseen(2, "modules-run", run.failed or "imports can be seen in Python only")
    if known is None:
        return unseen(2, "modules-run", "the app's Python did not say what is installed")
    used = _used(run, known, optional)
    if not used and not run.of("import"):
        what = "no file of the app's folder imported anything: what ran is installed elsewhere"
        return unseen(2, "modules-run", what)
    if not used:
        return [Finding(2, "modules-run", PASS, "it imported the standard library and itself only")]
    if not declared.main and (declared.unreadable or declared.unnamed):
        return unseen(2, "modules-run", "what is declared could not be read")
    main = frozenset(declared.main)
    along = known.along(main)
    missing: dict[str, Evidence] = {}
    loose: dict[str, Evidence] = {}
    for name, (givers, evidence) in used.items():
        if main & givers or is_satisfied(name, main):
            continue
        brought = along & givers or (declared.unnamed and givers)
        (loose if brought else missing).setdefault(name, evidence)
    findings = []
    spare = declared.extra.keys() | declared.dev.keys()
    if missing:
        is_spare = all(used[name][0] & spare for name in missing)
        what = "declared for development or as an extra only" if is_spare else "declared nowhere"
        findings.append(
            Finding(
                2,
                "modules-run",
                FAIL,
                f"it used {names(list(missing))}, {what}",
                some(missing.values()),
                _WHY,
                "name it, with its version, where the app declares what it needs",
            )
        )
    if loose:
        findings.append(
            Finding(
                2,
                "modules-run",
                WARN,
                f"it imported {names(list(loose))}, which only comes along with another package",
                some(loose.values()),
                "when that package no longer needs it, the next build lacks it, and the dyno dies",
                "declare what the code itself imports",
            )
        )
    if not findings:
        said = f"{plural(len(used), 'package')} that it used are declared: {names(sorted(used))}"
        findings.append(Finding(2, "modules-run", PASS, said))
    return findings


def _used(
    run: Run, known: Installed, optional: frozenset[str]
) -> dict[str, tuple[set[str], Evidence]]:
    """Module or program -> the distributions that give it, and where it was used."""
    own = {part for path in run.original for part in _modules_of(path)}
    found: dict[str, tuple[set[str], Evidence]] = {}
    for sight in run.of("import"):
        name = str(sight.data.get("module"))
        givers = set(known.modules.get(name, ()))
        if sight.where in optional:
            continue
        if givers and name not in own and name not in sys.stdlib_module_names:
            found.setdefault(name, (givers, _imports(sight, name)))
    for sight in run.of("python"):
        for word in str(sight.data.get("argv", "")).split()[1:2]:
            program = word.rpartition("/")[2]
            giver = known.scripts.get(program)
            if giver and program not in own and "/" in word:
                evidence = Evidence("process", sight.dyno, f"runs {program}")
                found.setdefault(program, ({giver, normalised(program)}, evidence))
    return found


def _imports(sight: Sight, name: str) -> Evidence:
    return Evidence("syscall", sight.where, f"imports {name}")


def _modules_of(path: str) -> list[str]:
    """The names that a file of the app may be imported by."""
    *folders, name = path.split("/")
    return [*folders, name.removesuffix(".py")] if name.endswith(".py") else []


def programs(run: Run, aptfile: str) -> list[Finding]:
    """Whether it started programs that a dyno has not got."""
    seen: dict[str, Evidence] = {}
    for sight in run.of("spawn"):
        words = str(sight.data.get("command", "")).split()
        program = str(sight.data.get("program", "")).rpartition("/")[2]
        if program in ("sh", "bash") and words:
            rest = words[2:] if words[0].endswith("sh") and words[1:2] == ["-c"] else words
            program = rest[0].rpartition("/")[2] if rest else program
        if sight.where:
            seen.setdefault(program, Evidence("syscall", sight.where, f"starts {program}"))
    lacking = [name for name in seen if name in ABSENT and ABSENT[name] not in aptfile.split()]
    if lacking:
        return [
            Finding(
                2,
                "programs-run",
                WARN,
                f"it started {names(lacking)}, which a dyno has not got",
                some(seen[name] for name in lacking),
                "the heroku-24 image does not have it: the call fails there",
                f"name {names([ABSENT[name] for name in lacking])} in an Aptfile (apt buildpack)",
            )
        ]
    if not seen:
        return [Finding(2, "programs-run", PASS, "its own code started no program")]
    said = f"it started {names(list(seen))}: none is known to be missing in a dyno"
    return [Finding(2, "programs-run", PASS, said)]
