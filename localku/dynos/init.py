"""The init process of the dynos: what PID 1 is to a machine, this is to localku's dynos.

It is a fork of localku in a session of its own, the parent of every dyno and (on Linux) the child
subreaper: whatever daemonises, double-forks or loses its parent becomes its child, and is counted
to its dyno or at least known. It decides nothing: it spawns, signals and reports on orders. Its
one decision is the last: when localku is gone (the control socket ends), however that happened,
it ends all that is left below it, SIGTERM first, SIGKILL two seconds later, and then itself.
START PATH: it spawns the first dynos before anything slow is imported.
"""

from __future__ import annotations

import os
import time

from localku import frames
from localku.dynos import cage, descriptors, kernel, rites, tree
from localku.dynos.census import MARKER, Census, Run, sinks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import NoReturn

MSG_CMSG_CLOEXEC = 0x40000000 if tree.LINUX else 0
MSG_DONTWAIT = 0x40 if tree.LINUX else 0x80
MAX_FDS = 3
SIGKILL = 9
# What a dyno expects to die of: SIGPIPE and SIGXFSZ, which Python ignores; SIGHUP, SIGINT,
# SIGQUIT, SIGTERM and SIGTSTP (Linux 20, macOS 18), which init ignores, or a shell's `&` for us.
DEFAULTED = (1, 2, 3, 13, 15, 18, 20, 25)


class Order:
    """How to start one run of a dyno. fds: [in, out] or [in, out, errors] for pipes; with
    `tty`, a path, none of them is used. cage: the control group to run it in, see cage.py."""

    __slots__ = ("argv", "cage", "cwd", "env", "fds", "key", "tty")

    def __init__(
        self, key: int, argv: list[str], env: dict[str, str], cwd: str, tty: str, fds: list[int]
    ) -> None:
        self.key = key
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.tty = tty
        self.fds = fds
        self.cage: cage.Cage | None = None


class Init:
    """The loop of the init process. Nothing here survives an exception: the last rites follow."""

    def __init__(self, control: _socket.socket) -> None:
        self.control = control
        self.census = Census(os.getpid())
        self.counted: dict[int, list[tree.Proc]] | None = None  # while it is true: a few orders
        self.fds: list[int] = []  # received, not yet asked for by a whole message
        self.outbox = bytearray()
        self.held: dict[str, int] = {}  # groups of groups -> descriptor that marks them as ours

    def tell(self, *message: object) -> None:
        """Report to localku, never waiting for it: it may be waiting for us to take its orders."""
        self.outbox += frames.pack(message)
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes now. A closed socket is noticed by the reader, not here."""
        try:
            del self.outbox[: self.control.send(self.outbox, MSG_DONTWAIT)]
        except BlockingIOError:
            pass
        except OSError:
            self.outbox.clear()

    def spawn(self, order: Order) -> None:
        """Start a run: own session, own terminal or pipes, default signals."""
        try:
            os.chdir(order.cwd)
            group = self._enter(order)
            try:
                pid = os.posix_spawn(
                    order.argv[0],
                    order.argv,
                    {**order.env, MARKER: f"{self.census.me}.{order.key}"},
                    file_actions=descriptors.file_actions(order),
                    setsid=True,
                    setsigmask=(),
                    setsigdef=DEFAULTED,
                )
            finally:
                self._leave(order, group)
        except (OSError, ValueError) as error:  # ValueError: what no program can be given
            reason = error.strerror if isinstance(error, OSError) else None
            self.tell("failed", order.key, reason or type(error).__name__)
        else:
            self.census.runs[order.key] = Run(pid, sinks_of(order.fds), group)
            self.counted = None
            self.tell("spawned", order.key, pid, time.time())
        for fd in order.fds:
            os.close(fd)

    def _enter(self, order: Order) -> str:
        """Go into the run's group; returns its folder, or "" when it has none: it runs anyway."""
        if order.cage is None:
            return ""
        try:
            self._hold(os.path.dirname(order.cage[0]))
            cage.enter(order.cage)
        except OSError as error:
            self.tell("uncapped", order.key, error.strerror or type(error).__name__)
            return ""
        return order.cage[0]

    def _leave(self, order: Order, group: str) -> None:
        if order.cage is not None and group:
            try:
                cage.leave(order.cage)
            except OSError as error:  # who stays would be killed with that dyno
                raise RuntimeError(f"no way out of {group}: {error.strerror}") from None

    def _hold(self, base: str) -> None:
        """Nobody may sweep our groups while this process lives, though localku be gone."""
        if base not in self.held:
            import fcntl

            fd = os.open(base, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(fd, fcntl.LOCK_SH)
            self.held[base] = fd

    def signal(self, key: int, numbers: list[int]) -> None:
        """Signal every process of a run: its group at once, what left it one by one.

        The key STRAY stands for all that is nobody's.
        """
        if self.counted is None:
            self.counted = self.census.count()
        self._signal(self.census.runs.get(key), self.counted.get(key, []), numbers)

    def _signal(self, run: Run | None, procs: list[tree.Proc], numbers: list[int]) -> None:
        leader = run.leader if run is not None else 0
        if run is not None and SIGKILL in numbers:
            run.doomed = True
            if run.group:
                cage.kill(run.group)
        for number in numbers:
            if any(proc.group == leader for proc in procs):
                rites.send(-leader, number)
            for proc in procs:
                if proc.group != leader:
                    rites.send(proc.pid, number)

    def reap(self) -> None:
        """Collect the dead; report leaders, then runs of which nothing is left."""
        dead = rites.reap_all()
        self.census.bury(pid for pid, _ in dead)
        ends = [(key, s) for pid, s in dead if (key := self.census.key_of_leader(pid)) is not None]
        runs = self.census.runs
        for key, _ in ends:
            runs[key].reaped = True
        # whoever else dies matters only to a run that waits for its last process
        if not (dead or not tree.LINUX) or not any(run.reaped for run in runs.values()):
            return
        found = self.census.count()
        for key, status in ends:
            code = os.waitstatus_to_exitcode(status)
            left = len(found.get(key, ()))
            self.tell("exited", key, code if code >= 0 else 128 - code, time.time(), left)
        for key in [key for key, run in runs.items() if run.reaped and not found.get(key)]:
            group = runs.pop(key).group
            if group:
                cage.remove(group)
            self.tell("gone", key)
        for key, procs in found.items():
            if key in runs and runs[key].doomed:  # forked while it was being killed
                self._signal(runs[key], procs, [SIGKILL])

    def serve(self) -> None:
        """Carry out orders until localku is gone."""
        import select
        import signal

        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        control, inbox, poll = self.control.fileno(), frames.Unpacker(), select.poll()
        poll.register(wake_read, select.POLLIN)
        self.reap()  # what died before the handler stood
        while True:
            self.counted = None
            poll.register(control, select.POLLIN | (select.POLLOUT if self.outbox else 0))
            ready = dict(poll.poll(self._patience()))
            if wake_read in ready:
                os.read(wake_read, 4096)
            if ready.get(control, 0) & ~select.POLLOUT and not self._obey(inbox):
                return
            if self.outbox:
                self.flush()
            self.reap()

    def _patience(self) -> int | None:
        """Without a subreaper no signal tells that a run's last process went: look (ms)."""
        waiting = not tree.LINUX and any(run.reaped for run in self.census.runs.values())
        return 50 if waiting else None

    def _obey(self, inbox: frames.Unpacker) -> bool:
        """Read one piece of the control socket; False when localku is gone."""
        room = 16 + 4 * MAX_FDS + 8
        try:
            data, ancillary, _, _ = self.control.recvmsg(1 << 18, room, MSG_CMSG_CLOEXEC)
        except OSError:
            return False
        for _, _, raw in ancillary:
            self.fds += descriptors.unpack_fds(raw)
        for message in inbox.feed(data):
            if message[0] == "spawn":
                self._spawn_message(*message[1:])  # type: ignore[arg-type]
            elif message[0] == "signal":
                self.signal(*message[1:])  # type: ignore[arg-type]
        return bool(data)

    def _spawn_message(
        self,
        key: int,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        tty: str,
        count: int,
        cage: cage.Cage | None,
    ) -> None:
        fds, self.fds = self.fds[:count], self.fds[count:]  # they came with the frame's first byte
        order = Order(key, argv, env, cwd, tty, fds)
        order.cage = cage
        self.spawn(order)


def launch(first: list[Order], limit: int = -1) -> tuple[_socket.socket, int]:
    """Fork the init process, which spawns `first` at once. Returns our socket to it and its pid.

    The orders' fds are closed on this side. limit: the soft limit of open files to go back to, for
    it and all dynos; -1 to leave it. OSError when the machine has no process to give.
    """
    import _socket

    ours, theirs = _socket.socketpair()
    pid = os.fork()
    if pid == 0:
        _main(theirs, first, limit)
    theirs.close()
    for order in first:
        for fd in order.fds:
            os.close(fd)
    return ours, pid


def _main(control: _socket.socket, first: list[Order], limit: int) -> NoReturn:
    status = 1
    try:
        os.setsid()  # the terminal's signals, and a kill of localku's group, must not end it
        kernel.adopt_orphans()
        init = Init(control)
        try:
            if limit >= 0:
                descriptors.restore_limit(limit)
            for order in first:
                init.spawn(order)
            descriptors.close_all_but(control.fileno(), *init.held.values())
            _let_go_of_the_terminal()
            init.serve()
        except Exception as error:
            init.tell("trouble", f"{type(error).__name__}: {error}")
        control.close()
        rites.end_all([run.leader for run in init.census.runs.values()])
        for base in init.held:
            cage.remove_all(base)
        status = 0
    finally:
        os._exit(status)


def _let_go_of_the_terminal() -> None:
    """A pipe's reader sees the end when localku ends, and pkill by name spares this process."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    kernel.retitle("dyno-init")
    _ignore_all()


def _ignore_all() -> None:
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
