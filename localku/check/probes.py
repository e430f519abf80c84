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


STATIC: tuple[Probe, ...] = ()

DYNAMIC: tuple[Probe, ...] = ()
