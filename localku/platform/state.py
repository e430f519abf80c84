"""What is kept of an app when localku ends: plain values, as the store reads and writes them. Pure.

Times are seconds since the epoch. Config vars are left out of every repr: a traceback may show one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SUCCEEDED, FAILED, PENDING = "succeeded", "failed", "pending"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the app's files said when they were read last.

    env: config vars. quantities: the formation, with flags. commands: of the process types.
    generated: secrets that were made up because app.json asked for them.
    """

    env: dict[str, str] = field(default_factory=dict, repr=False)
    quantities: dict[str, int] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    generated: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class AppState:
    """One app. root: the folder of its code, or "" for an app without any (H81).

    config: the config vars in force. routing: the policy that somebody chose, or "" for that of
    the settings.
    """

    id: str
    name: str
    root: str
    created_at: float
    updated_at: float
    released_at: float = 0.0
    maintenance: bool = False
    routing: str = ""
    config: dict[str, str] = field(default_factory=dict, repr=False)
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True, slots=True)
class Process:
    """One process type of an app: how many dynos of it are wanted, and of which size ("": nobody
    chose one)."""

    type: str
    quantity: int
    size: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Release:
    """One release: the config vars and the Procfile that it put in force, and why.

    user: an e-mail address. status: succeeded, failed or pending. output: of its release command.
    """

    id: str
    version: int
    description: str
    user: str
    created_at: float
    updated_at: float
    status: str = SUCCEEDED
    config: dict[str, str] = field(default_factory=dict, repr=False)
    commands: dict[str, str] = field(default_factory=dict)
    output: str = ""


@dataclass(frozen=True, slots=True)
class Domain:
    """A custom domain."""

    id: str
    hostname: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class DrainState:
    """A log drain. token: `d.UUID`, what its receiver knows it by. ca: PEM of the CA that alone may
    vouch for the receiver, "" for those whom this system trusts."""

    id: str
    url: str
    token: str
    created_at: float
    updated_at: float
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """A feature that somebody has switched on or off."""

    name: str
    enabled: bool
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Record:
    """Something that is kept for clients and changes nothing here: a webhook, a pipeline, an app's
    place in one.

    kind: what it is. app_id: of the app that it goes with, or "". parent_id: of the record that it
    goes with, or "". fields: JSON.
    """

    id: str
    kind: str
    app_id: str
    parent_id: str
    fields: dict[str, object]
    created_at: float
    updated_at: float
