"""The table of settings. Flags, variables, localku.yml keys, --help and README all come from it.

A default that is a fact of Heroku names its source. Durations are in seconds. START PATH.
"""

from __future__ import annotations

from localku.manifest.setting import Setting

GROUPS = (
    *("The app", "The router", "The API", "Dynos", "Time", "Log drains", "Watching files"),
    "Output",
)
_APP, _ROUTER, _API, _DYNOS, _TIME, _DRAINS, _WATCH, _OUTPUT = GROUPS

TABLE: tuple[Setting, ...] = (
    Setting(
        "root", "text", ".", ("-d", "--root"), "folder of the app",
        group=_APP, metavar="DIR", aliases=("--directory", "--app-root"), yaml_key="",
    ),
    Setting(
        "procfile", "list", ["Procfile"], ("-f", "--procfile"),
        "Procfile; several add up", group=_APP, metavar="FILE",
    ),
    Setting(
        "env", "list", [".env"], ("-e", "--env"),
        "config vars; of several files the later wins", group=_APP, metavar="FILE",
        yaml_key="env_files",
    ),
    Setting(
        "formation", "list", [], ("-m", "--formation"),
        "dynos of each type, as web=2,worker=1", group=_APP, metavar="TYPE=N",
        aliases=("-c", "--concurrency"), shown_default="all=1",
    ),
    Setting(
        "config", "text", "localku.yml", ("--config",), "file of settings", group=_APP,
        metavar="FILE", yaml_key="",
    ),
    Setting(
        "app", "text", "", ("-a", "--app"), "name of the app", group=_APP, metavar="NAME",
        yaml_key="name", shown_default="name of the folder",
    ),
    Setting(
        "port", "port", 5006, ("-p", "--port"), "port of the router (next: PORT)",
        group=_ROUTER, metavar="PORT",
    ),
    Setting(
        "bind", "text", "localhost", ("--bind",), "address of the router", group=_ROUTER,
        metavar="ADDRESS",
    ),
    Setting(
        "routers", "count", 1, ("--routers",), "routers that share its port",
        group=_ROUTER, metavar="N", most=64,
    ),
    Setting(
        "port_base", "port", None, ("--port-base",), "port of web.1, or of what is first",
        group=_ROUTER, metavar="PORT", shown_default="--port + 100",
    ),
    Setting(
        "domain", "domains", [], ("--domain",), "names of the app besides APP.localhost",
        group=_ROUTER, metavar="NAME", yaml_key="domains", shown_default="none",
    ),
    Setting(
        "routing", "choice", "round-robin", ("--routing",), "who gets the next request",
        group=_ROUTER, metavar="POLICY",
        choices=("round-robin", "random", "least-connections", "two-choices"),
    ),
    Setting(
        "session_affinity", "bool", False, ("--session-affinity",),
        "keep each client at its dyno, by a cookie", group=_ROUTER,
    ),
    Setting(
        "tls", "bool", False, ("--tls",), "https, too, with certificates of this machine's own CA",
        group=_ROUTER,
    ),
    Setting(
        "tls_port", "port", None, ("--tls-port",), "port of https", group=_ROUTER, metavar="PORT",
        shown_default="--port + 437",
    ),
    Setting(
        "http2", "bool", False, ("--http2",), "HTTP/2 for clients that speak it; implies --tls",
        group=_ROUTER,
    ),
    # The numbers: Dev Center, "HTTP Routing" and "Heroku Error Codes"; cowboyku for head_timeout.
    Setting(
        "request_timeout", "duration", 30.0, ("--request-timeout",),
        "wait for a response to begin (H12)", group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "idle_timeout", "duration", 55.0, ("--idle-timeout",),
        "silence after the first byte (H15, H28)", group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "connect_timeout", "duration", 5.0, ("--connect-timeout",),
        "wait for a dyno to connect (H19)", group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "quarantine", "duration", 5.0, ("--quarantine",),
        "no requests for a dyno that refused one", group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "boot_wait", "duration", 75.0, ("--boot-wait",),
        "wait for the first web dyno (H20)", group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "connect_tries", "count", 10, ("--connect-tries",), "dynos that one request may try",
        group=_ROUTER, metavar="N",
    ),
    Setting(
        "backlog", "count", 200, ("--backlog",), "requests under way for each web dyno (H11)",
        group=_ROUTER, metavar="N",
    ),
    Setting(
        "head_timeout", "duration", 60.0, ("--head-timeout",), "for a whole request head (408)",
        group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "client_keepalive", "duration", 60.0, ("--client-keepalive",),
        "for the next request of a connection", group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "dyno_keepalive", "duration", 90.0, ("--dyno-keepalive",),
        "keep idle connections to dynos; 0: none", group=_ROUTER, metavar="TIME",
    ),
    Setting(
        "router_log", "choice", "classic", ("--router-log",), "style of the request log lines",
        group=_ROUTER, metavar="STYLE", choices=("classic", "2.0"),
    ),
    Setting(
        "api_port", "port", None, ("--api-port",), "port of the Platform API; 0: any free one",
        group=_API, metavar="PORT", shown_default="--port + 1",
    ),
    Setting(
        "pty", "bool", None, ("--pty",), "a terminal for each dyno", group=_DYNOS,
        shown_default="if the output is one",
    ),
    Setting(
        "exit_on_crash", "bool", False, ("--exit-on-crash",),
        "the first dyno that exits ends all", group=_DYNOS,
    ),
    Setting(
        "memory", "bytes", None, ("--memory",), "memory quota of a dyno (R14, R15)", group=_DYNOS,
        metavar="SIZE", per_type=True, shown_default="no quota",
    ),
    Setting(
        "cap_dynos", "bool", None, ("--cap-dynos",), "cap dynos at the CPU of their size",
        group=_DYNOS, shown_default="sizes set by ps:type",
    ),
    Setting(
        "dyno_cpu", "number", None, ("--dyno-cpu",), "cores that a dyno may use, as 0.25",
        group=_DYNOS, metavar="CORES", per_type=True, shown_default="that of its size",
    ),
    Setting(
        "health", "path", "", ("--health",), "path to ask until it answers",
        group=_DYNOS, metavar="PATH", per_type=True, shown_default="only the port",
    ),
    Setting(
        "health_timeout", "duration", 5.0, ("--health-timeout",), "wait for that path to answer",
        group=_DYNOS, metavar="TIME", per_type=True,
    ),
    Setting(
        "boot_timeout", "duration", 60.0, ("--boot-timeout",), "to bind its port: web dynos (R10)",
        group=_TIME, metavar="TIME", per_type=True,
    ),
    Setting(
        "grace", "duration", 30.0, ("-t", "--grace"), "from SIGTERM to SIGKILL (R12)", group=_TIME,
        metavar="TIME", aliases=("--timeout",), per_type=True,
    ),
    Setting(
        "shutdown_grace", "duration", 4.0, ("--shutdown-grace",),
        "the same when all stops", group=_TIME, metavar="TIME", heroku=30.0,
    ),
    # Heroku's: Dev Center, "Dyno Crash Restart Policy" (2014): 10 minutes, doubling to 24 hours.
    Setting(
        "backoff_first", "duration", 1.0, ("--backoff-first",), "pause after a second crash",
        group=_TIME, metavar="TIME", heroku=600.0,
    ),
    Setting(
        "backoff_max", "duration", 60.0, ("--backoff-max",), "the pause doubles up to this",
        group=_TIME, metavar="TIME", heroku=86400.0,
    ),
    Setting(
        "backoff_reset", "duration", 60.0, ("--backoff-reset",),
        "uptime that clears the count", group=_TIME, metavar="TIME", heroku=600.0,
    ),
    Setting(
        "heroku_times", "bool", False, ("--heroku-times",), "pauses and graces as on Heroku",
        group=_TIME,
    ),
    Setting(
        "time_scale", "number", 1.0, ("--time-scale",), "multiplies every time, given or default",
        group=_TIME, metavar="FACTOR",
    ),
    # heroku.md 4.3: logplex's own numbers; a first pause of 30 s is that of its TCP drains.
    Setting(
        "drain_connect_timeout", "duration", 3.0, ("--drain-connect-timeout",),
        "wait for a drain to connect", group=_DRAINS, metavar="TIME",
    ),
    Setting(
        "drain_timeout", "duration", 5.0, ("--drain-timeout",), "wait for a drain to answer",
        group=_DRAINS, metavar="TIME",
    ),
    Setting(
        "drain_retry", "duration", 1.0, ("--drain-retry",),
        "pause after a failure; doubles up to 30 times that", group=_DRAINS, metavar="TIME",
        heroku=30.0,
    ),
    Setting(
        "drain_buffer", "count", 1024, ("--drain-buffer",),
        "lines kept for a drain in trouble (L10)", group=_DRAINS, metavar="N",
    ),
    Setting(
        "watch", "bool", False, ("--watch",), "restart the types whose files change", group=_WATCH,
    ),
    Setting(
        "watch_pattern", "list", None, ("--watch-pattern",), "files to watch, as in .gitignore",
        group=_WATCH, metavar="GLOB", per_type=True, yaml_key="", shown_default="all but ignored",
    ),
    Setting(
        "format", "choice", "heroku", ("--format",), "form of the log lines", group=_OUTPUT,
        metavar="FORM", choices=("heroku", "short", "json"), aliases=("--log-format",),
    ),
    Setting(
        "color", "choice", "auto", ("--color",), "colors; also --no-color, NO_COLOR", group=_OUTPUT,
        metavar="WHEN", choices=("auto", "always", "never"),
        aliases=("--colour",),
    ),
    Setting(
        "partial_line", "duration", 0.1, ("--partial-line",), "show an unfinished line after",
        group=_OUTPUT, metavar="TIME",
    ),
)  # fmt: skip

BY_NAME: dict[str, Setting] = {setting.name: setting for setting in TABLE}
