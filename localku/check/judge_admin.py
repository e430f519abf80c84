"""XII: does a one-off dyno see the code and config that the web dynos see? Pure."""

from __future__ import annotations

import re

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, names, unseen
from localku.check.record import Run

_SET = re.compile(r"(?:^|[\s;&(])(?:export\s+|env\s+)?([A-Z_][A-Z0-9_]*)=")
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


def one_off(run: Run) -> list[Finding]:
    """Whether `localku run` is in the folder and environment of the web dyno."""
    if run.failed:
        return unseen(12, "one-off", run.failed)
    if not run.one_off:
        return unseen(12, "one-off", "a one-off dyno could not be run")
    if not run.can_see_processes:
        return unseen(
            12, "one-off", "the web dyno's folder and variables can be seen on Linux only"
        )
    listening = {each.pid for each in run.listeners if each.dyno == "web.1"}
    web = [each for each in run.processes if each.pid in listening]
    if not web:
        return unseen(12, "one-off", "there is no web dyno to compare it with")
    folder = run.one_off["folder"]
    known = set(run.one_off["names"].split())
    own = {name for name in _SET.findall(run.commands.get("web", "")) if name in web[0].names}
    given = {name for name in run.config if _NAME.fullmatch(name) and name in web[0].names}
    missing = sorted((own | given) - known)
    if run.one_off["hash"] != run.one_off["web_hash"]:
        what = "it sees other files than the web dyno"
        evidence = (Evidence("file", folder, f"sum {run.one_off['hash']}"),)
        return [Finding(12, "one-off", FAIL, what, evidence, _WHY, "one slug for all processes")]
    if missing:
        said = f"the web dyno has {names(missing)}, which a one-off dyno has not"
        is_own = own.issuperset(missing)
        evidence = (
            Evidence("file", "Procfile", f"web sets {names(missing)} itself")
            if is_own
            else Evidence("process", "run.1", f"has no {names(missing)}"),
        )
        fix = "make it a config var: every process has those"
        return [Finding(12, "one-off", WARN, said, evidence, _WHY, fix)]
    if web[0].cwd != folder:
        said = "the web process works in another folder than a one-off dyno"
        evidence = (Evidence("process", "web.1", f"is in {web[0].cwd.removeprefix(folder)}"),)
        fix = "let programs find their files by their own place, not by the current folder"
        return [Finding(12, "one-off", WARN, said, evidence, _WHY, fix)]
    said = "a one-off dyno sees the same files and config vars as the web dyno"
    evidence = (
        Evidence("file", "the app's folder", f"sum {run.one_off['hash'].split()[0]} in both"),
    )
    return [Finding(12, "one-off", PASS, said, evidence)]


_WHY = (
    "`heroku run` is how a console, a script or a fix runs: in another environment than the app's"
    " it works on other data or not at all"
)
