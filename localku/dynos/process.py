"""localku's end of the init process: orders go out, events come in. The only way to a process.

START PATH: it is usable before any event loop exists, and `attach` brings it to one.

Orders (to init):   ("spawn", key, argv, env, cwd, tty, count, cage) with that many fds;
                    ("signal", key, numbers), key -1 for the strays
Events (from init): ("spawned", key, pid, time) ("failed", key, text)
                    ("exited", key, status, time, left) ("gone", key) ("trouble", text)
                    ("uncapped", key, text): it runs, but outside of the control group that it was
                    to have
`key` is a number that localku gives to each run of a dyno; `status` is a shell's: 128 + N for a
death by signal N; `left` counts processes of the dyno that outlive its first one.
"""

from __future__ import annotations

import os
import sys

from localku import frames
from localku.dynos import init
from localku.dynos.command import with_exec
from localku.dynos.init import MSG_DONTWAIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    import asyncio
    from collections.abc import Callable

    from localku.dynos.cgroup import Ground
    from localku.dynos.spec import DynoSpec

    Listener = Callable[[tuple[object, ...]], None]

SHELL = "/bin/sh"
SOL_SOCKET, SCM_RIGHTS = (1, 1) if sys.platform.startswith("linux") else (0xFFFF, 1)


class Terminal:
    """What a dyno speaks through. output: our end; fds: its ends; path: of a pty, or "".

    input: our end of its stdin; a pty's is `output`. errors: of its stderr, when that is apart.
    """

    __slots__ = ("_held", "errors", "fds", "input", "output", "path")

    def __init__(
        self,
        output: int,
        fds: list[int],
        path: str,
        held: int = -1,
        *,
        input: int = -1,
        errors: int = -1,
    ) -> None:
        self.output = output
        self.fds = fds
        self.path = path
        self.input = input
        self.errors = errors
        self._held = held

    def close(self) -> None:
        """Close our end: a dyno that still has the other is hung up on (SIGHUP, EPIPE)."""
        for fd in (self.output, self.input, self.errors):
            if fd >= 0:
                os.close(fd)
        self.output = self.input = self.errors = -1
        self.let_go()

    def let_go(self) -> None:
        """Hold a pty no more: it ends when the dyno's last process has closed it."""
        if self._held >= 0:
            os.close(self._held)
        self._held = -1


def open_pipe() -> Terminal:
    """One pipe for stdout and stderr, so that their order is kept; stdin is /dev/null."""
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        reading, writing = os.pipe()
    except OSError:
        os.close(null)
        raise
    return Terminal(reading, [null, writing], "")


def open_pipes(*, apart: bool) -> Terminal:
    """Pipes for stdin and stdout, for a client that has no terminal: stdin can end, and no byte is
    changed on the way. apart: one more for stderr. Our ends do not block. Raises OSError."""
    fds: list[int] = []
    try:
        for _ in range(3 if apart else 2):
            fds += os.pipe()
    except OSError:
        for fd in fds:
            os.close(fd)
        raise
    theirs, ours = [fds[0], *fds[3::2]], [fds[1], *fds[2::2]]
    for fd in ours:
        os.set_blocking(fd, False)
    return Terminal(ours[1], theirs, "", input=ours[0], errors=ours[2] if apart else -1)


def open_pty(rows: int, columns: int) -> Terminal:
    """A pseudo-terminal of that size for all three, so that colours and line buffering survive."""
    master, slave = os.openpty()
    resize_pty(master, rows, columns)
    # a dyno may close its terminal and live on (a daemon): held, it is not hung up on for that
    return Terminal(master, [slave], os.ttyname(slave), os.dup(slave))


def resize_pty(master: int, rows: int, columns: int) -> None:
    """Tell a pty its size in characters; its foreground group gets SIGWINCH (tty_ioctl(4))."""
    import fcntl
    import termios

    size = b"".join(n.to_bytes(2, sys.byteorder) for n in (rows, columns, 0, 0))
    fcntl.ioctl(master, termios.TIOCSWINSZ, size)


def order(
    key: int, command: str, env: dict[str, str], cwd: str, terminal: Terminal, bash: str = ""
) -> init.Order:
    """Build the order that runs `command` in the shell, as Heroku runs a Procfile's line.

    bash: its path, for what has to be run by it; it takes its own place when it can.
    """
    argv = [bash, "-c", command] if bash else [SHELL, "-c", with_exec(command)]
    return init.Order(key, argv, env, cwd, terminal.path, terminal.fds)


class InitClient:
    """Speaks with one init process. `listener` gets each event as the tuple that stands above.

    When init is gone the listener gets ("lost",): nothing can be spawned or signalled any more.
    """

    __slots__ = ("_control", "_ground", "_inbox", "_loop", "listener", "pid")

    def __init__(self, control: _socket.socket, pid: int) -> None:
        self._control = control
        self._inbox = frames.Unpacker()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.pid = pid
        self.listener: Listener = lambda _: None
        self._ground: Ground | None = None

    @classmethod
    def launch(
        cls, first: list[init.Order], limit: int = -1, ground: Ground | None = None
    ) -> InitClient:
        """Fork the init process; it spawns `first` at once. limit: see init.launch. ground: where
        dynos have control groups, if that was looked for."""
        client = cls(*init.launch(first, limit))
        client._ground = ground
        return client

    @property
    def ground(self) -> Ground:
        """Where dynos can have control groups; looked for when it is first asked for."""
        if self._ground is None:
            from localku.dynos import cgroup

            self._ground = cgroup.prepare()
        return self._ground

    def confine(self, order: init.Order, spec: DynoSpec) -> None:
        """Have a run capped as its spec says, if it does and if that can be had."""
        if spec.cpu:
            order.cage = self.ground.cage(spec.name, order.key, spec.cpu, spec.memory)

    def attach(self, loop: asyncio.AbstractEventLoop, listener: Listener) -> None:
        """From now on deliver events from `loop`."""
        self.listener = listener
        self._loop = loop
        loop.add_reader(self._control.fileno(), self._read)
        self._read()  # what happened before there was a loop

    def spawn(self, order: init.Order) -> None:
        """Have a run started; "spawned" or "failed" answers. The order's fds are taken."""
        frame = frames.pack(
            (
                *("spawn", order.key, order.argv, order.env, order.cwd, order.tty),
                *(len(order.fds), order.cage),
            )
        )
        rights = b"".join(fd.to_bytes(4, sys.byteorder) for fd in order.fds)
        try:
            sent = self._control.sendmsg([frame], [(SOL_SOCKET, SCM_RIGHTS, rights)])
            self._control.sendall(frame[sent:])
        except OSError:
            pass  # init is gone: the reader says so
        finally:
            for fd in order.fds:
                os.close(fd)

    def signal(self, key: int, numbers: tuple[int, ...]) -> None:
        """Have every process of a run signalled (census.STRAY: of all strays); one that
        is gone already is no error."""
        try:
            self._control.sendall(frames.pack(("signal", key, list(numbers))))
        except OSError:
            pass

    def _read(self) -> None:
        try:
            data = self._control.recv(1 << 16, MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        for message in self._inbox.feed(data):
            self.listener(message)
        if not data:
            self.detach()
            self.listener(("lost",))

    def detach(self) -> None:
        """Stop listening; orders still go out."""
        if self._loop is not None:
            self._loop.remove_reader(self._control.fileno())
            self._loop = None

    def close(self) -> None:
        """Let init go: it ends all that is left below it. Returns when it has (a few seconds)."""
        self.detach()
        self._control.close()
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass
        if self._ground is not None:
            self._ground.close()
