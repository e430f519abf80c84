"""`localku check`: says what is wrong, what would differ elsewhere, and what would start."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from localku.dynos.command import missing
from localku.dynos.spec import base_environment
from localku.errors import UserError
from localku.manifest import remarks
from localku.manifest.manifest import Manifest, Reading
from localku.manifest.problems import each
from localku.manifest.procfile import RELEASE
from localku.manifest.remarks import Remark
from localku.manifest.settings import parse_argv


def main(name: str, argv: list[str]) -> int:
    """Check the app; prints to stdout. Returns 0 if `localku start` would start it, else 1.

    Raises UserError(status=2) for a bad flag.
    """
    given, only = parse_argv(argv)
    try:
        reading = Reading(given, os.environ, only)
    except UserError as error:  # the folder itself, or a LOCALKU_* variable: nothing more to read
        _print_problems(each(error))
        return 1
    errors = reading.errors or _missing_programs(reading.manifest)
    _print_problems(errors)
    _print_remarks([*reading.warnings, *gather(reading, os.environ)])
    if errors or reading.manifest is None:
        return 1
    print("\n".join(summary(reading.manifest)))
    return 0


def gather(reading: Reading, environ: Mapping[str, str]) -> list[Remark]:
    """All remarks on the files that could be read."""
    found: list[Remark] = []
    for path, name in reading.procfiles:
        found += remarks.of_procfile(_raw(path), name)
    if reading.manifest is not None:
        found += remarks.of_types(reading.manifest.entries)
    for path, name in reading.envfiles:
        found += remarks.of_envfile(_raw(path), name, environ)
    if reading.manifest is not None:
        found += remarks.of_config(reading.manifest.env)
    return found


def _raw(path: str) -> str:
    """The text as it is on disk; "" if it cannot be read, which is an error said elsewhere."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _missing_programs(manifest: Manifest | None) -> list[UserError]:
    """The commands that `localku start` would refuse, because their program is not there."""
    errors: list[UserError] = []
    if manifest is None:
        return errors
    path = base_environment(dict(os.environ), manifest.env)["PATH"]
    for name, entry in manifest.entries.items():
        program = missing(entry.command, path, manifest.root) if manifest.quantities[name] else ""
        if program:
            hint = "install it, or put its folder on PATH"
            what = f"{name}: command not found: {program}"
            errors.append(UserError(what, where=entry.where, hint=hint))
    return errors


def _print_problems(errors: list[UserError]) -> None:
    for error in errors:
        print(error)
    if errors:
        count = f"{len(errors)} problem{'s' if len(errors) > 1 else ''}"
        print(f"{count}: localku start would not start this app")


def _print_remarks(found: list[Remark]) -> None:
    if not found:
        return
    print("Works here, but:")
    for place, text in found:
        print(f"  {place}: {text}" if place else f"  {text}")


def summary(manifest: Manifest) -> list[str]:
    """What `localku start` would start, as lines: type, dynos, ports, command."""
    settings = manifest.settings
    total = sum(manifest.quantities.values())
    address = f"http://{settings.bind}:{settings.port}" if settings.port else "any free port"
    if settings.tls:
        port = settings.https_port(settings.port)
        address += f" and https://{settings.bind}:{port}" if port else " and another for https"
    lines = [f"{manifest.app}: {total} dyno{'' if total == 1 else 's'}, router at {address}"]
    rows = [("TYPE", "DYNOS", "PORT", "COMMAND")]
    for name, entry in manifest.entries.items():
        quantity = manifest.quantities[name]
        rows.append((name, str(quantity), _ports(manifest, name, quantity), entry.command.strip()))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        name, count, ports = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(f"  {name}  {count}  {ports}  {row[3]}")
    if RELEASE in manifest.entries and not manifest.quantities[RELEASE]:
        lines.append("release is not a dyno: it runs on Heroku before a new release starts")
    lines.append(_config_line(manifest))
    return lines


def _ports(manifest: Manifest, name: str, quantity: int) -> str:
    router = manifest.settings.port
    if not quantity or not router:
        return "-"
    first, last = (manifest.port(name, number, router) for number in (1, quantity))
    return str(first) if quantity == 1 else f"{first}-{last}"


def _config_line(manifest: Manifest) -> str:
    count = len(manifest.env)
    files = dict.fromkeys(
        place.rpartition(":")[0] or place for place in manifest.env_places.values()
    )
    source = f" from {', '.join(files)}" if files else ""
    return f"{count} config var{'' if count == 1 else 's'}{source}"


if __name__ == "__main__":
    sys.exit(main("check", sys.argv[1:]))
