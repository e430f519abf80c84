"""What a sweep says of its steps, on the terminal and in the report: known answers."""

from __future__ import annotations

import json
import re
from math import log10
from pathlib import Path

import pytest

from localku.load import analysis, plots, report, sidebyside
from localku.load.canvas import Canvas
from localku.load.document import document
from localku.load.goal import parse
from localku.load.result import (
    GeneratorUse,
    Instant,
    Machine,
    MachineUse,
    Percentiles,
    Result,
    Step,
)
from localku.load.summary import knee, little, percentiles, spectrum, summaries


def step(count: int, offered: float, achieved: float, ms: float = 20.0, **more: object) -> Step:
    """A step of ten seconds whose latency is exponential around ms."""
    number = round(achieved * 10)
    p = Percentiles(number, ms, 1, ms * 0.7, ms * 2.3, ms * 3, ms * 4.6, ms * 7, ms * 9)
    bounds = [(ms * q, times) for q, times in ((0.7, number // 2), (2.3, number // 3))]
    bounds.append((9 * ms, number - number // 2 - number // 3))
    found = Step({"web": count}, 1, offered, achieved, 10.0, round(offered * 10), 99,
                 latency=p, sent_latency=p, connect=Percentiles(number, 1.0),
                 service=Percentiles(number, ms - 2, p50=ms / 2), histogram=bounds,
                 timeline=[Instant(t, number // 10, 0, ms, ms * 4) for t in range(10)])  # fmt: skip
    for name, value in more.items():
        setattr(found, name, value)
    return found


def result(*steps: Step) -> Result:
    machine = Machine(2, "Some CPU", 8 << 30)
    return Result(
        "shop", "http://shop.localhost/", started="2026-01-31", machine=machine, steps=[*steps]
    )


FULL = MachineUse(0.97, True)


def test_percentiles_of_repeats_are_those_of_all_their_requests() -> None:
    found = percentiles([[(10.0, 90), (20.0, 10)], [(10.0, 10), (20.0, 90)]])
    assert (found["p50"], found["p95"]) == (20.0, 20.0)
    assert spectrum([(10.0, 90), (20.0, 10)]) == [(90.0, 10.0), (100.0, 20.0)]


def test_the_capacity_is_known_only_where_more_was_asked_than_could_be_done() -> None:
    found = summaries(result(step(1, 60, 30), step(2, 60, 60)), "web")
    assert [(each.capacity, each.held) for each in found] == [(30, False), (None, True)]


def test_of_a_search_the_highest_rate_that_held_counts() -> None:
    steps = [step(1, 10, 10), step(1, 20, 20, 70), step(1, 40, 30, 400), step(2, 40, 40, 500)]
    found = summaries(result(*steps), "web", parse("p95<250ms"))
    assert [(each.capacity, each.held) for each in found] == [(20, True), (None, False)]


def test_each_limit_has_its_word() -> None:
    its = result(
        step(1, 60, 30),
        step(2, 60, 60, 90),
        step(3, 60, 60, 21),
        step(4, 60, 60, generator=GeneratorUse(0.9, 5, "it was busy")),
        step(5, 60, 60, machine=FULL),
        step(6, 60, 60, errors={"timeout": 12}, codes={"H12": 12}),
    )
    found = analysis.analyse(its, "web")
    words = ["overload", "queueing", "its own work", "the generator", "this machine", "errors"]
    assert [each.limit for each in found] == words
    text = "\n".join(its.more["sayings"])
    assert "2 cores" in text and "they were full at web=5" in text and "something else" in text
    assert "web=6: errors: 2.0% errors (H12 x12)" in text


def scaled(*, machine_from: int = 99) -> Result:
    """Capacities by a law that is known; from some count on they show the machine."""
    steps = []
    for n in (1, 2, 3, 4, 6, 8):
        rate = 40 * n / (1 + 0.05 * (n - 1) + 0.01 * n * (n - 1))
        is_full = n >= machine_from
        steps.append(step(n, 1000, rate * (0.5 if is_full else 1)))
        steps[-1].machine = FULL if is_full else MachineUse(0.3)
    return result(*steps)


def test_the_law_is_fitted_and_the_machine_s_points_are_left_out_and_said() -> None:
    whole, part = scaled(), scaled(machine_from=8)
    for its in (whole, part):
        analysis.analyse(its, "web")
        law = its.more["usl"]
        assert law["contention"]["value"] == pytest.approx(0.05, abs=1e-3)
        assert law["peak"] == pytest.approx((0.95 / 0.01) ** 0.5, abs=0.1)
    text = "\n".join(part.more["sayings"])
    assert "left out, for they show the machine: web=8" in text
    assert "from web=8 on the curve shows this machine and not the app" in text
    assert "more dynos do less" in text and "contention: 5%" in text
    assert "the curve is that of the app" in "\n".join(whole.more["sayings"])


def test_too_few_capacities_are_said_with_what_to_do() -> None:
    its = result(step(1, 60, 30), step(2, 60, 60), step(4, 60, 60, 19))
    analysis.analyse(its, "web")
    text = "\n".join(its.more["sayings"])
    assert its.more["usl"] is None
    assert "it takes the capacity at 4 counts, and 1 is known" in text and "--find-max" in text
    assert "web=2 holds this rate, web=2 is enough" in text


def test_the_knee_is_where_a_queue_bends_up() -> None:
    curve = [(rho * 100, 10 / (1 - rho)) for rho in (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97)]
    assert knee(curve) in (70, 80, 90)
    assert knee([(rate, 10.0) for rate in range(10)]) is None and knee(curve[:3]) is None


def test_little_s_law() -> None:
    assert little(step(1, 50, 50, 200), 10) == pytest.approx(0)
    assert little(step(1, 50, 50, 100), 10) == pytest.approx(0.5)
    assert little(step(1, 50, 50, 200), None) == 0


def test_the_table_and_the_plots_of_the_terminal() -> None:
    its = scaled(machine_from=8)
    found = analysis.analyse(its, "web", predicted={2: 123.0})
    text = "\n".join(sidebyside.lines(its, found))
    assert re.search(r"web=8\* +1000 +\d", text) and "p95 predicted" in text and "123" in text
    assert max(text) >= "⠁" and all(len(line) < 160 for line in text.splitlines()[:9])


def test_the_canvas() -> None:
    canvas = Canvas(10, 3, (0, 0), (10, 10))
    canvas.line([(0, 0), (10, 10)])
    canvas.mark(10, 10, "o")
    canvas.mark(99, 99, "x")
    lines = canvas.lines()
    assert len(lines) == 3 and lines[0].endswith("o") and lines[2][0] == "⡠"
    assert canvas.with_axes("dynos", [(0, "0"), (10, "10")])[-1].split() == ["0", "10"]


def test_the_percentile_axis_is_stretched() -> None:
    assert plots.stretched(0.99) == pytest.approx(-log10(0.01))
    assert plots.stretched(1.0) == pytest.approx(5)
    points = [(float(x), 0.0) for x in range(5000)]
    assert len(plots.thin(points)) == plots.MOST_POINTS
    assert plots.thin(points)[-1] == points[-1]


NASTY = "</script><script>alert(1)</script><!-- \u2028 & '\""


def test_nothing_in_the_data_breaks_out_of_the_report() -> None:
    its = scaled()
    its.target = its.app = NASTY
    its.notes = [NASTY]
    analysis.analyse(its, "web")
    text = report.page(its)
    assert text.count("</script>") == 3 and "alert(1)</script>" not in text
    data = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert data and json.loads(data[1])["facts"][0][1] == NASTY
    assert "<title>Load test of &lt;/script&gt;" in text


def test_the_report_asks_nobody_for_anything() -> None:
    its = scaled()
    analysis.analyse(its, "web")
    text = report.page(its)
    assert "default-src 'none'" in text and not re.search(r"(src|href)\s*=", text)
    assert not re.search(r"@import|url\(", text)
    own = Path(report.OWN, "report.js").read_text()
    assert "innerHTML" not in own and "eval(" not in own


def test_a_single_step_and_an_empty_result_have_reports_too() -> None:
    one = document(result(step(1, 50, 50)))
    assert [each["title"] for each in one["plots"]] == [
        "Latency by percentile",
        "Latency over time",
        "Requests over time",
    ]
    assert report.page(result())


def test_tables_and_plots_of_others_are_shown() -> None:
    its = result(step(1, 50, 50))
    line = plots.series("random", [(1, 2), (2, 9)], 1)
    its.more["plots"] = [plots.plot("Simulated", "", plots.axis("dynos"), plots.axis("ms"), [line])]
    its.more["tables"] = [{"title": "T", "note": "", "columns": ["a"], "rows": [["1"]]}]
    parts = document(its)
    assert parts["plots"][-1]["title"] == "Simulated" and parts["tables"][-1]["title"] == "T"


def test_the_json_of_a_sweep_is_read_again() -> None:
    its = scaled(machine_from=8)
    analysis.analyse(its, "web", goal=parse("p95<1s"))
    assert analysis.NO_PREDICTION in its.more["sayings"]
    again = Result.from_json(json.loads(json.dumps(its.to_json(), allow_nan=False)))
    assert again.more == json.loads(json.dumps(its.more))
    goal = analysis.goal_of(again)
    assert goal and goal.most == 1000.0
    assert report.page(again) == report.page(its)
