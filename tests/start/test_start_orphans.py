"""No orphan, ever: whatever ends localku, nothing of the app is left within five seconds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest
from conftest import LINUX, Folder, Running, processes_with, wait_until

pytestmark = pytest.mark.skipif(not LINUX, reason="reads /proc; macOS has no subreaper")

# each leaves somebody behind in its own way; all of them would outlive an ordinary manager
TREES = {
    "grandchildren": "sh -c 'sh -c \"sleep 900; :\"; :'; :",
    "setsid child": "setsid sleep 900 & sleep 900; :",
    "double fork": "(setsid sh -c 'sleep 900 & sleep 900; :' &) ; sleep 900; :",
    "daemon without environment": "(env -i setsid sleep {unique} &) ; sleep 900; :",
    "ignores SIGTERM": "trap '' TERM HUP INT; while :; do sleep 1; done",
    "stopped": "sh -c 'kill -STOP $$; :' & sleep 900; :",
}


def ends(app: Running, how: str) -> None:
    """End localku in one of the ways that a life has in store."""
    if how == "EPIPE":
        assert app.proc.stdout is not None
        return
    if how == "killed":
        app.proc.kill()
    elif how == "killed with its group":
        os.killpg(app.proc.pid, signal.SIGKILL)
    elif how == "init killed":
        os.kill(init_of(app), signal.SIGKILL)
    else:
        app.signal(getattr(signal, how))


def init_of(app: Running) -> int:
    out = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(app.proc.pid)], capture_output=True, text=True
    ).stdout
    return next(int(line.split()[0]) for line in out.splitlines() if "dyno-init" in line)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize(
    "how", ["SIGINT", "SIGTERM", "SIGHUP", "killed", "killed with its group", "init killed"]
)
def test_nothing_is_left(folder: Folder, tree: str, how: str) -> None:
    unique = f"9{random.randrange(10**8):08d}.5"
    command = TREES[tree].format(unique=unique)
    folder.write("Procfile", f"worker: echo ready; {command}\nother: {command}\n")
    app = folder.start("--grace", "1", start_new_session=True)
    app.wait_for("ready")
    app.wait_for("Running ")
    ends(app, how)
    app.proc.wait(10)
    app.assert_nothing_left(5)
    wait_until(lambda: not processes_with(unique), "the daemon without environment is gone", 5)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("how", ["SIGTERM", "killed", "init killed"])
def test_nothing_is_left_of_a_one_off_dyno(folder: Folder, tree: str, how: str) -> None:
    unique = f"9{random.randrange(10**8):08d}.5"
    folder.write("Procfile", "worker: exec sleep 900\n")
    app = folder.start("--grace", "1", start_new_session=True)
    app.wait_for("Running ")
    app.cli("run:detached", f"echo ready; {TREES[tree].format(unique=unique)}")
    app.wait_for(r"app\[run\.\d+\]: ready")
    ends(app, how)
    app.proc.wait(10)
    app.assert_nothing_left(5)
    wait_until(lambda: not processes_with(unique), "the daemon without environment is gone", 5)


def test_a_closed_stdout_ends_it_even_when_nothing_is_said(folder: Folder) -> None:
    folder.write("Procfile", "worker: exec sleep 900\n")
    read, write = os.pipe()
    app = folder.run("start", "-p", "0", stdout=write)
    os.close(write)
    assert os.read(read, 100)
    wait_until(lambda: len(app.survivors()) >= 2, "it runs")
    os.close(read)
    assert app.wait() == 141
    app.assert_nothing_left(5)


def test_an_exception_of_ours_leaves_nothing(folder: Folder) -> None:
    """A bug of localku's own, brought about from outside: its code fails in mid-flight."""
    folder.write("Procfile", "worker: echo ready; exec sleep 900\n")
    script = (
        "import sys; from localku.platform import hosting;"
        "hosting.Hosting.greet = lambda *ports: 1 / 0;"
        "from localku.cli.entry import main; sys.exit(main(['start', '-p', '0']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder.path,
        env=folder.environ(),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr
    wait_until(lambda: not processes_with(folder.mark), "nothing is left", 5)


def test_pkill_by_name_hits_localku_and_spares_its_init(folder: Folder) -> None:
    folder.write("Procfile", "worker: echo ready; (setsid sleep 900 &); exec sleep 900\n")
    app = folder.start()
    app.wait_for("ready")
    app.wait_for("Running ")
    title = subprocess.run(
        ["ps", "-o", "args=", "-p", str(init_of(app))], capture_output=True, text=True
    ).stdout
    assert title.strip() == "dyno-init"
    app.proc.kill()
    app.assert_nothing_left(5)


def test_stopping_one_dyno_takes_its_daemons_and_nobody_elses(folder: Folder) -> None:
    folder.write(
        "Procfile",
        "a: (setsid sleep 801 &); echo ready; exec sleep 60\n"
        "b: (setsid sleep 802 &); echo ready; exec sleep 60\n",
    )
    app = folder.start()
    app.wait_for("ready", count=2)
    wait_until(lambda: count(app, "802") == 1 and count(app, "801") == 1, "both daemons run")
    assert app.cli("ps:scale", "a=0").returncode == 0
    app.wait_for(r"heroku\[a\.1\]: Process exited")
    assert (count(app, "801"), count(app, "802")) == (0, 1)


def count(app: Running, argument: str) -> int:
    found = 0
    for pid in app.survivors():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += file.read().split(b"\0")[:2] == [b"sleep", argument.encode()]
        except OSError:
            pass
    return found


def test_zombies_are_reaped_and_descriptors_do_not_leak(folder: Folder) -> None:
    """A thousand restarts, most of them of a process that leaves a child behind."""
    folder.write("Procfile", "bad: (sleep 0.01 &) ; exit 1\n")
    # eight at a time: on a busy machine a restart is mostly waiting
    app = folder.start("-m", "bad=8", "--backoff-first", "0", "--backoff-max", "0")
    app.wait_for("Process exited", count=50)
    init = init_of(app)
    before = [descriptors(pid) for pid in (app.proc.pid, init)]
    app.wait_for("Process exited", count=1000, timeout=50)
    wait_until(
        lambda: all(
            descriptors(pid) <= most + 32
            for pid, most in zip((app.proc.pid, init), before, strict=True)
        ),
        "as many descriptors as before",
    )
    wait_until(lambda: zombies(init) <= 16, "no zombies")


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def zombies(parent: int) -> int:
    out = subprocess.run(
        ["ps", "-o", "stat=", "--ppid", str(parent)], capture_output=True, text=True
    ).stdout
    return sum(line.startswith("Z") for line in out.splitlines())


CLEAN_DAEMON = (
    "import os, signal, sys, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        signal.signal(15, signal.SIG_IGN)\n"
    "        os.execve('/bin/sleep', ['sleep', sys.argv[1]], {})\n"
    "    os._exit(0)\n"
    "print('ready', flush=True)\n"
    "time.sleep(900)\n"
)


def unique_seconds() -> str:
    return f"9{random.randrange(10**8):08d}.25"


def test_a_daemon_without_environment_goes_with_its_dyno(folder: Folder) -> None:
    """It is known by the pipe that it inherited."""
    unique = unique_seconds()
    folder.write("daemon.py", CLEAN_DAEMON)
    folder.write("Procfile", f"a: exec python3 daemon.py {unique}\n")
    app = folder.start("--grace", "1")
    app.wait_for("ready")
    wait_until(lambda: len(processes_with(unique)) == 2, "dyno and daemon run")
    assert app.cli("ps:restart").returncode == 0
    app.wait_for("ready", count=2)
    wait_until(lambda: len(processes_with(unique)) == 2, "only the new ones run", 5)
    assert app.cli("ps:scale", "a=0").returncode == 0
    wait_until(lambda: not processes_with(unique), "both are gone", 5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stray_that_ignores_sigterm_is_gone_in_time(folder: Folder, number: int) -> None:
    """Nothing tells whose it is: no environment, no session, no pipe."""
    unique = unique_seconds()
    hidden = CLEAN_DAEMON.replace(
        "        os.execve", "        [os.close(fd) for fd in (0, 1, 2)]\n        os.execve"
    )
    folder.write("daemon.py", hidden)
    folder.write("Procfile", f"a: exec python3 daemon.py {unique}\n")
    app = folder.start()
    app.wait_for("ready")
    wait_until(lambda: len(processes_with(unique)) == 2, "dyno and daemon run")
    app.signal(number)
    wait_until(lambda: not processes_with(unique), "nothing is left", 5)


CHAIN = """\
import os, signal, time
signal.signal(15, signal.SIG_IGN)
print("ready", flush=True)
end = time.monotonic() + 30  # whatever happens, it is not there for ever
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.002)
"""


def test_a_dyno_that_forks_while_it_is_killed(folder: Folder) -> None:
    folder.write("chain.py", CHAIN)
    folder.write("Procfile", "a: python3 chain.py & sleep 900; :\n")
    app = folder.start("--grace", "0.5")
    app.wait_for("ready")
    assert app.cli("ps:scale", "a=0").returncode == 0
    app.wait_for(r"heroku\[a\.1\]: Process exited")
    wait_until(lambda: len(app.survivors()) == 2, "localku and its init are left", 5)


def test_a_chain_of_forks_ends_with_localku(folder: Folder) -> None:
    """Nobody is there any more to count and signal dynos: init does it all by itself."""
    folder.write("chain.py", CHAIN)
    folder.write("Procfile", "a: python3 chain.py & sleep 900; :\n")
    app = folder.start()
    app.wait_for("ready")
    app.proc.kill()
    app.wait()
    app.assert_nothing_left()
