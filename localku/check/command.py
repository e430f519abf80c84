"""`localku doctor`: judges the app of a folder by the twelve factors, from reading and running it.

Exit status: 0; with --fail-on 1 when a factor is as bad as that; 1 when the app cannot be judged
at all, 2 for a wrong command, 130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from localku.check import document, text, verdicts
from localku.check.finding import Finding, Verdict
from localku.check.probes import DYNAMIC, Probe
from localku.check.progress import Progress
from localku.check.redaction import Cleaner
from localku.check.slug import Slug
from localku.check.stage import Stage, Wishes
from localku.check.verdicts import Factor
from localku.cli.client import USAGE, Options
from localku.errors import UserError
from localku.manifest import manifest as manifests
from localku.manifest.manifest import Manifest
from localku.manifest.setting import duration

STDOUT = "-"
INTERRUPTED = 130
WIDTH = 100
SEEN_RUNNING = (5, 6, 7, 8, 9, 11, 12)  # factors of which files say little


def main(name: str, argv: list[str]) -> int:
    """Judge the app; returns the exit status. Raises UserError."""
    options = read(name, argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no such letter
    wanted = verdicts.read_only(options.only)
    _check_files(options)
    wishes = _wishes(options)
    manifest = manifests.load({"root": options.root}, os.environ)
    from localku.check.reading import read_slug
    from localku.check.static import run_static

    slug = read_slug(manifest.root)
    findings: list[Finding] = []
    failed = ""
    progress = Progress()
    if not options.quick:
        rows = [probe for probe in DYNAMIC if probe.factor in wanted]
        try:
            findings, failed = asyncio.run(_dynamic(manifest, wishes, rows, progress, slug))
        except asyncio.CancelledError:
            return INTERRUPTED
        finally:
            progress.close()
    static = run_static(slug, wanted)  # what was seen stands before what was read
    findings = [each for each in findings if not _is_said(each, static)]
    findings += [_unrun(each, failed) for each in static] if failed else static
    config = {**manifest.env, **wishes.env}
    # a value that names a file of the app is no secret, and evidence says where
    hidden = {name: value for name, value in config.items() if value not in slug.files}
    cleaner = Cleaner(hidden, slug.files.values())
    found = verdicts.factors([cleaner.finding(each) for each in findings], wanted)
    _save(options, manifest.app, found)
    return verdicts.status(found, options.fail_on)


# -- the command line ------------------------------------------------------------------------------


def read(name: str, argv: list[str]) -> argparse.Namespace:
    """The command line. Raises UserError(status=2)."""
    parser = Options(name)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--path", action="append", default=[], dest="paths")
    parser.add_argument("--script", default="")
    parser.add_argument("-e", "--env", action="append", default=[])
    parser.add_argument("--use-services", action="store_true")
    parser.add_argument("--fail-on", default="", choices=("warn", "fail"))
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--json", nargs="?", const=STDOUT, default="")
    parser.add_argument("--html", default="")
    parser.add_argument("--boot-timeout", default="60s")
    parser.add_argument("--grace", default="30s")
    parser.add_argument("--limit", default="5m")
    parser.add_argument("--seed", default="1")
    try:
        options = parser.read(argv)
        verdicts.read_only(options.only)
        return options
    except UserError as error:
        error.status = USAGE
        raise


def _wishes(options: argparse.Namespace) -> Wishes:
    try:
        script = None
        if options.script:
            from localku.check.asking import read_script

            script = read_script(_text(options.script), options.script)
        for path in options.paths:
            if not path.startswith("/"):
                raise UserError(f"{path} is no path", where="--path", hint="it begins with /")
        return Wishes(
            paths=("/", *options.paths),
            script=script,
            env=dict(_variable(each) for each in options.env),
            use_services=options.use_services,
            boot=_seconds("--boot-timeout", options.boot_timeout),
            grace=_seconds("--grace", options.grace),
            limit=_seconds("--limit", options.limit),
            seed=_seed(options.seed),
        )
    except UserError as error:
        error.status = USAGE
        raise


def _variable(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise UserError(f"{word} is no NAME=VALUE", where="--env")
    return name, value


def _seconds(flag: str, word: str) -> float:
    try:
        found = duration(word)
    except (UserError, ValueError) as error:
        raise UserError(f"{word} is no time: {error}", where=flag) from None
    if found <= 0:
        raise UserError("it has to be more than 0", where=flag)
    return found


def _seed(word: str) -> int:
    if not word.lstrip("-").isdigit():
        raise UserError(f"{word} is no whole number", where="--seed")
    return int(word)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UserError(f"cannot read it: {reason}", where=path) from None


# -- probes ----------------------------------------------------------------------------------------


async def _dynamic(
    manifest: Manifest,
    wishes: Wishes,
    rows: Sequence[Probe],
    progress: Progress,
    slug: Slug,
) -> tuple[list[Finding], str]:
    """Run the dynamic probes: what they found, and why the app did not come up, or "".

    A signal cancels them; what they started is ended in any case.
    """
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    stage = Stage(manifest, wishes, progress.say, slug)
    found: list[Finding] = []
    try:
        await stage.open()
        for probe in rows:
            found += await _watched(probe, stage)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(asyncio.ensure_future(stage.close()))
    return found, stage.failed


async def _watched(probe: Probe, stage: Stage) -> list[Finding]:
    """One probe; what keeps it from seeing anything is its finding."""
    try:
        found: list[Finding] = await _function(probe)(stage)
        return found
    except UserError as error:
        said = f"{error.where}: {error.message}" if error.where else error.message
        return [Finding(probe.factor, probe.name, Verdict.NOT_OBSERVED, said)]
    except Exception as error:  # what nobody foresaw must not end the report
        said = f"this probe failed: {type(error).__name__}"
        return [Finding(probe.factor, probe.name, Verdict.NOT_OBSERVED, said)]


def _is_said(finding: Finding, static: Sequence[Finding]) -> bool:
    """Whether reading the files has found the same: then it need not be said twice."""
    if finding.probe != "modules-run" or finding.verdict is Verdict.PASS:
        return False
    words = finding.said.partition(" which ")[0].partition(", declared")[0].split()[2:]
    names = [word.strip(",") for word in words if word != "and"]
    return any(
        each.probe == "python-imports"
        and each.verdict is finding.verdict
        and all(name in each.said for name in names)
        for each in static
    )


def _unrun(finding: Finding, failed: str) -> Finding:
    """What was read of an app that did not come up: nothing bad in the files is no pass."""
    if finding.factor not in SEEN_RUNNING or finding.verdict is not Verdict.PASS:
        return finding
    said = f"{failed}; read only: {finding.said}"
    return replace(finding, verdict=Verdict.NOT_OBSERVED, said=said)


def _function(probe: Probe):  # type: ignore[no-untyped-def]
    module, _, name = probe.target.partition(":")
    return getattr(importlib.import_module(module), name)


# -- what is printed and saved ---------------------------------------------------------------------


def _check_files(options: argparse.Namespace) -> None:
    """See that the files can be written before a minute is spent. Raises UserError."""
    for flag, path in (("--json", options.json), ("--html", options.html)):
        if path and path != STDOUT:
            is_new = not os.path.lexists(path)
            try:
                with open(path, "ab"):
                    pass
                if is_new:
                    os.unlink(path)
            except OSError as error:
                what = f"cannot write {path}: {error.strerror}"
                raise UserError(what, where=flag, status=USAGE) from None


def _save(options: argparse.Namespace, app: str, found: Sequence[Factor]) -> None:
    whole = document.document(app, found)
    plain = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    if options.json == STDOUT:
        sys.stdout.write(plain)
    else:
        width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        said = text.lines(found, color=color, width=width, verbose=options.verbose)
        sys.stdout.write("\n".join(said) + "\n")
    if options.json and options.json != STDOUT:
        _write(options.json, plain)
    if options.html:
        from localku.check import page

        _write(options.html, page.page(whole))


def _write(path: str, said: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(said)
    except OSError as error:
        raise UserError(f"cannot write it: {error.strerror}", where=path) from None
