"""What a trial is to run: a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class Order:
    """What a trial is to run. slug: its copy. work: a folder of its own for all else. config: the
    config vars. environ: of the platform. formation: dynos of each type. boot, grace: seconds.
    at_once: the dynos start with the platform, and not after the release phase."""

    slug: str
    work: str
    app: str
    config: Mapping[str, str]
    environ: Mapping[str, str]
    formation: Mapping[str, int]
    commands: Mapping[str, str]
    mark: str
    boot: float = 60.0
    grace: float = 30.0
    at_once: bool = True
