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
    Probe("service-hosts", 4, "static", f"{_HERE}backing:hosts"),
    Probe("database-files", 4, "static", f"{_HERE}backing:files"),
    Probe("database-url", 4, "static", f"{_HERE}backing:url_read"),
    Probe("build-at-start", 5, "static", f"{_HERE}commandprobes:build_at_start"),
    Probe("session-store", 6, "static", f"{_HERE}sessions:store"),
    Probe("schedule-in-web", 6, "static", f"{_HERE}sessions:schedule"),
    Probe("port", 7, "static", f"{_HERE}binding:port"),
    Probe("address", 7, "static", f"{_HERE}binding:address"),
    Probe("daemons", 8, "static", f"{_HERE}commandprobes:daemons"),
    Probe("shell-in-front", 9, "static", f"{_HERE}commandprobes:shell_in_front"),
    Probe("sigterm-ignored", 9, "static", f"{_HERE}signals:ignored"),
    Probe("same-database", 10, "static", f"{_HERE}parity:database"),
    Probe("language-version", 10, "static", f"{_HERE}parity:version"),
    Probe("log-files", 11, "static", f"{_HERE}logfiles:probe"),
    Probe("migrations", 12, "static", f"{_HERE}commandprobes:migrations"),
)

DYNAMIC: tuple[Probe, ...] = (
    Probe("modules-run", 2, "dynamic", "localku.check.dynamic:modules_run"),
    Probe("programs-run", 2, "dynamic", "localku.check.dynamic:programs_run"),
    Probe("env-reads", 3, "dynamic", "localku.check.dynamic:env_reads"),
    Probe("config-files-read", 3, "dynamic", "localku.check.dynamic:config_files_read"),
    Probe("changed-env", 3, "dynamic", "localku.check.dynamic:changed_env"),
    Probe("hard-coded", 4, "dynamic", "localku.check.dynamic:hard_coded"),
    Probe("swap", 4, "dynamic", "localku.check.dynamic:swap"),
    Probe("slug-writes", 5, "dynamic", "localku.check.dynamic:slug_writes"),
    Probe("two-dynos", 6, "dynamic", "localku.check.dynamic:two_dynos"),
    Probe("cookies", 6, "dynamic", "localku.check.dynamic:cookies"),
    Probe("own-files", 6, "dynamic", "localku.check.dynamic:own_files"),
    Probe("port-bound", 7, "dynamic", "localku.check.dynamic:port_bound"),
    Probe("address-bound", 7, "dynamic", "localku.check.dynamic:address_bound"),
    Probe("extra-ports", 7, "dynamic", "localku.check.dynamic:extra_ports"),
    Probe("share", 8, "dynamic", "localku.check.dynamic:share"),
    Probe("pid-files", 8, "dynamic", "localku.check.dynamic:pid_files"),
    Probe("daemons-seen", 8, "dynamic", "localku.check.dynamic:daemons_seen"),
    Probe("boot", 9, "dynamic", "localku.check.dynamic:boot"),
    Probe("sigterm", 9, "dynamic", "localku.check.dynamic:sigterm"),
    Probe("in-flight", 9, "dynamic", "localku.check.dynamic:in_flight"),
    Probe("sigkill", 9, "dynamic", "localku.check.dynamic:sigkill"),
    Probe("buffering", 11, "dynamic", "localku.check.dynamic:buffering"),
    Probe("log-files-written", 11, "dynamic", "localku.check.dynamic:log_files_written"),
    Probe("secrets-in-log", 11, "dynamic", "localku.check.dynamic:secrets_in_log"),
    Probe("one-off", 12, "dynamic", "localku.check.dynamic:one_off"),
)
