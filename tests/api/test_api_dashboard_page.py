"""The dashboard in a real Chromium: what it shows, and that nothing it is told can hurt it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from chromium_kit import Browser, Tab
from conftest import wait_until
from dashboard_kit import (
    PAGE,
    Desk,
    choose,
    chromium,
    lines,
    live,
    look,
    needs_chromium,
    shop,
    shows_line,
)

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as it:
        yield it


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with shop(tmp_path_factory.mktemp("page") / "shop", "--memory", "256MB") as it:
        yield it


@pytest.fixture(scope="module")
def opened(browser: Browser, desk: Desk) -> Iterator[Tab]:
    """One page for all tests: it has to survive them all without a reload."""
    tab = look(browser, desk.url)
    yield tab
    hosts = {urlsplit(url).netloc for url in tab.requests if not url.startswith("data:")}
    assert hosts == {urlsplit(desk.url).netloc}, "something was loaded from elsewhere"
    assert tab.troubles == [], "an error, or a violation of the page's policy"


@pytest.fixture
def tab(opened: Tab) -> Tab:
    """The page, with all filters off and nothing open."""
    for place in ("#log-source", "#log-dyno", "#log-search"):
        choose(opened, place, "")
    opened.eval("document.activeElement?.blur()")
    return opened


def test_it_opens_from_the_banners_link(tab: Tab) -> None:
    assert tab.eval("document.title") == "shop · localku"
    assert tab.text("#release") == "v2"
    assert "shop.localhost" in tab.text("#links a")
    assert tab.text("#connection") == "Live"


def test_it_shows_the_dynos(tab: Tab, desk: Desk) -> None:
    for name in ("web.1", "worker.1"):
        cells = tab.eval(
            f"[...document.querySelectorAll('[data-dyno=\"{name}\"] td')].map((e) => e.innerText)"
        )
        assert cells[0] == "up"
        assert cells[1].endswith("s")
        assert cells[5] == "0"
    tab.wait_for(
        "/MB of 256 MB/.test(document.querySelector('[data-dyno=\"web.1\"] .memory').innerText)"
    )
    assert tab.text('[data-type="web"] .command') == "exec python3 web.py"
    assert tab.text("#dynos-said") == "2 of 2 dynos up"


def test_a_request_appears_in_the_charts(tab: Tab, desk: Desk) -> None:
    assert [desk.get(path) for path in ("/", "/status/404", "/status/500")] == [200, 404, 500]
    counted = PAGE % (
        "['2xx', '4xx', '5xx'].every((name) => "
        "[...page.recent.byTime.values()].some((point) => point.requests[name] > 0))"
    )
    tab.wait_for(counted)
    tab.wait_for("document.querySelectorAll('#charts canvas').length === 4")
    tab.wait_for(
        "[...document.querySelectorAll('.chart .empty')].slice(0, 2).every((e) => e.hidden)"
    )
    assert "5xx" in tab.eval("document.querySelector('[aria-label^=Throughput]').ariaLabel")


def test_a_second_is_drawn_when_it_is_known(tab: Tab) -> None:
    known = PAGE % "page.recent.byTime.has(page.recent.times(page.now).at(-1))"
    tab.wait_for(known)
    deadline = time.monotonic() + 1.2
    while time.monotonic() < deadline:
        assert tab.eval(known), "the newest values would be nothing for a moment"


def test_the_apps_own_metrics_have_a_chart_each(tab: Tab, desk: Desk) -> None:
    desk.say(b"measure#cart.total=12ms sample#queue.depth=42 count#signup=3")
    for name, value in {"cart.total": "12 ms", "queue.depth": "42", "signup": "3"}.items():
        tile = f"e.innerText.startsWith('{name}') && e.innerText.includes('{value}')"
        tab.wait_for(f"[...document.querySelectorAll('.small')].some((e) => {tile})")


def test_a_click_on_the_legend_hides_a_line(tab: Tab) -> None:
    entry = ".chart .legend li:nth-child(3) button"
    tab.click(entry)
    assert tab.eval(f"document.querySelector('{entry}').ariaPressed") == "false"
    tab.click(entry)
    assert tab.eval(f"document.querySelector('{entry}').ariaPressed") == "true"


def test_the_cursor_is_the_same_moment_in_all_charts(tab: Tab) -> None:
    tab.eval("document.querySelector('.chart .plot').focus()")
    tab.press("ArrowLeft")
    times = tab.eval("[...document.querySelectorAll('.chart .when')].map((e) => e.innerText)")
    assert len(set(times)) == 1 and times[0], times
    tab.press("Escape")
    assert tab.text(".chart .when") == ""


@pytest.mark.parametrize("key", ["2", "3", "1"])
def test_the_time_range(tab: Tab, key: str) -> None:
    seconds = {"1": 300, "2": 1800, "3": 7200}[key]
    tab.press(key)
    tab.wait_for(f"document.querySelector('[data-range=\"{seconds}\"]').ariaPressed === 'true'")
    shown = PAGE % "[...page.points.byTime.values()].some((point) => point.requests['2xx'] > 0)"
    tab.wait_for(shown)


# -- the log -------------------------------------------------------------------------------------


def test_a_line_appears_and_the_filters_work(tab: Tab, desk: Desk) -> None:
    desk.say(b"needle one")
    desk.say(b"NEEDLE two")
    shows_line(tab, "NEEDLE two")
    choose(tab, "#log-search", "needle")
    assert lines(tab) == ["needle one", "NEEDLE two"]
    assert tab.eval("document.querySelector('#lines mark').textContent") == "needle"
    choose(tab, "#log-search", "/NEEDLE \\w+$/")
    assert lines(tab) == ["NEEDLE two"]
    desk.say(b"NEEDLE three")
    tab.wait_for("document.querySelectorAll('#lines .line').length === 2")
    choose(tab, "#log-search", "/(/")
    assert "No expression" in tab.text("#log-search-said")
    assert len(lines(tab)) == 2
    choose(tab, "#log-search", "")
    choose(tab, "#log-dyno", "router")
    assert lines(tab) and all("fwd=" in line for line in lines(tab))
    choose(tab, "#log-dyno", "web")
    choose(tab, "#log-source", "heroku")
    assert "Starting process with command `exec python3 web.py`" in lines(tab)
    assert tab.text("#log-count").startswith(f"{len(lines(tab))} of ")


def test_pause_holds_new_lines_and_follow_shows_them(tab: Tab, desk: Desk) -> None:
    tab.press("p")
    desk.say(b"held back")
    tab.wait_for("/[1-9]\\d* new line/.test(document.querySelector('#log-newest').innerText)")
    assert not any(line == "held back" for line in lines(tab))
    tab.press("f")
    shows_line(tab, "held back")
    assert tab.eval("document.querySelector('#log-newest').hidden")


def test_clear_empties_this_page_only(tab: Tab, desk: Desk) -> None:
    tab.press("c")
    tab.wait_for("document.querySelectorAll('#lines .line').length === 0")
    desk.say(b"after the clearing")
    shows_line(tab, "after the clearing")


HOSTILE = {
    "script": (b"<script>window.hurt=1</script><img src=x onerror=window.hurt=1>", "<script>"),
    "colour": (b"\x1b[1;31mred\x1b[0m plain", "red plain"),
    "screen": (b"\x1b[2J\x1b[10;10Hhome\x1b[?25l", "home"),
    "link": (b"\x1b]8;;https://evil.example/\x07click\x1b]8;;\x1b\\ me", "click me"),
    "title": (b"\x1b]0;owned\x07after", "after"),
    "turned": (
        "user \u202egnp.exe\u2066".encode(),
        "user \u2039U+202E\u203agnp.exe\u2039U+2066\u203a",
    ),
    "controls": (b"a\x00b\x07c\rd", "a\u2400b\u2407c\u240dd"),
    "open": (b"\x1b]8;;unfinished", "\u241b]8;;unfinished"),
    "bytes": (b"\xff\xfe broken", "\ufffd\ufffd broken"),
    "wide": (b"w" * 2000, "w" * 2000),
}


@pytest.mark.parametrize(("line", "seen"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_is_only_text(tab: Tab, desk: Desk, line: bytes, seen: str) -> None:
    desk.say(b"probe " + line)
    shows_line(tab, f"probe {seen}" if seen != "<script>" else "<script>window.hurt")
    state = tab.eval(
        "({hurt: window.hurt, inside: document.querySelectorAll("
        "'#lines script, #lines img, #lines a, #lines iframe').length, wide: "
        "document.documentElement.scrollWidth - document.documentElement.clientWidth, "
        "title: document.title})"
    )
    assert state == {"inside": 0, "wide": 0, "title": "shop · localku"}


def test_colours_of_a_terminal_are_classes(tab: Tab, desk: Desk) -> None:
    desk.say(b"paint \x1b[1;38;5;196mred\x1b[m")
    shows_line(tab, "paint red")
    choose(tab, "#log-search", "paint")
    assert tab.eval("document.querySelector('#lines .text span').className") == "bold fg9"


def test_thousands_of_lines_a_second_leave_it_responsive(tab: Tab, desk: Desk) -> None:
    tab.eval(
        "window.tasks = []; new PerformanceObserver((list) => window.tasks.push("
        "...list.getEntries().map((e) => e.duration))).observe({type: 'longtask'}); 0"
    )
    desk.loud(5000)
    try:
        tab.wait_for(
            "Number(document.querySelector('#log-count').innerText"
            ".replace(/,/g, '').match(/^\\d+/)?.[0]) >= 8000"
        )
        tab.press("/")
        assert tab.eval("document.activeElement.id") == "log-search"
        assert tab.eval("document.querySelectorAll('#lines .line').length") < 2000
    finally:
        desk.loud(0)
    assert max(tab.eval("window.tasks"), default=0) < 1000, "the tab stood still"
    tab.press("Escape")
    tab.press("c")


# -- its pure parts ------------------------------------------------------------------------------

PURE = {
    "events in any pieces": (
        "sse.js",
        """({EventParser}) => [1, 3, 99].map((size) => {
          const text = "event: a\\r\\ndata: 1\\r\\ndata:2\\r\\n\\r\\n: no\\n\\ndata: x\\n\\n";
          const [parser, found] = [new EventParser(), []];
          for (let at = 0; at < text.length; at += size) {
            found.push(...parser.feed(text.slice(at, at + size)));
          }
          return found;
        })""",
        [[{"event": "a", "data": "1\n2"}, {"event": "message", "data": "x"}]] * 3,
    ),
    "hits in pieces of colour": (
        "filter.js",
        """({marked}) => marked([{text: "abc"}, {text: "def"}], [[1, 2], [2, 5]])
          .map(({text, hit}) => (hit ? text.toUpperCase() : text))""",
        ["a", "B", "C", "DE", "f"],
    ),
    "layers": (
        "series.js",
        "({stacked}) => stacked([[1, 2], [3, null], [5, 5]], [true, true, false])",
        [[1, 2], [4, 2], [4, 2]],
    ),
    "a measure stands for a while": (
        "series.js",
        """({perDyno}) => perDyno(
          [{dynos: {a: {load: 1}}}, undefined, undefined], [0, 20, 40], ["a"], "load")""",
        [[1, 1, None]],
    ),
    "sources of a metric": (
        "series.js",
        """({customMetrics}) => {
          const custom = {"n{a}": {type: "count", sum: 2}, "n{b}": {type: "count", sum: 3}};
          return [...customMetrics([{custom}], 1)]
            .map(([name, {count, sources}]) => [name, count, sources.get("").low]);
        }""",
        [["n", 5, [5]]],
    ),
    "half a moment does not replace a whole one": (
        "points.js",
        """({Points}) => {
          const points = new Points(300);
          for (const n of [9, 2]) points.merge([{t: 7, requests: {"2xx": n}}]);
          return points.byTime.get(7).requests["2xx"];
        }""",
        9,
    ),
    "sizes and times": (
        "format.js",
        """({age, bytes, ms}) => [age(3725), age(59), bytes(512 << 20), bytes(1.5 * 2 ** 30),
          bytes(0), ms(0.4), ms(1250)]""",
        ["1h 2m", "59s", "512 MB", "1.50 GB", "0 MB", "0.4 ms", "1.25 s"],
    ),
}


@pytest.mark.parametrize(("file", "work", "result"), PURE.values(), ids=PURE)
def test_a_pure_part(tab: Tab, file: str, work: str, result: object) -> None:
    assert tab.eval(f"import('/localku/dashboard/{file}').then({work})") == result


# -- how it looks, and for whom ------------------------------------------------------------------


def background(tab: Tab) -> int:
    """How light the page is, 0 to 255."""
    colour = tab.eval("getComputedStyle(document.body).backgroundColor")
    return int(colour.removeprefix("rgb(").split(",")[0])


def test_light_and_dark(tab: Tab) -> None:
    tab.prefer(prefers_color_scheme="dark")
    wait_until(lambda: background(tab) < 60, "it is dark")
    tab.click("#theme")
    wait_until(lambda: background(tab) > 200, "the person wins over the system")
    tab.prefer(prefers_color_scheme="light")
    assert background(tab) > 200


def test_it_is_usable_by_keyboard_alone(tab: Tab) -> None:
    tab.eval("document.body.focus(); window.getSelection().collapse(document.body, 0)")
    tab.press("?")
    tab.wait_for("document.querySelector('#shortcuts').open")
    tab.press("Escape")
    tab.wait_for("!document.querySelector('#shortcuts').open")
    tab.press("d")
    assert tab.eval("document.activeElement.id") == "dynos-title"
    reached = []
    for _ in range(30):
        tab.press("Tab")
        label = tab.eval(
            "document.activeElement.ariaLabel || document.activeElement.innerText.trim()"
        )
        reached.append(label)
        ring = tab.eval("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none", f"the focus cannot be seen on {label}"
    for label in ("Restart all", "One web dyno more", "Restart web.1", "Stop worker.1", "30 min"):
        assert label in reached


def test_every_control_has_a_name(tab: Tab) -> None:
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "searchbox", "combobox", "switch", "link", "table"}
    nameless = [
        node
        for node in nodes
        if not node["ignored"]
        and node.get("role", {}).get("value") in roles
        and not node.get("name", {}).get("value")
    ]
    assert nameless == []


@pytest.mark.parametrize("width", [1280, 640, 360])
def test_nothing_overflows_a_narrow_or_enlarged_window(tab: Tab, width: int) -> None:
    wide = (
        "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > "
        "innerWidth + 1 && !e.closest('.scrolls, .lines, .plot, .skip')).map((e) => e.outerHTML)"
    )
    tab.size(width, 800)
    try:
        tab.wait_for(f"innerWidth === {width}")
        wait_until(lambda: tab.eval(wide) == [], f"nothing is wider: {tab.eval(wide)}", 3)
    finally:
        tab.size(1280, 900)


# -- the door ------------------------------------------------------------------------------------

NO_TOKEN = (
    "new MutationObserver(() => { const meta = document.querySelector('meta[name=localku-token]'); "
    "if (meta) meta.content = ''; }).observe(document, {childList: true, subtree: true});"
)


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Tab]:
    """A browser that the platform does not know: the page comes without its token."""
    tab = browser.tab()
    tab.call("Page.addScriptToEvaluateOnNewDocument", source=NO_TOKEN)
    yield tab
    tab.close()


def test_a_stranger_gives_the_key(stranger: Tab, desk: Desk) -> None:
    stranger.go(desk.url)
    stranger.wait_for("!document.querySelector('#key-form').hidden")
    stranger.type("wrong")
    stranger.press("Enter")
    stranger.wait_for("document.querySelector('#key').validationMessage === 'That is not the key.'")
    choose(stranger, "#key", desk.door.key)
    stranger.click("#key-entry button")
    live(stranger)
    stranger.go("about:blank")
    stranger.go(desk.url)
    live(stranger)  # this tab knows it


def test_the_link_of_the_command_lets_in_once(stranger: Tab, desk: Desk) -> None:
    link = desk.running.cli("dashboard", "--print").stdout.strip()
    stranger.go(link)
    live(stranger)
    assert stranger.eval("location.href") == f"{desk.url}#app=shop"
    stranger.eval("sessionStorage.clear()")
    stranger.go("about:blank")
    stranger.go(link)
    stranger.wait_for("!document.querySelector('#key-form').hidden")
