"""The dashboard's buttons change the app for real, and the page outlives the platform."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium_kit import Browser, Tab
from conftest import LOCALKU, PATIENCE, Folder, wait_until
from dashboard_kit import PAGE, Desk, choose, chromium, live, look, needs_chromium, shop, shows_line

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as it:
        yield it


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with shop(tmp_path_factory.mktemp("change") / "shop", "-t", "1s") as it:
        yield it


@pytest.fixture(scope="module")
def tab(browser: Browser, desk: Desk) -> Tab:
    return look(browser, desk.url)


def yes(tab: Tab, title: str) -> None:
    """Answer the question."""
    tab.wait_for("document.querySelector('#confirm').open")
    assert tab.text("#confirm-title") == title
    tab.click("#confirm-yes")
    tab.wait_for("!document.querySelector('#confirm').open")


def pid(desk: Desk, dyno: str) -> str:
    """What `ps` says of a dyno: it is another one after each start."""
    return str(desk.door.ask("GET", f"/apps/shop/dynos/{dyno}").value["id"])


def test_the_buttons_scale_for_real(tab: Tab, desk: Desk) -> None:
    tab.click('[aria-label="One web dyno more"]')
    wait_until(lambda: desk.formation()["web"] == 2, "two web dynos")
    tab.wait_for("document.querySelector('[data-dyno=\"web.2\"] .state.good')")
    tab.wait_for("document.querySelector('[aria-label=\"Number of web dynos\"]').value === '2'")
    tab.eval("document.querySelector('[aria-label=\"Number of web dynos\"]').select()")
    tab.eval("document.querySelector('[aria-label=\"Number of web dynos\"]').focus()")
    tab.type("1")
    tab.press("Enter")
    wait_until(lambda: desk.formation()["web"] == 1, "one web dyno")
    tab.wait_for("!document.querySelector('[data-dyno=\"web.2\"]')")
    tab.wait_for("document.querySelector('#events').innerText.includes('Scaling')")
    # its mark is where its time is, and moves on with it
    place = (
        "(() => { const lane = document.querySelector('.strip .lane').getBoundingClientRect(); "
        "const ticks = [...document.querySelectorAll('.strip .lane i')]; "
        "return (lane.right - ticks[0].getBoundingClientRect().left) / lane.width * 300; })()"
    )
    tab.wait_for(f"{place} > 3 && {place} < 9")


def test_what_cannot_be_done_is_one_clear_line(tab: Tab, desk: Desk) -> None:
    place = "document.querySelector('[aria-label=\"Number of worker dynos\"]')"
    tab.eval(f"{place}.focus(); {place}.select()")
    tab.type("many")
    tab.press("Enter")
    tab.wait_for("!document.querySelector('#trouble').hidden")
    assert tab.text("#trouble-text") == "worker needs a whole number of dynos from 0."
    tab.click("#trouble-close")
    assert tab.eval("document.querySelector('#trouble').hidden")
    tab.eval("document.activeElement.blur()")
    assert tab.eval(f"{place}.value") == "1"


def test_no_web_dyno_is_asked_for_twice_and_its_errors_are_events(tab: Tab, desk: Desk) -> None:
    tab.click('[aria-label="One web dyno fewer"]')
    yes(tab, "Scale web to 0?")
    wait_until(lambda: desk.formation()["web"] == 0, "no web dyno")
    wait_until(lambda: desk.get("/") == 503, "H14")
    tab.wait_for("document.querySelector('.strip')?.innerText.includes('No web processes running')")
    tab.click(".strip .code")
    assert tab.eval("document.querySelector('#log-search').value") == "H14"
    shows_line(tab, "code=H14")
    choose(tab, "#log-search", "")
    tab.click('[aria-label="One web dyno more"]')
    tab.wait_for("document.querySelector('[data-dyno=\"web.1\"] .state.good')")


@pytest.mark.parametrize("button", ["Restart", "Stop"])
def test_a_dyno_is_restarted_and_stopped(tab: Tab, desk: Desk, button: str) -> None:
    before = tab.eval("document.querySelector('[data-dyno=\"worker.1\"] .state').title")
    tab.click(f'[aria-label="{button} worker.1"]')
    tab.wait_for(
        f"(({{title, className}}) => title && title !== '{before}' && className.includes('good'))"
        "(document.querySelector('[data-dyno=\"worker.1\"] .state'))"
    )
    desk.running.wait_for(r"heroku\[worker\.1\]: State changed from starting to up", count=2)


def test_all_are_restarted_after_a_question(tab: Tab, desk: Desk) -> None:
    titles = "[...document.querySelectorAll('[data-dyno] .state')].map((e) => e.title)"
    before = tab.eval(titles)
    tab.click("#restart-all")
    tab.wait_for("document.querySelector('#confirm').open")
    tab.press("Escape")
    tab.wait_for("!document.querySelector('#confirm').open")
    assert tab.eval(titles) == before
    tab.click("#restart-all")
    yes(tab, "Restart all dynos?")
    tab.wait_for(f"(({titles}).every((title) => title && !{before}.includes(title)))")
    live(tab)


def test_maintenance_mode(tab: Tab, desk: Desk) -> None:
    tab.click("#maintenance")
    yes(tab, "Switch maintenance mode on?")
    tab.wait_for("!document.querySelector('#maintained').hidden")
    assert desk.get("/") == 503
    assert tab.eval("document.querySelector('#maintenance').ariaChecked") == "true"
    tab.click("#maintenance")
    tab.wait_for("document.querySelector('#maintained').hidden")
    wait_until(lambda: desk.get("/") == 200, "it answers again")


def test_a_renamed_app_goes_on(tab: Tab, desk: Desk) -> None:
    for before, after in (("shop", "store"), ("store", "shop")):
        desk.door.ask("PATCH", f"/apps/{before}", {"name": after})
        tab.wait_for(f"document.title === '{after} · localku'")
        tab.click('[aria-label="One web dyno more"]')
        wanted = "'2'" if after == "store" else "'3'"
        tab.wait_for(
            f"document.querySelector('[aria-label=\"Number of web dynos\"]').value === {wanted}"
        )
    desk.door.ask("PATCH", "/apps/shop/formation/web", {"quantity": 1})
    tab.wait_for("!document.querySelector('[data-dyno=\"web.2\"]')")


def test_it_comes_back_after_the_platform_did(tab: Tab, desk: Desk) -> None:
    desk.say(b"before the end")
    shows_line(tab, "before the end")
    tab.eval("window.unreloaded = true; 0")
    counted = "[...page.recent.byTime.values()].filter((point) => point.requests['2xx'] > 0).length"
    tab.wait_for(PAGE % f"{counted} > 0")
    before = tab.eval(PAGE % counted)
    ports = ("-p", str(desk.running.port), "--api-port", str(desk.door.port))
    desk.running.signal(15)
    tab.wait_for("document.querySelector('#connection').dataset.state === 'away'")
    desk.running.wait()
    again = Desk(desk.folder, desk.folder.start(*ports))
    live(tab)
    again.running.wait_for(r"heroku\[web\.1\]: State changed from starting to up")
    again.say(b"after the beginning")
    shows_line(tab, "after the beginning")
    text = tab.eval("document.querySelector('#lines').textContent")
    assert len(re.findall("before the end", text)) == 1, "nothing is lost, nothing twice"
    assert tab.eval("window.unreloaded")
    tab.wait_for(PAGE % f"{counted} > {before}")


def test_many_apps_have_a_switcher(browser: Browser, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "home")
    folder.path.mkdir()
    for name in ("hello", "world"):
        folder.write(f"{name}/Procfile", f"{name}: exec sleep 600\n")
    running = folder.run("platform", "-p", "0", env={"LOCALKU_HOME": str(tmp_path / "state")})
    try:
        wait_until((tmp_path / "state" / "api.sock").exists, "it listens")
        environ = folder.environ(LOCALKU_HOME=str(tmp_path / "state"))
        tab = browser.tab()
        tab.go(link(folder, environ))
        tab.wait_for("!document.querySelector('#no-app').hidden")
        assert "localku apps:create" in tab.text("#no-app")
        for name in ("hello", "world"):
            command(folder, environ, "apps:create", name, "--root", name)
        tab.wait_for("document.querySelector('[data-type=\"hello\"]')")
        tab.go("about:blank")
        tab.go(link(folder, environ).split("#")[0])
        tab.wait_for("!document.querySelector('#app-switch').hidden")
        tab.eval(
            "(() => { const e = document.querySelector('#app-choice'); e.value = 'world'; "
            "e.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )
        tab.wait_for("document.querySelector('[data-type=\"world\"] .state.good')")
        assert not tab.eval("document.querySelector('[data-type=\"hello\"]')")
        assert tab.eval("location.hash") == "#app=world"
    finally:
        running.destroy()


def command(folder: Folder, environ: dict[str, str], *argv: str) -> str:
    """A command beside the platform of many apps."""
    done = subprocess.run(
        [LOCALKU, *argv],
        cwd=folder.path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def link(folder: Folder, environ: dict[str, str]) -> str:
    return command(folder, environ, "dashboard", "--print").strip()
