"""The table of probes; each is imported when it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """name: as in `--only`. factor: 1 to 12. kind: "static" (`probe(slug)`) or "dynamic"
    (`await probe(stage)`). target: `module:function`."""

    name: str
    factor: int
    kind: str
    target: str


_HERE = "localku.check."

STATIC: tuple[Probe, ...] = (
    Probe("git", 1, "static", f"{_HERE}codebase:git"),
    Probe("one-app", 1, "static", f"{_HERE}codebase:one_app"),
    Probe("environment-names", 1, "static", f"{_HERE}codebase:environment_names"),
    Probe("python-imports", 2, "static", f"{_HERE}pydeps:probe"),
    Probe("node-imports", 2, "static", f"{_HERE}nodedeps:probe"),
    Probe("lock-files", 2, "static", f"{_HERE}lockfiles:probe"),
    Probe("programs", 2, "static", f"{_HERE}binaries:probe"),
    Probe("secrets", 3, "static", f"{_HERE}secretfiles:probe"),
    Probe("config-files", 3, "static", f"{_HERE}configfiles:files"),
    Probe("config-vars", 3, "static", f"{_HERE}configfiles:names"),
)

DYNAMIC: tuple[Probe, ...] = ()
