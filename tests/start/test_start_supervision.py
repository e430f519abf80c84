"""What `localku start` promises about dynos: names, environment, states, restarts, exits."""

from __future__ import annotations

import signal
import time

import pytest
from conftest import Folder, wait_until

from localku.platform.platform import ECHO

WEB = "python3 -m http.server --bind 127.0.0.1 $PORT"


def test_a_dyno_has_its_name_its_port_and_the_config(folder: Folder) -> None:
    folder.write("Procfile", "web: echo $DYNO $PS $PORT $GREETING $HOME_GREETING; exec sleep 60\n")
    folder.write(".env", 'GREETING="hello world"\n')
    app = folder.start("--port-base", "7100", env={"HOME_GREETING": "from home"})
    app.wait_for(r"app\[web\.1\]: web\.1 web\.1 \d+ hello world from home$")


def test_the_lines_of_a_life_are_herokus(folder: Folder) -> None:
    folder.write("Procfile", f"web: exec {WEB}\n")
    app = folder.start()
    app.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
    app.signal(signal.SIGTERM)
    assert app.wait() == 143
    said = [line.split(" ", 1)[1] for line in app.lines if "heroku[web.1]" in line]
    assert said[0].startswith("heroku[web.1]: Starting process with command `exec python3 -m http")
    assert "$PORT" not in said[0]
    assert said[1:] == [
        "heroku[web.1]: State changed from starting to up",
        "heroku[web.1]: State changed from up to down",
        "heroku[web.1]: Stopping all processes with SIGTERM",
        "heroku[web.1]: Process exited with status 143",
    ]


def test_release_is_not_started_and_a_positional_type_starts_alone(folder: Folder) -> None:
    folder.write("Procfile", "release: echo no\nweb: echo no\nworker: echo yes; exec sleep 60\n")
    app = folder.start("worker")
    app.wait_for(r"app\[worker\.1\]: yes$")
    app.signal(signal.SIGINT)
    assert app.wait() == 130
    assert "web.1" not in app.text
    assert "release" not in app.text


def test_a_formation_starts_many(folder: Folder) -> None:
    folder.write("Procfile", "a: echo a-$PORT; exec sleep 60\nb: echo b-$PORT; exec sleep 60\n")
    app = folder.start("-m", "a=3,all=2", "--port-base", "21000")
    for dyno, port in {"a.1": 21000, "a.3": 21002, "b.1": 21100, "b.2": 21101}.items():
        app.wait_for(rf"app\[{dyno}\]: .-{port}$")
    assert "b.3" not in app.text


def test_one_death_does_not_end_the_others(folder: Folder) -> None:
    folder.write("Procfile", "bad: exit 3\ngood: while sleep 0.2; do echo alive; done\n")
    app = folder.start()
    app.wait_for(r"heroku\[bad\.1\]: Process exited with status 3$", count=2)
    before = app.text.count("alive")
    wait_until(lambda: app.text.count("alive") > before + 2, "the other goes on")
    assert app.proc.poll() is None


def test_a_crash_is_restarted_at_once_and_then_cools_off(folder: Folder) -> None:
    folder.write("Procfile", "bad: exit 3\n")
    app = folder.start("--backoff-first", "600ms")
    app.wait_for(r"State changed from crashed to starting$", count=1)
    app.wait_for(r"Process exited with status 3$", count=2)
    began = time.monotonic()
    app.wait_for(r"State changed from crashed to starting$", count=2)
    assert time.monotonic() - began > 0.3


def test_a_crash_loop_costs_no_cpu(folder: Folder) -> None:
    folder.write("Procfile", "bad: exit 3\n")
    app = folder.start()
    app.wait_for(r"Process exited with status 3$", count=3)
    assert len([x for x in app.lines if "Starting process" in x]) < 5


def test_exit_on_crash_ends_with_the_status_of_the_first(folder: Folder) -> None:
    folder.write("Procfile", "test: sleep 0.3; exit 7\nweb: trap 'exit 1' TERM; sleep 60 & wait\n")
    app = folder.start("--exit-on-crash")
    assert app.wait() == 7
    app.assert_nothing_left()


def test_exit_on_crash_runs_no_command_a_second_time(folder: Folder) -> None:
    folder.write("Procfile", "test: sleep 0.3; exit 7\nweb: trap 'exit 1' TERM; sleep 60 & wait\n")
    app = folder.start("--exit-on-crash")
    assert app.wait() == 7
    assert app.text.count("heroku[test.1]: Starting process") == 1, app.text
    assert "heroku[test.1]: State changed from crashed to starting" not in app.text


def test_r10_when_the_port_is_not_bound_in_time(folder: Folder) -> None:
    folder.write("Procfile", "web: sleep 60\n")
    app = folder.start("--boot-timeout", "300ms")
    app.wait_for(
        r"Error R10 \(Boot timeout\) -> Web process failed to bind to \$PORT within 0\.3 seconds"
    )
    app.wait_for(r"heroku\[web\.1\]: Process exited with status 137$")
    app.wait_for(r"State changed from starting to crashed$")


def test_r12_when_sigterm_is_not_heard(folder: Folder) -> None:
    folder.write("Procfile", "worker: trap '' TERM; echo ready; while :; do sleep 1; done\n")
    app = folder.start("--grace", "300ms")
    app.wait_for("ready")
    app.signal(signal.SIGINT)
    assert app.wait() == 130
    assert "Error R12 (Exit timeout) -> At least one process failed to exit within 0.3" in app.text
    assert "heroku[worker.1]: Stopping remaining processes with SIGKILL" in app.text
    assert "heroku[worker.1]: Process exited with status 137" in app.text
    app.assert_nothing_left(0.5)


def test_a_shorter_grace_of_a_type_holds_when_all_stops_too(folder: Folder) -> None:
    folder.write("Procfile", "worker: trap '' TERM; echo ready; while :; do sleep 1; done\n")
    app = folder.start("--grace", "worker=300ms")
    app.wait_for("ready")
    app.signal(signal.SIGINT)
    assert app.wait() == 130
    assert "failed to exit within 0.3 seconds" in app.text


def test_time_scale_shortens_every_time(folder: Folder) -> None:
    folder.write("Procfile", "web: sleep 60\n")
    app = folder.start("--time-scale", "0.005")
    app.wait_for(r"Error R10 .* within 0\.3 seconds")


def test_one_wish_that_arrives_as_two_signals_is_one(folder: Folder) -> None:
    """`timeout` signals its child and its group; npm passes on what the terminal sent as well."""
    folder.write(
        "Procfile", "w: trap 'sleep 0.3; echo bye; exit' TERM; echo ready; sleep 60 & wait\n"
    )
    app = folder.start()
    app.wait_for("ready")
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
        app.signal(number)  # both wait for the last, so that they arrive together
    app.wait()
    assert "app[w.1]: bye" in app.text
    assert "SIGKILL" not in app.text


def test_the_second_ctrl_c_kills_at_once(folder: Folder) -> None:
    folder.write("Procfile", "worker: trap '' TERM INT; echo ready; while :; do sleep 1; done\n")
    app = folder.start("--grace", "60", "--shutdown-grace", "60")
    app.wait_for("ready")
    app.signal(signal.SIGINT)
    app.wait_for("Stopping all processes with SIGTERM")
    began = time.monotonic()
    time.sleep(2 * ECHO)  # a person's second press, not an echo of the first
    app.signal(signal.SIGINT)
    assert app.wait() == 130
    assert time.monotonic() - began < 5
    app.assert_nothing_left(0.5)


def test_requests_of_the_whole_group_end_together(folder: Folder) -> None:
    """A leader that goes on SIGTERM, a child in its group that needs a moment."""
    folder.write(
        "Procfile",
        'worker: sh -c \'trap "sleep 0.4; echo child done; exit 0" TERM; echo ready;'
        " while :; do sleep 0.1; done' & trap 'exit 0' TERM; wait; wait\n",
    )
    app = folder.start()
    app.wait_for("ready")
    app.signal(signal.SIGTERM)
    app.wait()
    assert "app[worker.1]: child done" in app.text
    assert "R12" not in app.text


def test_a_taken_port_is_stepped_over(folder: Folder) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        folder.write("Procfile", "worker: echo port=$PORT; exec sleep 60\n")
        app = folder.start("--port-base", str(port))
        found = app.wait_for(r"port=(\d+)$")
        assert int(found[1]) != port


def test_fifty_dynos_start_and_stop_within_seconds(folder: Folder) -> None:
    folder.write("Procfile", "worker: echo ready; exec sleep 60\n")
    began = time.monotonic()
    app = folder.start("-m", "worker=50")
    app.wait_for("ready", count=50)
    app.signal(signal.SIGINT)
    app.wait()
    assert time.monotonic() - began < 10
    assert app.text.count("Process exited with status 143") == 50
    app.assert_nothing_left(0.5)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_the_exit_status_tells_the_signal(folder: Folder, number: int, status: int) -> None:
    folder.write("Procfile", "worker: echo ready; exec sleep 60\n")
    app = folder.start()
    app.wait_for("ready")
    app.signal(number)
    assert app.wait() == status
    app.assert_nothing_left(0.5)


def test_three_hundred_dynos_stop_without_a_false_r12(folder: Folder) -> None:
    folder.write("Procfile", "worker: echo ready; exec sleep 60\n")
    app = folder.start("-m", "worker=300")
    app.wait_for("ready", count=300, timeout=30)
    app.signal(signal.SIGINT)
    app.wait(30)
    assert app.text.count("Process exited with status 143") == 300
    assert "R12" not in app.text


def test_scaling_away_a_dyno_that_cools_off(folder: Folder) -> None:
    folder.write("Procfile", "bad: exit 1\ngood: echo good; exec sleep 60\n")
    app = folder.start("--backoff-first", "1h", "--backoff-max", "1h", "-m", "bad=1,good=1")
    app.wait_for(r"heroku\[bad\.1\]: State changed from up to crashed", count=2)
    done = app.cli("ps:scale", "bad=0", "good=2")
    assert (done.returncode, "done" in done.stderr) == (0, True), done.stderr
    app.wait_for(r"app\[good\.2\]: good$")
    app.wait_for(r"heroku\[bad\.1\]: State changed from crashed to down$")


def test_a_dyno_that_closes_its_terminal_lives_on(folder: Folder) -> None:
    folder.write("Procfile", "a: sleep 60 < /dev/null > out 2> err\nb: echo b; exec sleep 60\n")
    app = folder.start("--pty")
    app.wait_for(r"app\[b\.1\]: b$")
    app.cli("ps:restart", "b")
    app.wait_for(r"app\[b\.1\]: b$", count=2)
    assert "heroku[a.1]: Process exited" not in app.text


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_standard_streams_harm_nothing(folder: Folder, closed: str) -> None:
    import subprocess

    from conftest import LOCALKU

    folder.write("Procfile", "a: echo up > up; exec sleep 60\n")
    script = f'"$0" start -p 0 {closed} & echo $! > pid; wait $!'
    shell = subprocess.Popen(
        ["/bin/bash", "-c", script, LOCALKU], cwd=folder.path, env=folder.environ()
    )
    try:
        wait_until(lambda: (folder.path / "up").exists(), "the dyno runs")
        pid = (folder.path / "pid").read_text().strip()
        lock = folder.path / ".localku" / "lock"
        wait_until(lambda: lock.read_text() == pid, "the lock holds the pid and nothing else")
    finally:
        import os

        os.kill(int((folder.path / "pid").read_text()), signal.SIGTERM)
        shell.wait(10)


def test_more_dynos_than_descriptors(folder: Folder) -> None:
    import resource

    def few() -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))

    folder.write("Procfile", "a: echo limit $(ulimit -n); exec sleep 60\n")
    app = folder.start("-m", "a=60", preexec_fn=few)
    app.wait_for(r"limit 64$", count=60)


def test_no_descriptors_at_all_is_one_line(folder: Folder) -> None:
    import resource

    folder.write("Procfile", "a: exec sleep 60\n")
    app = folder.start(
        "-m",
        "a=60",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )
    assert app.wait() == 1
    assert "Traceback" not in app.text
    assert "ulimit -n" in app.text
    app.assert_nothing_left()


def test_a_folder_whose_name_is_not_unicode(folder: Folder) -> None:
    import os

    odd = os.fsdecode(os.fsencode(folder.path) + b"/odd\xff\xe9")
    os.mkdir(odd)
    with open(os.path.join(odd, "Procfile"), "w") as file:
        file.write("a: echo up; exec sleep 60\n")
    app = folder.start("--root", odd)
    app.wait_for(r"app\[a\.1\]: up$")
    app.wait_for("Running ")
    assert app.cli("ps", "--root", odd).returncode == 0
    app.signal(signal.SIGINT)
    assert app.wait() == 130


def test_nohup_keeps_it_alive(folder: Folder) -> None:
    folder.write("Procfile", "a: while sleep 0.1; do echo tick; done\n")
    app = folder.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    app.wait_for("tick")
    app.signal(signal.SIGHUP)
    seen = app.text.count("tick")
    app.wait_for("tick", count=seen + 5)
    assert app.proc.poll() is None
