"""Probe VII: does the web process listen at $PORT, on every address? Pure.

What a program does with a number that it computes is seen only when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localku.check import jsfacts
from localku.check.commands import Step, steps
from localku.check.evidence import Probing, line_at, line_of, seen
from localku.check.finding import Evidence, Finding
from localku.check.languages import PROGRAMS
from localku.check.pyfacts import facts_of
from localku.check.pymodules import reached_python
from localku.check.slug import Slug

_PORT = Probing(7, "port")
_HOST = Probing(7, "address")
# program -> options that name its port or address
_OPTIONS = {
    "gunicorn": ("-b", "--bind"),
    "uvicorn": ("--port",),
    "hypercorn": ("-b", "--bind"),
    "daphne": ("-p", "--port"),
    "waitress-serve": ("--port", "--listen"),
    "granian": ("--port",),
    "flask": ("-p", "--port"),
    "streamlit": ("--server.port",),
    "fastapi": ("--port",),
    "rails": ("-p", "--port"),
    "puma": ("-p", "--port", "-b", "--bind"),
    "unicorn": ("-p", "--port"),
    "thin": ("-p", "--port"),
    "rackup": ("-p", "--port"),
    "next": ("-p", "--port"),
    "http-server": ("-p",),
    "serve": ("-l", "--listen", "-p"),
    "datasette": ("-p", "--port"),
    "jupyter": ("--port",),
    "bokeh": ("--port",),
    "json-server": ("--port", "-p"),
}
# the port that a server takes when it is told none, and the variable that could tell (its own
# documents); gunicorn is not here, since it reads PORT
_DEFAULTS = {
    "uvicorn": (8000, "UVICORN_PORT"),
    "hypercorn": (8000, "HYPERCORN_BIND"),
    "daphne": (8000, "DAPHNE_PORT"),
    "waitress-serve": (8080, "WAITRESS_PORT"),
    "flask": (5000, "FLASK_RUN_PORT"),
    "streamlit": (8501, "STREAMLIT_SERVER_PORT"),
}
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[?::1\]?)(?::|$)")
_HOSTS = ("-b", "--bind", "--host", "-h", "--listen", "--server.address", "-H", "--address")
_NUMBER = re.compile(r"(?:[\w.*\[\]:]*:)?(\d{2,5})")
_R10 = "Heroku gives each dyno its port in $PORT, and ends one that does not listen there in 60 s."
_OUTSIDE = "Heroku's router reaches the dyno from outside: it must listen on 0.0.0.0."


def port(slug: Slug) -> list[Finding]:
    """A literal port, and nothing that reads $PORT."""
    if "web" not in slug.procfile:
        return []
    web = steps(slug, "web")
    named = [step for step in web if _literal_port(step)]
    if named:
        fix = "Write $PORT in its place."
        found = [seen(step.where, step.text) for step in named]
        return [_PORT.fail("the web command listens at a port of its own", found, _R10, fix)]
    if any("PORT" in step.text for step in web):
        return [_PORT.absent("the web command names $PORT")]
    silent = [step for step in web if _takes_default(step, slug)]
    if silent:
        found = [seen(step.where, step.text) for step in silent]
        said = f"{silent[0].program} is told no port, and takes its own, {_default_of(silent[0])}"
        fix = "Add the option for the port, with $PORT."
        return [_PORT.fail(said, found, _R10, fix)]
    if any(step.program in PROGRAMS for step in web):
        return []  # a server with a way of its own: gunicorn reads PORT by itself
    programs = _programs(slug)
    if any(re.search(r"\bPORT\b", text) for text in programs.values()):
        return [_PORT.absent("the web program reads PORT")]
    literals = list(_literals(programs))
    if literals:
        fix = "Take the port from the environment: int(os.environ['PORT']), process.env.PORT."
        return [
            _PORT.fail("listens at a literal port, and nothing reads PORT", literals, _R10, fix)
        ]
    return []


def _literal_port(step: Step) -> bool:
    """Whether a step names a port in figures."""
    for name in _OPTIONS.get(step.program, ()):
        value = step.option(name)
        if value is not None and _NUMBER.fullmatch(value):
            return True
    words = step.words
    if "runserver" in words:
        return any(_NUMBER.fullmatch(word) for word in words[words.index("runserver") + 1 :])
    if "http.server" in words:
        return any(word.isdigit() for word in words[words.index("http.server") + 1 :])
    return False


def _default_of(step: Step) -> int:
    return _DEFAULTS[step.program][0]


def _takes_default(step: Step, slug: Slug) -> bool:
    """Whether a server is told no port: by no option, no settings file, no variable."""
    _, variable = _DEFAULTS.get(step.program, (0, ""))
    if not variable or variable in slug.env or variable in step.text:
        return False
    options = (*_OPTIONS[step.program], "-c", "--config", "--uds", "--fd", "-e", "--endpoint", "-u")
    return all(step.option(name) is None for name in options) and "worker" not in step.words


def _programs(slug: Slug) -> dict[str, str]:
    """The app's files that its web command leads to, as far as that can be told."""
    web = Slug(
        slug.root, slug.files, slug.skipped, {"web": slug.procfile["web"]}, slug.env, slug.git
    )
    paths = reached_python(web) | jsfacts.reached(web)
    return {path: slug.files[path] for path in sorted(paths)}


def _literals(programs: dict[str, str]) -> Iterator[Evidence]:
    for path, text in programs.items():
        if path.endswith(".py"):
            facts = facts_of(text)
            for call in facts.calls if facts else ():
                number = call.keywords.get("port")
                address = call.args[0] if call.args else None
                if call.last in ("HTTPServer", "ThreadingHTTPServer", "make_server", "TCPServer"):
                    number = (
                        address[1] if isinstance(address, tuple) and len(address) == 2 else None
                    )
                    if call.last == "make_server" and len(call.args) > 1:
                        number = call.args[1]
                elif call.last not in ("run", "run_app", "serve", "listen", "start_server"):
                    continue
                if isinstance(number, int) and not isinstance(number, bool) and number > 0:
                    yield seen(f"{path}:{call.line}", f"{call.name}(…) at port {number}")
        else:
            plain = jsfacts.without_comments(text)
            for match in re.finditer(r"\.listen\s*\(\s*(\d{2,5})\b", plain):
                line = line_of(plain, match.start())
                yield seen(f"{path}:{line}", line_at(text, line))


def address(slug: Slug) -> list[Finding]:
    """Listening on the loopback address alone."""
    if "web" not in slug.procfile:
        return []
    found = [*_by_option(slug), *_by_code(slug)]
    if not found:
        return [_HOST.absent("no loopback address was found where it listens")]
    fix = "Listen on 0.0.0.0."
    return [_HOST.fail("listens on the loopback address alone", found, _OUTSIDE, fix)]


def _by_option(slug: Slug) -> Iterator[Evidence]:
    for step in steps(slug, "web"):
        if step.program not in _OPTIONS and "runserver" not in step.words:
            continue
        values = [step.option(name) for name in _HOSTS]
        values += [word for word in step.words if "runserver" in step.words]
        if any(value and _LOOPBACK.match(value) for value in values):
            yield seen(step.where, step.text)


def _by_code(slug: Slug) -> Iterator[Evidence]:
    """`app.run()` of Flask and servers of the standard library, in the program that is run."""
    scripts = {word for step in steps(slug, "web") for word in step.words if word.endswith(".py")}
    for path in sorted(scripts & slug.files.keys()):
        text = slug.files[path]
        facts = facts_of(text)
        is_flask = any(each.module == "flask" for each in facts.imports) if facts else False
        for call in facts.calls if facts else ():
            first = call.args[0] if call.args else None
            host = call.keywords.get("host", first if call.last == "run" else None)
            if call.last in ("HTTPServer", "ThreadingHTTPServer") and isinstance(first, tuple):
                host = first[0] if first else None
            elif call.last == "make_server":
                host = first
            elif call.name == "app.run" and is_flask and host is None:
                host = "127.0.0.1"  # Flask's default
            elif call.name not in ("app.run", "uvicorn.run", "web.run_app"):
                continue
            if isinstance(host, str) and _LOOPBACK.match(host):
                yield seen(f"{path}:{call.line}", line_at(text, call.line))
