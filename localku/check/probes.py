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

DYNAMIC: tuple[Probe, ...] = (
    Probe("env-reads", 3, "dynamic", "localku.check.dynamic:env_reads"),
    Probe("config-files", 3, "dynamic", "localku.check.dynamic:config_files"),
    Probe("changed-env", 3, "dynamic", "localku.check.dynamic:changed_env"),
    Probe("hard-coded", 4, "dynamic", "localku.check.dynamic:hard_coded"),
    Probe("swap", 4, "dynamic", "localku.check.dynamic:swap"),
    Probe("slug-writes", 5, "dynamic", "localku.check.dynamic:slug_writes"),
    Probe("two-dynos", 6, "dynamic", "localku.check.dynamic:two_dynos"),
    Probe("cookies", 6, "dynamic", "localku.check.dynamic:cookies"),
    Probe("own-files", 6, "dynamic", "localku.check.dynamic:own_files"),
    Probe("port", 7, "dynamic", "localku.check.dynamic:port"),
    Probe("address", 7, "dynamic", "localku.check.dynamic:address"),
    Probe("extra-ports", 7, "dynamic", "localku.check.dynamic:extra_ports"),
    Probe("share", 8, "dynamic", "localku.check.dynamic:share"),
    Probe("pid-files", 8, "dynamic", "localku.check.dynamic:pid_files"),
    Probe("daemons", 8, "dynamic", "localku.check.dynamic:daemons"),
    Probe("boot", 9, "dynamic", "localku.check.dynamic:boot"),
    Probe("sigterm", 9, "dynamic", "localku.check.dynamic:sigterm"),
    Probe("in-flight", 9, "dynamic", "localku.check.dynamic:in_flight"),
    Probe("sigkill", 9, "dynamic", "localku.check.dynamic:sigkill"),
    Probe("buffering", 11, "dynamic", "localku.check.dynamic:buffering"),
    Probe("log-files", 11, "dynamic", "localku.check.dynamic:log_files"),
    Probe("secrets-in-log", 11, "dynamic", "localku.check.dynamic:secrets_in_log"),
    Probe("one-off", 12, "dynamic", "localku.check.dynamic:one_off"),
    Probe("migrations", 12, "dynamic", "localku.check.dynamic:migrations"),
)
