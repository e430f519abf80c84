"""What a dyno is to run: a value. START PATH: no dataclass here."""

from __future__ import annotations

import os

RUNNING = ("command", "cwd", "env", "pty", "health", "cpu")  # the rest applies without a restart
PORT_WORD = r"\$(?:PORT\b|\{PORT\})"


class DynoSpec:
    """name: `web.1`. type: `web`. env: all but what the dyno's own run adds (see `environment`).

    port: the one that it would like. binds: it is up only when it has bound its port (web).
    boot, grace: seconds. memory: quota in bytes, 0 for none. cpu: cores that it may use, 0 for no
    cap. health: a path that must answer
    within health_timeout seconds before the dyno is up, or "". release: the version that it is of.
    """

    __slots__ = (
        "binds",
        "boot",
        "command",
        "cpu",
        "cwd",
        "env",
        "grace",
        "health",
        "health_timeout",
        "memory",
        "name",
        "port",
        "pty",
        "release",
        "type",
    )

    def __init__(
        self,
        name: str,
        command: str,
        cwd: str,
        env: dict[str, str],
        port: int,
        *,
        pty: bool = False,
        boot: float = 60.0,
        grace: float = 30.0,
        memory: int = 0,
        cpu: float = 0.0,
        health: str = "",
        health_timeout: float = 5.0,
        release: int = 0,
    ) -> None:
        self.name = name
        self.type = name.rpartition(".")[0]
        self.binds = self.type == "web"
        self.command = command
        self.cwd = cwd
        self.env = env
        self.port = port
        self.pty = pty
        self.boot = boot
        self.grace = grace
        self.memory = memory
        self.cpu = cpu
        self.health = health
        self.health_timeout = health_timeout
        self.release = release

    def differs(self, other: DynoSpec) -> bool:
        """Whether a dyno of this spec must be restarted to be one of the other."""
        return any(getattr(self, slot) != getattr(other, slot) for slot in RUNNING)

    def shown(self, port: int) -> str:
        """The command as Heroku's log shows it: $PORT expanded, everything else as written."""
        import re  # when first needed: after the first exec

        return re.sub(PORT_WORD, str(port), self.command)


def environment(spec: DynoSpec, port: int) -> dict[str, str]:
    """The variables of one run: the config, and PORT, DYNO (Heroku) and PS (foreman)."""
    return {**spec.env, "PORT": str(port), "DYNO": spec.name, "PS": spec.name}


def base_environment(parent: dict[str, str], config: dict[str, str]) -> dict[str, str]:
    """What all dynos of an app share: config vars win over the surroundings, as in heroku local.

    Python programs get unbuffered output, or nothing of a crash would be seen in a pipe.
    """
    env = {"PYTHONUNBUFFERED": "1", **parent, **config}
    env.pop("LOCALKU_DYNO_ID", None)
    env.setdefault("PATH", os.defpath)
    return env
