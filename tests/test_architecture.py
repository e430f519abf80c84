"""The house stays as it is drawn: imports go down the floors only, and pure modules are pure."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "localku"

# room -> the rooms below it (localku.errors and localku.frames are below all)
FLOORS = {
    "manifest": set(),
    "logs": {"manifest"},
    "dynos": {"logs", "manifest"},
    "router": {"logs", "manifest"},
    "metrics": {"logs", "manifest"},
    "watch": {"logs", "manifest"},
    "certs": {"logs", "manifest"},
    "top": {"manifest"},
    "simulate": {"router", "metrics", "logs", "manifest"},
    "platform": {"dynos", "router", "metrics", "watch", "certs", "logs", "manifest"},
    "chaos": {"platform", "dynos", "logs", "manifest"},
    "api": {"platform", "dynos", "router", "metrics", "watch", "certs", "logs", "manifest"},
    "cli": {"api", "platform", "dynos", "router", "metrics", "watch", "certs", "logs", "manifest"},
}
FLOORS["api"] |= {"chaos"}
FLOORS["cli"] |= {"top", "simulate", "chaos"}
FLOORS["load"] = FLOORS["cli"] | {"cli"}
FLOORS["check"] = FLOORS["load"] | {"load"}
FLOORS["lessons"] = FLOORS["check"] | {"check"}
EFFECTS = {"asyncio", "socket", "_socket", "subprocess", "select", "selectors", "signal", "random"}
EFFECTS |= {"time", "secrets", "threading", "aiohttp", "watchfiles"}
_PURE = """
manifest/formation manifest/setting manifest/settings_table manifest/levels manifest/appname
logs/entry logs/lines logs/format logs/logfmt logs/filters logs/losses logs/palette logs/jsonlines
logs/records logs/words logs/secrets
dynos/lifecycle dynos/oneoff_life dynos/effects dynos/backoff dynos/quota dynos/spec
dynos/load dynos/report
metrics/histogram metrics/l2met metrics/routerlines metrics/slices metrics/series metrics/shapes
metrics/marks metrics/totals
router/table router/policy router/codes router/pages router/record router/head router/response
router/http2_head router/grammar router/forward router/chunked router/quarantine router/settings
router/words
watch/rules watch/debounce watch/ignores watch/runaway
platform/plan platform/seen platform/state platform/migrations platform/catalog
platform/caps dynos/cgroup_rules
manifest/domain router/affinity api/errors api/wishes api/run_wishes api/lookup api/ranges frames
logs/drain_url logs/whole logs/logplex logs/backlog logs/delivery logs/drain_answer
certs/names api/sockowner api/access api/spoken cli/surroundings logs/events
cli/quoting cli/tables cli/runwords
top/spans top/figures top/events top/window top/custom top/state top/header top/table top/panels
top/loglines top/wishes top/keys top/layout top/report
load/result load/rates load/thresholds load/words load/har load/scenario load/wire load/tally
load/percentiles load/verdict load/table
load/usl load/linear load/order load/search load/goal load/summary load/limits load/analysis
load/canvas load/sidebyside load/document load/plots
simulate/chance simulate/laws simulate/gaps simulate/tally simulate/outcome simulate/lanes
simulate/ordered simulate/exact simulate/closed simulate/scenario simulate/predict
simulate/samples simulate/wording simulate/paper simulate/capacity simulate/document
check/finding
lessons/watched lessons/lesson
chaos/faults chaos/course chaos/words chaos/swap
check/record check/order check/comparing check/changing check/world check/judging check/verdicts
check/judge_files check/judge_port check/judge_life check/judge_dynos check/judge_logs
check/judge_config check/judge_services check/judge_admin check/text check/document
check/redaction check/judge_deps
check/slug check/slugignore check/evidence check/places check/remembered check/redact
check/pyfacts check/pymodules check/jsfacts check/commands check/declared check/distributions
check/pydeps check/nodedeps check/lockfiles check/binaries check/secretshapes check/secretfiles
check/codebase check/configfiles check/backing check/commandprobes check/sessions check/binding
check/signals check/parity check/logfiles check/languages
"""
PURE = _PURE.split()
# what `localku start` imports before the first dyno runs: the standard modules that it may use
START_PATH = {"os", "sys", "errno", "gc", "time", "marshal", "_socket"}
_START = """
cli/entry cli/start errors manifest/manifest manifest/settings manifest/procfile manifest/envfile
frames dynos/early dynos/init dynos/census dynos/process dynos/spec dynos/ports dynos/command
dynos/tree dynos/rites dynos/kernel dynos/cage dynos/descriptors platform/home platform/plan
platform/seen platform/savedfile
router/listener manifest/domain logs/words logs/entry
"""
START = _START.split()


def imports(path: Path, *, at_start: bool = False) -> set[str]:
    """The modules that a file imports; at_start: only those that its import imports."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if not at_start else iter(tree.body)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if not name.startswith("__future__")}


def modules() -> list[Path]:
    return [path for path in ROOT.rglob("*.py") if path.name != "__init__.py"]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    if room not in FLOORS:
        assert room in ("errors.py", "frames.py", "__main__.py")
        return
    allowed = FLOORS[room] | {room, "errors", "frames", "__version__"}
    for name in imports(path):
        if name.startswith("localku."):
            assert name.split(".")[1] in allowed, f"{room} must not import {name}"


def test_every_room_is_on_a_floor() -> None:
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_have_no_effects(name: str) -> None:
    found = {module.split(".")[0] for module in imports(ROOT / f"{name}.py")}
    assert not found & EFFECTS


@pytest.mark.parametrize("name", START)
def test_the_start_path_imports_little(name: str) -> None:
    found = {module.split(".")[0] for module in imports(ROOT / f"{name}.py", at_start=True)}
    assert found - {"localku"} <= START_PATH


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 320, "mostly under 300"
