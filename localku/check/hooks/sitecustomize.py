"""Runs inside the app's own Python (PYTHONPATH), and writes down what it does, with file and line.

Uses audit events (PEP 578) and the environment's own lookups. Each sight is one JSON line, said
once for each place. It also keeps the trial harmless: what listened on this machine before, other
hosts, and the app's real folder are refused. Then it hands over to the app's own sitecustomize.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

_LOG = os.environ.get("LOCALKU_DOCTOR_LOG", "")
_SLUG = os.environ.get("LOCALKU_DOCTOR_SLUG", "")
_REAL = os.environ.get("LOCALKU_DOCTOR_REAL", "")
_DENIED = set(os.environ.get("LOCALKU_DOCTOR_DENIED", "").split(","))
_NETWORK = os.environ.get("LOCALKU_DOCTOR_NETWORK", "")
_FOREIGN = ("/site-packages/", "/dist-packages/", "/node_modules/", "/.venv/", "/venv/")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CODE = (".py", ".pyc", ".pyi", ".pth", ".so")
_CHANGES = {"os.remove": 0, "os.mkdir": 0, "os.rmdir": 0, "os.rename": 1, "os.symlink": 1}
_SPAWNS = ("subprocess.Popen", "os.posix_spawn", "os.exec")
_HOLD = os.environ.get("LOCALKU_DOCTOR_HOLD", "")
_HELD = 0.9  # seconds
_state = threading.local()
_said: set[tuple[str, ...]] = set()
_MOST = 5000  # sights of one process


def _under(path: str, folder: str) -> bool:
    return bool(folder) and (path == folder or path.startswith(folder + os.sep))


def _where() -> str:
    """The innermost line of the app's own code that we were called from, or ""."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith("<"):
            path = name if os.path.isabs(name) else os.path.join(_SLUG, name)
            path = os.path.normpath(path)
            if _under(path, _SLUG) and not any(each in path for each in _FOREIGN):
                return f"{os.path.relpath(path, _SLUG)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _say(event: str, where: str, **more: object) -> None:
    key = (event, where, *(str(value) for value in more.values()))
    if key in _said or len(_said) > _MOST:
        return
    _said.add(key)
    sight = {"event": event, "where": where, "pid": os.getpid(), **more}
    sight["dyno"] = os.environ._data.get(b"DYNO", b"").decode("utf-8", "replace")  # type: ignore[attr-defined]
    try:
        fd = os.open(_LOG, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(fd, json.dumps(sight, default=str).encode() + b"\n")
        finally:
            os.close(fd)
    except OSError:
        pass  # the trial is over


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event not in _HANDLERS or getattr(_state, "busy", False):
        return
    _state.busy = True
    refusal = None
    try:
        refusal = _HANDLERS[event](event, args)
    except Exception:  # noqa: S110 - to watch must never break what is watched
        pass
    finally:
        _state.busy = False
    if refusal is not None:
        raise refusal


def _opened(event: str, args: tuple[Any, ...]) -> OSError | None:
    path, _, flags = args
    if isinstance(path, int) or path is None:
        return None
    name = os.path.abspath(os.fsdecode(path))
    if isinstance(flags, int) and flags & _WRITES:
        if name.startswith("/dev/") or name == _LOG:
            return None
        _say("write", _where(), path=name)
        return _refusal(name)
    if _under(name, _SLUG) and not name.endswith(_CODE):
        where = _where()
        if where or not any(each in name for each in _FOREIGN):
            _say("read", where, path=name)
    return None


def _changed(event: str, args: tuple[Any, ...]) -> OSError | None:
    path = args[_CHANGES[event]]
    if isinstance(path, (str, bytes)):
        name = os.path.abspath(os.fsdecode(path))
        _say("write", _where(), path=name)
        return _refusal(name)
    return None


def _refusal(name: str) -> OSError | None:
    if _under(os.path.realpath(name), _REAL):
        return PermissionError(13, "localku doctor: the app's own folder is not written to", name)
    return None


def _database(event: str, args: tuple[Any, ...]) -> OSError | None:
    name = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes)) else ""
    if name and ":memory:" not in name and "mode=memory" not in name:
        reads = "mode=ro" in name or "immutable=1" in name
        name = name.removeprefix("file:").partition("?")[0]
        _say("sqlite", _where(), path=os.path.abspath(name), reads=reads)
        return _refusal(os.path.abspath(name))
    return None


def _address(event: str, args: tuple[Any, ...]) -> OSError | None:
    address = args[1]
    if isinstance(address, (str, bytes)) and event == "socket.connect":
        return _socket_file(args[0], os.fsdecode(address))
    if not isinstance(address, tuple) or len(address) < 2:
        return None
    host, port = str(address[0]), int(address[1])
    where = _where()
    if event == "socket.bind":
        _say("bind", where, host=host, port=port)
        _hold_answers()
        return None
    loopback = host.startswith("127.") or host in ("::1", "localhost")
    refused = _NETWORK != "open" and (not loopback or str(port) in _DENIED)
    # a datagram socket that connects to port 80 of anywhere only asks which address is its own
    stream = args[0].type & 0xF == 1
    if stream:
        _say("connect", where, host=host, port=port, refused=refused)
    if refused and stream:
        return ConnectionRefusedError(111, "localku doctor: this trial reaches no other service")
    return None


def _socket_file(sock: Any, path: str) -> OSError | None:
    """A Unix socket that was there before the trial is that of a service of this machine."""
    if _NETWORK == "open" or path[:1] in ("", "\0") or sock.type & 0xF != 1:
        return None
    began = os.stat(os.path.join(os.path.dirname(_LOG), "config.env")).st_mtime
    if os.stat(path).st_mtime >= began:
        return None
    _say("connect", _where(), host=os.path.abspath(path), port=0, refused=True)
    return ConnectionRefusedError(111, "localku doctor: this trial reaches no other service")


def _hold_answers() -> None:
    """Have the web process answer late while the file _HOLD is there, so that a request can be in
    hand at SIGTERM."""
    kind = sys.modules["socket"].socket
    if not _HOLD or hasattr(kind, "_localku_plain"):
        return
    kind._localku_plain = True
    held: set[object] = set()

    def late(plain: Any) -> Any:
        def send(self: Any, *args: Any) -> Any:
            if os.path.exists(_HOLD):
                try:
                    here, peer = self.getsockname(), self.getpeername()
                    mine = str(here[1]) == os.environ._data.get(b"PORT", b"").decode()  # type: ignore[attr-defined]
                except (OSError, IndexError, TypeError):
                    mine, peer = False, None
                if mine and peer not in held:
                    held.add(peer)
                    time.sleep(_HELD)
            return plain(self, *args)

        return send

    kind.send, kind.sendall = late(kind.send), late(kind.sendall)


def _looked_up(event: str, args: tuple[Any, ...]) -> None:
    if args[0] is not None:
        host = args[0].decode("ascii", "replace") if isinstance(args[0], bytes) else str(args[0])
        _say("lookup", "", host=host, port=str(args[1]))


def _spawned(event: str, args: tuple[Any, ...]) -> None:
    if event == "os.system":
        words = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes)) else ""
        program = "sh"
    else:
        argv = args[1] if len(args) > 1 else ()
        words = argv if isinstance(argv, str) else " ".join(_text(each) for each in argv or ())
        program = _text(args[0])
    where = _where()
    _say("spawn", where, program=program, command=words[:4000])


def _text(value: object) -> str:
    return os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def _forked(event: str, args: tuple[Any, ...]) -> None:
    _say("fork", _where())


def _imported(event: str, args: tuple[Any, ...]) -> None:
    name = str(args[0]).partition(".")[0]
    frame = sys._getframe(2)  # who says `import`, nobody further out
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back  # type: ignore[assignment]
    caller = frame.f_code.co_filename if frame is not None else "<"
    if caller.startswith("<"):
        return
    path = os.path.normpath(caller if os.path.isabs(caller) else os.path.join(_SLUG, caller))
    if _under(path, _SLUG) and not any(each in path for each in _FOREIGN):
        _say("import", f"{os.path.relpath(path, _SLUG)}:{frame.f_lineno}", module=name)


_HANDLERS: dict[str, Any] = {
    "open": _opened,
    "sqlite3.connect": _database,
    "socket.bind": _address,
    "socket.connect": _address,
    "socket.getaddrinfo": _looked_up,
    "os.system": _spawned,
    "os.fork": _forked,
    "os.forkpty": _forked,
    "import": _imported,
    **dict.fromkeys(_SPAWNS, _spawned),
    **dict.fromkeys(_CHANGES, _changed),
}


def _watch_environment() -> None:
    kind = type(os.environ)
    plain = kind.__getitem__

    def lookup(self: Any, key: Any) -> Any:
        if not getattr(_state, "busy", False):
            _state.busy = True
            try:
                _say("env", _where(), name=_text(key))
            finally:
                _state.busy = False
        return plain(self, key)

    kind.__getitem__ = lookup  # type: ignore[method-assign]


def _next_sitecustomize() -> None:
    """Run the sitecustomize that this one stands before."""
    import importlib.util

    here = os.path.dirname(os.path.abspath(__file__))
    for folder in sys.path:
        path = os.path.join(folder, "sitecustomize.py")
        if os.path.abspath(folder or ".") != here and os.path.isfile(path):
            spec = importlib.util.spec_from_file_location("sitecustomize", path)
            if spec is not None and spec.loader is not None:
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
            return


if _LOG:
    _state.busy = True
    _argv = getattr(sys, "orig_argv", [""])
    _version = sys.version.partition(" ")[0]
    _say("python", "", executable=sys.executable, version=_version, argv=" ".join(_argv[:3]))
    _state.busy = False
    _watch_environment()
    sys.addaudithook(_hook)
    _next_sitecustomize()
