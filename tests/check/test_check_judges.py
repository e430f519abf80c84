"""The judges of `localku doctor`, each by a table of what was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from localku.check import (
    judge_admin,
    judge_deps,
    judge_dynos,
    judge_files,
    judge_life,
    judge_logs,
    judge_port,
    judge_services,
    verdicts,
)
from localku.check.comparing import compared, differences
from localku.check.declared import Declared
from localku.check.finding import Evidence, Finding, Verdict
from localku.check.record import Answer, Ask, Line, Listener, Process, Run, Sight, Stop
from localku.check.redaction import Cleaner
from localku.check.world import read_url, services, sqlite_url
from localku.errors import UserError

SLUG = "/x/localku-doctor-1/one/app"
ASK = Ask("/")


def sight(event: str, where: str = "app.py:1", **data: Any) -> Sight:
    return Sight(event, where, 7, "web.1", data)


def run(**more: Any) -> Run:
    return Run(slug=SLUG, **more)


def answers(*bodies: str, status: int = 200) -> list[Answer]:
    return [Answer(ASK, status, "text/html", body) for body in bodies]


def worst(found: list[Finding]) -> str:
    return verdicts.worst(found).value


@pytest.mark.parametrize(
    ("first", "second", "both", "count"),
    [
        (["n 1", "n 2"], ["n 1", "n 2"], ["n 1", "n 2"], 0),
        (["n 1", "n 2"], ["n 1", "n 2"], ["n 1", "n 1"], 1),  # each dyno counts for itself
        (["port 5 x y", "a"], ["port 6 x y", "a"], ["port 7 x y", "a"], 0),  # differs anyway
        (["at 2026-11-24T10:00:01Z"], ["at 2026-11-24T10:00:09Z"], ["at 2026-11-25T10:00:01Z"], 0),
        (["took 3 ms"], ["took 3 ms"], ["took 17 ms"], 0),
        (['csrf" value="abcdef12"'], ['csrf" value="abcdef34"'], ['csrf" value="zzzzzz99"'], 0),
        (["a b c"], ["a b c d"], ["x"], 0),  # one dyno does not say the same twice
        (["a b c"], ["a b c"], ["a b"], 1),
        (["id 6f1d3c1e-2a7b-4c55-9d7e-0c1b2a3d4e5f"], ["id 6f1d3c1e-2a7b-4c55-9d7e-0c1b2a3d4e50"],
         ["id 7f1d3c1e-2a7b-4c55-9d7e-0c1b2a3d4e5f"], 0),
    ],
)  # fmt: skip
def test_answers_of_two_dynos(
    first: list[str], second: list[str], both: list[str], count: int
) -> None:
    found = differences(answers(*first), answers(*second), answers(*both))
    assert len(found) == count


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ('{"query_ms": 1.2038880959153175}', '{"query_ms": 1.7}', '{"query_ms": 12.64}'),
        ('{"took": 3, "n": 1}', '{"took": 3, "n": 1}', '{"took": 41, "n": 1}'),
        ("score 0.12345 of x", "score 0.12399 of x", "score 3.98765 of x"),
    ],
)
def test_measured_times_are_no_difference(first: str, second: str, both: str) -> None:
    assert differences(answers(first), answers(second), answers(both)) == []


def test_a_count_is_a_difference() -> None:
    one, two = '{"visits": 1, "price": 2.50}', '{"visits": 4, "price": 2.50}'
    assert len(differences(answers(one), answers(one), answers(two))) == 1


def test_answers_that_nobody_could_compare_count_for_nothing() -> None:
    first, second = answers("a b", "a", "same", "e"), answers("a b c", "b", "same", "e")
    second[3] = Answer(ASK, 404, "text/html", "e")
    assert compared(first, second, answers("a b", "a", "same", "e")) == 1
    assert worst(judge_dynos.differs([], 0)) == "not observed"


def test_who_only_read_is_told_what_more_can_be_tried() -> None:
    said = [judge_dynos.differs([], 3, reads=reads)[0].said for reads in (True, False)]
    assert ["--script" in each for each in said] == [True, False]


def test_what_no_hook_sees_is_no_pass() -> None:
    assert worst(judge_dynos.own_files(run(sights=[sight("node")]))) == "not observed"
    assert worst(judge_dynos.own_files(run(sights=[sight("python")]))) == "pass"
    (found,) = judge_dynos.pid_files(run())
    assert found.said == "no pid file was left when it had ended"
    (found,) = judge_deps.programs(run(sights=[sight("spawn", program="mytool")]), "")
    assert "a dyno has it" not in found.said


def test_a_page_that_the_second_dyno_does_not_know() -> None:
    (found,) = differences(answers("a"), answers("a"), answers("", status=404))
    assert (found.one, found.two) == ("200", "404")


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("uploads/a.png", "fail"),
        ("db.sqlite3", "fail"),
        ("tmp/cache/x", "warn"),
        ("app.pid", "warn"),
        ("x.sock", "warn"),
        ("app.log", "pass"),  # that is said of factor XI
        ("pkg/__pycache__/a.cpython-311.pyc", "pass"),
    ],
)
def test_files_of_the_slug(path: str, verdict: str) -> None:
    assert worst(judge_files.slug_writes(run(touched=[path]))) == verdict


def test_files_in_home_are_the_slug_on_heroku() -> None:
    assert worst(judge_files.slug_writes(run(at_home=[".camping.db"]))) == "fail"
    assert (
        worst(judge_files.slug_writes(run(at_home=[".npm/_logs/x.log", ".gunicorn/c"]))) == "pass"
    )


def test_a_database_that_is_only_read() -> None:
    path = f"{SLUG}/data.db"
    for reads, verdict in ((True, "pass"), (False, "warn")):
        seen = run(sights=[sight("sqlite", path=path, reads=reads)])
        assert worst(judge_files.slug_writes(seen)) == verdict


@pytest.mark.parametrize(
    ("took", "limit", "verdict"),
    [(0.1, 30.0, "pass"), (14.0, 30.0, "warn"), (None, 30.0, "fail"), (None, 2.0, "fail")],
)
def test_sigterm(took: float | None, limit: float, verdict: str) -> None:
    assert worst(judge_life.term([run(stops=[Stop("web.1", took, limit)])])) == verdict


@pytest.mark.parametrize(
    ("boots", "verdict"), [([], "not observed"), ([1.0, 2.0], "pass"), ([25.0, 31.0, 2.0], "warn")]
)
def test_boot(boots: list[float], verdict: str) -> None:
    assert worst(judge_life.boot([run(boots=boots)])) == verdict


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [([200, 200], "pass"), ([200, 0], "warn"), ([0, 0], "fail"), ([], "not observed")],
)
def test_requests_in_hand(statuses: list[int], verdict: str) -> None:
    stops = [Stop("web.1", 0.1, 30, 0, Answer(ASK, each), True) for each in statuses]
    assert worst(judge_life.in_hand(run(stops=stops, can_see_processes=True))) == verdict
    assert worst(judge_life.in_hand(run(stops=stops))) == "not observed"


@pytest.mark.parametrize(
    ("host", "verdict"),
    [("0.0.0.0", "pass"), ("::", "pass"), ("127.0.0.1", "fail"), ("::1", "fail")],  # noqa: S104
)
def test_address(host: str, verdict: str) -> None:
    seen = run(ports={"web.1": 5}, listeners=[Listener(host, 5, "web.1", 7, "app")])
    assert worst(judge_port.address(seen)) == verdict


def test_a_command_that_is_not_installed_here_says_nothing_of_the_app() -> None:
    lines = [Line(1, "heroku", "web.1", "Process exited with status 127")]
    (found,) = judge_port.port([run(failed="web.1 did not come up", lines=lines)])
    assert found.verdict is Verdict.NOT_OBSERVED


def test_an_address_that_a_config_var_says() -> None:
    listeners = [Listener("127.0.0.1", 5, "web.1", 7, "app")]
    seen = run(ports={"web.1": 5}, listeners=listeners, config={"HOST": "127.0.0.1"})
    (found,) = judge_port.address(seen)
    assert found.verdict is Verdict.PASS
    assert "HOST says so" in found.said


def test_no_secret_is_cut_into_words() -> None:
    secret = "Zx91-kQpL-r77wTTz"
    clean = Cleaner({"API_TOKEN": secret}).text
    bodies = [answers(f"token {secret} visit {n}") for n in (1, 1, 2)]
    (found,) = differences(*bodies, clean)
    assert "Zx91" not in found.one + found.two


def test_an_app_that_needs_its_services_is_not_judged() -> None:
    seen = run(failed="web.1 did not come up", services_missed=["DATABASE_URL"])
    (found,) = judge_port.port([seen])
    assert found.verdict is Verdict.NOT_OBSERVED
    assert "--use-services" in found.said
    said = Line(1, "app", "web.1", "could not translate host name localku-doctor.invalid")
    (found,) = judge_port.port([run(failed="web.1 did not come up", lines=[said])])
    assert found.verdict is Verdict.NOT_OBSERVED


@pytest.mark.parametrize(
    ("host", "port", "config", "verdict"),
    [
        ("10.0.0.5", 5432, {"DATABASE_URL": "postgres://u:p@10.0.0.5:5432/x"}, "pass"),
        ("10.0.0.5", 5432, {}, "fail"),
        ("10.0.0.5", 8123, {}, "warn"),
        ("127.0.0.1", 6379, {"DATABASE_URL": "postgres://127.0.0.1:40001/x"}, "fail"),
        ("127.0.0.1", 6379, {"DB": "127.0.0.1", "LOCALKU_DOCTOR_DENIED": "5432"}, "pass"),
        ("127.0.0.1", 6380, {"DB": "127.0.0.1", "LOCALKU_DOCTOR_DENIED": "6380"}, "warn"),
        ("127.0.0.1", 6380, {"CACHE_HOST": "127.0.0.1", "CACHE_PORT": "6380"}, "pass"),
        ("/run/mysqld/mysqld.sock", 0, {}, "warn"),
        ("93.184.216.34", 443, {"API_URL": "https://example.com/v1"}, "pass"),
    ],
)
def test_connections(host: str, port: int, config: dict[str, str], verdict: str) -> None:
    sights = [
        sight("python"),
        sight("lookup", host="example.com", port="443"),
        sight("connect", host=host, port=port),
    ]
    assert worst(judge_services.hard_coded(run(sights=sights, config=config))) == verdict


def line(at: float, text: str) -> Line:
    return Line(at, "app", "web.1", text)


def test_lines_that_come_late() -> None:
    seen = [sight("python")]
    calm = run(lines=[line(1, "got /1"), line(2, "got /2")], traffic_at=1, ended_at=9, sights=seen)
    late = run(lines=[line(10, f"got /{n}") for n in range(3)], traffic_at=1, ended_at=9)
    silent = run(traffic_at=1, ended_at=9, sights=seen)
    assert worst(judge_logs.buffered(calm, calm)) == "pass"
    assert worst(judge_logs.buffered(late, silent)) == "warn"
    assert worst(judge_logs.buffered(silent, calm)) == "warn"
    assert worst(judge_logs.buffered(silent, silent)) == "not observed"
    one_late = replace(late, lines=late.lines[:1], sights=[])
    assert worst(judge_logs.buffered(one_late, silent)) == "not observed"


@pytest.mark.parametrize(
    ("module", "verdict"),
    [
        ("flasky", "pass"),
        ("markupy", "warn"),
        ("yamly", "fail"),
        ("json", "pass"),
        ("own", "pass"),
    ],
)
def test_imports_while_it_ran(module: str, verdict: str) -> None:
    known = judge_deps.Installed(
        {"flasky": ["flasky"], "markupy": ["markupy"], "yamly": ["yamly"]},
        {"flasky": ["jinjay"], "jinjay": ["markupy"]},
        {"gunicorn": "gunicorn"},
    )
    sights = [sight("python", argv="python x.py"), sight("import", module=module)]
    seen = run(sights=sights, original=frozenset({"own.py"}))
    found = judge_deps.modules(seen, Declared(main={"flasky": "requirements.txt:1"}), known)
    assert worst(found) == verdict


def test_a_server_that_nothing_declares() -> None:
    known = judge_deps.Installed({}, {}, {"gunicorn": "gunicorn"})
    seen = run(sights=[sight("python", argv="/v/bin/python /v/bin/gunicorn app:app")])
    (found,) = judge_deps.modules(seen, Declared(main={"flasky": "requirements.txt:1"}), known)
    assert found.verdict is Verdict.FAIL
    assert "gunicorn" in found.said


def test_several_dynos_share_the_work() -> None:
    lines = [
        Line(1, "heroku", "router", "", {"dyno": f"web.{n}", "status": "200"}) for n in (1, 2, 3)
    ]
    assert worst(judge_dynos.share(run(lines=lines, wanted=3), run())) == "pass"
    assert worst(judge_dynos.share(run(lines=lines, wanted=4), run())) == "warn"
    broken = [
        Line(1, "heroku", "router", "", {"dyno": f"web.{n}", "status": "503"}) for n in (1, 2, 3)
    ]
    assert worst(judge_dynos.share(run(lines=broken, wanted=3), run())) == "not observed"
    failed = run(failed="web.2 did not come up beside the others")
    assert worst(judge_dynos.share(failed, run())) == "fail"


def test_the_verdict_of_a_factor_is_its_worst() -> None:
    found = [
        Finding(5, "a", Verdict.PASS, ""),
        Finding(5, "b", Verdict.FAIL, ""),
        Finding(6, "c", Verdict.NOT_OBSERVED, ""),
    ]
    five, six, seven = verdicts.factors(found, [5, 6, 7])
    assert [each.verdict.value for each in (five, six, seven)] == [
        "fail",
        "not observed",
        "not observed",
    ]
    assert [verdicts.status([five, six], on) for on in ("", "warn", "fail")] == [0, 1, 1]
    assert verdicts.status([six, seven], "warn") == 0


def test_only() -> None:
    assert verdicts.read_only("6,ix, logs,admin") == [6, 9, 11, 12]
    for wrong in ("0", "13", "co", "six", "6,,7"):
        with pytest.raises(UserError):
            verdicts.read_only(wrong)


def test_what_config_vars_point_at() -> None:
    found = services(
        {
            "DATABASE_URL": "postgres://u:p@db.example.com/x",
            "CACHE": "sqlite:///cache.db",
            "REDIS_HOST": "cache.internal",
            "UPLOADS": "/srv/uploads",
            "TITLE": "a: b",
            "PATH_TO_LS": "/usr/bin/ls",
            "HOST": "0.0.0.0",  # noqa: S104
        }
    )
    assert found.urls["DATABASE_URL"].port == 5432
    assert (found.files, found.hosts) == ({"CACHE": "cache.db"}, {"REDIS_HOST": "cache.internal"})
    assert found.paths == {"UPLOADS": "/srv/uploads"}
    url = read_url("postgres://u:p@db.example.com/x?a=b")
    assert url is not None
    assert url.at("127.0.0.1", 5) == "postgres://u:p@127.0.0.1:5/x?a=b"
    assert sqlite_url("sqlite:///a.db?x=1", "/t/a.db") == "sqlite:////t/a.db?x=1"


@pytest.mark.parametrize(
    "text",
    [
        "said hunter2hunter2 aloud",
        "postgres://u:hunter2hunter2@h/x",
        "token=hunter2hunter2",
        "pw: s3cr",
        "Authorization: Bearer abcDEF123456",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    cleaner = Cleaner({"API_KEY": "hunter2hunter2", "DB_PASSWORD": "s3cr"})
    found = cleaner.finding(
        Finding(11, "x", Verdict.FAIL, text, (Evidence("log", "app[web.1]", text),))
    )
    for said in (found.said, found.evidence[0].text):
        assert not {"hunter2hunter2", "s3cr", "abcDEF123456"} & set(said.replace(":", " ").split())
        assert "hunter2" not in said


@pytest.mark.parametrize(
    ("names", "verdict"), [("A_KEY DYNO", "pass"), ("DYNO", "warn"), ("", "warn")]
)
def test_a_one_off_dyno_has_the_same_config_vars(names: str, verdict: str) -> None:
    seen = run(
        config={"A_KEY": "x", "lower": "y"},
        can_see_processes=True,
        listeners=[Listener("0.0.0.0", 5000, "web.1", 7, "x")],  # noqa: S104
        processes=[Process(7, "web.1", "x", False, SLUG, frozenset({"A_KEY", "lower", "PORT"}))],
        one_off={"folder": SLUG, "names": names, "hash": "1 2", "web_hash": "1 2"},
    )
    assert worst(judge_admin.one_off(seen)) == verdict


def test_a_line_does_nothing_to_the_terminal() -> None:
    text = "\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x9b2Jend\rx\u202ey"
    found = Cleaner({}).finding(Finding(11, "x", Verdict.FAIL, text, (Evidence("log", "a", text),)))
    assert found.said == found.evidence[0].text == r"red end\rx\xe2\x80\xaey"


def test_a_path_of_the_trial_is_shown_as_the_apps() -> None:
    said = Cleaner({}).text(f'File "{SLUG}/web.py", line 3')
    assert said == 'File "web.py", line 3'
