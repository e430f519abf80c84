"""`--watch`: saved files reach the running app, and mistakes in them do not."""

from __future__ import annotations

import re

from conftest import Folder, Running, wait_until

TICK = "echo {name} pid $$ $WORD; while :; do sleep 0.1; done"


def starts(app: Running, dyno: str) -> int:
    return len(re.findall(rf"heroku\[{re.escape(dyno)}\]: Starting process", app.text))


def watched(folder: Folder, *argv: str) -> Running:
    app = folder.start("--watch", *argv)
    app.wait_for("Watching")
    return app


def test_a_saved_file_restarts_only_the_types_that_it_belongs_to(folder: Folder) -> None:
    folder.write("Procfile", f"a: {TICK.format(name='a')}\nb: {TICK.format(name='b')}\n")
    folder.write("localku.yml", "watch:\n  a: ['a/**']\n  b: ['b/**']\n")
    folder.write("a/x.py", "1")
    folder.write("b/x.py", "1")
    app = folder.start()
    app.wait_for("Watching")
    folder.write("a/x.py", "2")
    app.wait_for(r"app\[api\]: Restarting a: a/x\.py changed$")
    app.wait_for(r"heroku\[a\.1\]: Starting process", count=2)
    assert starts(app, "b.1") == 1


def test_ignored_files_restart_nothing(folder: Folder) -> None:
    folder.write("Procfile", f"a: {TICK.format(name='a')}\n")
    folder.write(".gitignore", "*.out\nbuild/\n")
    app = watched(folder)
    folder.write("x.out", "1")
    folder.write("build/y.py", "1")
    folder.write("z.py", "1")
    app.wait_for(r"app\[api\]: Restarting a: z\.py changed$")
    app.wait_for(r"heroku\[a\.1\]: Starting process", count=2)
    assert starts(app, "a.1") == 2


def test_a_changed_env_file_reaches_the_dynos(folder: Folder) -> None:
    folder.write("Procfile", f"a: {TICK.format(name='a')}\n")
    folder.write(".env", "WORD=first\nGONE=1\n")
    app = watched(folder)
    app.wait_for(r"app\[a\.1\]: a pid \d+ first$")
    folder.write(".env", "WORD=second\n")
    app.wait_for(r"app\[api\]: Set WORD config vars by user")
    app.wait_for(r"app\[api\]: Remove GONE config vars by user")
    app.wait_for(r"app\[a\.1\]: a pid \d+ second$")
    assert "second" not in re.sub(r"app\[a\.1\].*", "", app.text), "no value in our own lines"


def test_a_type_that_is_new_starts_and_one_that_is_gone_stops(folder: Folder) -> None:
    folder.write("Procfile", "a: echo one; exec sleep 60\nb: echo two; exec sleep 60\n")
    app = watched(folder)
    app.wait_for("two")
    folder.write("Procfile", "a: echo one; exec sleep 60\nc: echo three; exec sleep 60\n")
    app.wait_for(r"app\[c\.1\]: three$")
    app.wait_for(r"heroku\[b\.1\]: Process exited with status 143$")
    assert starts(app, "a.1") == 1


def test_a_setting_that_waits_for_the_next_start_is_named(folder: Folder) -> None:
    folder.write("Procfile", f"a: {TICK.format(name='a')}\n")
    folder.write("localku.yml", "boot_wait: 5s\n")
    app = watched(folder)
    folder.write("localku.yml", "boot_wait: 6s\nformat: short\nformation: {a: 2}\n")
    app.wait_for(
        r"app\[api\]: localku\.yml: boot_wait, format will change at the next localku start$"
    )
    app.wait_for(r"heroku\[a\.2\]: Starting process")  # what can be applied is
    folder.write("localku.yml", "boot_wait: 5s\nformation: {a: 3}\n")
    app.wait_for(r"heroku\[a\.3\]: Starting process")
    assert app.text.count("will change at") == 1, "as it was at the start"


def test_a_mistake_is_reported_and_the_app_stays_up(folder: Folder) -> None:
    folder.write("Procfile", "a: echo one; exec sleep 60\n")
    app = watched(folder)
    folder.write("Procfile", "a: echo one; exec sleep 60\nwhat is this\n")
    app.wait_for(r"app\[api\]: Procfile not applied: Procfile:2: ")
    folder.write(".env", "K-A=1\n")
    app.wait_for(r"\.env:1: ")
    folder.write("Procfile", "a: echo again; exec sleep 60\n")
    folder.write(".env", "K=1\n")
    app.wait_for(r"app\[a\.1\]: again$")
    assert app.proc.poll() is None


def test_a_program_that_is_not_there_is_a_mistake_too(folder: Folder) -> None:
    folder.write("Procfile", "a: echo one; exec sleep 60\n")
    app = watched(folder)
    folder.write("Procfile", "a: no-such-program\n")
    app.wait_for(r"Procfile not applied: Procfile:1: a: command not found: no-such-program")
    assert starts(app, "a.1") == 1


def test_a_save_ends_a_cool_off(folder: Folder) -> None:
    folder.write("Procfile", "a: exec python3 app.py\n")
    folder.write("app.py", "raise SystemExit(1)\n")
    app = watched(folder, "--backoff-first", "1h", "--backoff-max", "1h")
    app.wait_for(r"State changed from up to crashed", count=2)
    folder.write("app.py", "print('mended', flush=True)\nimport time\ntime.sleep(60)\n")
    app.wait_for(r"app\[a\.1\]: mended$")


def test_quantities_of_ps_scale_survive_a_reload(folder: Folder) -> None:
    folder.write("Procfile", "a: echo one; exec sleep 60\n")
    app = watched(folder)
    assert app.cli("ps:scale", "a=3").returncode == 0
    app.wait_for(r"app\[a\.3\]: one$")
    folder.write("Procfile", "a: echo two; exec sleep 60\n")
    app.wait_for(r"app\[a\.3\]: two$")


def test_its_own_output_in_the_folder_restarts_nothing(folder: Folder) -> None:
    folder.write("Procfile", f"a: {TICK.format(name='a')}; echo x\n")
    with (folder.path / "out.txt").open("wb") as out:
        app = folder.start("--watch", stdout=out)

    def said() -> str:
        return (folder.path / "out.txt").read_text()

    wait_until(lambda: "Watching" in said(), "it watches")
    folder.write("x.py", "1")
    wait_until(lambda: "Restarting a: x.py changed" in said(), "the file restarts it")
    wait_until(lambda: said().count("Starting process") == 2, "it is restarted")
    folder.write("y.py", "1")
    wait_until(lambda: "Restarting a: y.py changed" in said(), "the other file restarts it")
    assert "out.txt" not in said()
    assert app.proc.poll() is None


def test_an_app_that_writes_into_its_folder_does_not_restart_for_ever(folder: Folder) -> None:
    folder.write("Procfile", "a: date +%N > stamp; echo up; exec sleep 60\n")
    app = watched(folder)
    folder.write("x.py", "1")
    app.wait_for(r"app\[api\]: Not watching stamp: it changes at every restart")
    before = starts(app, "a.1")
    folder.write("x.py", "2")
    app.wait_for(r"Restarting a: .*x\.py changed", count=2)
    wait_until(lambda: starts(app, "a.1") == before + 1, "the other files still count")
