"""Heroku's own CLI, unmodified: what it prints when localku is its Heroku.

The commands build on one another: they run in this order, at one app.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from api_kit import TWO_TYPES, Shop
from conftest import Folder
from heroku_kit import Person, needs_all, needs_heroku

pytestmark = [needs_heroku, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    root = tmp_path_factory.mktemp("heroku") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    _ = running.port
    Shop(folder, running).wait_for_states(web_1="up", worker_1="up")
    yield Person(root, root.parent / "home")
    running.destroy()


# (command, exit status, what it says in this order), always run
ALWAYS = [
    ("whoami", 0, ["you@localhost"]),
    ("apps", 0, ["=== you@localhost Apps", "shop"]),
    ("ps", 0, ["=== web (Standard-1X)", "web.1: up", "=== worker", "worker.1: up"]),
    ("ps:scale web=2 worker+1", 0, ["now running web at 2:Standard-1X, worker at 2:Standard-1X"]),
    ('config:set A=1 "B=it\'s two"', 0, ["A: 1 B: it's two", "restarting shop... done, v3"]),
    ("config -s", 0, ["A=1", "B="]),
    ("releases", 0, ["Current: v3", "v3 Set A, B config vars you@localhost", "v1 Initial release"]),
    ("config:set A=2", 0, ["done, v4"]),
    ("rollback", 0, ["Rolling back shop to v3... done, v5"]),
    ("domains:add www.shop.test", 0, ["the DNS Target shop.localhost"]),
    ("run -x 'echo A=$A; sh -c \"exit 7\"'", 7, ["A=1", "up, run."]),
    ("run --no-tty 'echo $DYNO | tr r R'", 0, ["Run."]),
    ("run:inside web.1 -- 'echo in $DYNO'", 0, ["in web.1", "up, run."]),
    ("logs -n 200 -p router", 0, []),
    ("logs -n 60 -s heroku", 0, ["heroku[run.", "State changed from up to complete"]),
    ("drains:add http://127.0.0.1:9/a?b=c", 0, ["Successfully added drain http://127.0.0.1:9/a?b"]),
    ("drains", 0, ["=== Drains", "http://127.0.0.1:9/a?b=c (d."]),
    ("config -a nosuch", 2, ["Couldn't find that app.", "Error ID: not_found"]),
]


@pytest.mark.parametrize(("command", "status", "said"), ALWAYS, ids=[c for c, _, _ in ALWAYS])
def test_a_command(person: Person, command: str, status: int, said: list[str]) -> None:
    run(person, command, status, said)


def run(person: Person, command: str, status: int, said: list[str]) -> None:
    result = person.heroku(*shlex.split(command))
    at = 0
    for words in said:
        assert words in result.text[at:], result.text
        at = result.text.index(words, at) + len(words)
    assert result.status == status, result.text


ONE_APP = "runs the one app of its folder"
MORE = [
    ("auth:token", 0, []),
    ("authorizations", 0, ["localku", "global"]),
    ("regions", 0, ["local This machine"]),
    ("apps --json", 0, ['"name": "shop"']),
    ("apps:info", 0, ["=== shop", "Owner: you@localhost", "Dynos: web: 2, worker: 2"]),
    ("apps:info -s", 0, ["web_url=http://shop.localhost:"]),
    ("apps:create foo", 2, [ONE_APP, "localku platform"]),
    ("apps:destroy -a shop --confirm shop", 2, [ONE_APP]),
    ("apps:rename stall -a shop", 0, ["http://stall.localhost:", "Renaming shop to stall... done"]),
    ("apps:rename shop -a stall", 0, ["Renaming stall to shop... done"]),
    ("ps worker", 0, ["=== worker (Standard-1X): exec sleep 600 (2)"]),
    ("ps --json", 0, ['"name": "web.1"']),
    ("ps:type", 0, ["web Standard-1X 2", "Dyno Totals"]),
    ("ps:type standard-2x", 0, ["web Standard-2X 2 ~$0.139 $100"]),
    ("ps:scale", 0, ["web=2:Standard-2X worker=2:Standard-2X"]),
    ("ps:scale worker=1:standard-1x", 0, ["now running worker at 1:Standard-1X"]),
    ("ps:scale nosuch=1", 2, ["Couldn't find that process type (nosuch)."]),
    ("ps:scale web=10000", 2, ["Invalid quantity", "Error ID: invalid_params"]),
    ("ps:restart", 0, ["Restarting all dynos on shop... done"]),
    ("ps:restart -d web.1", 0, ["Restarting dyno web.1 on shop... done"]),
    ("ps:restart -p web", 0, ["Restarting all web dynos on shop... done"]),
    ("ps:stop -d web.1", 0, ["Stopping dyno web.1 on shop... done"]),
    ("ps:stop -p worker", 0, ["Stopping all worker dynos on shop... done"]),
    ("ps:wait", 0, []),
    ("config", 0, ["=== shop Config Vars", "A: 1", "B: it's two"]),
    ("config --json", 0, ['"A": "1"']),
    ("config:get B", 0, ["it's two"]),
    ("config:unset A", 0, ["Unsetting A and restarting shop... done, v6"]),
    ("config:set 9=1", 2, ["not a valid config var name"]),
    ("releases -n 2", 0, ["v6 Remove A config vars", "v5 Rollback to v3"]),
    ("releases --json -n 1", 0, ['"version": 6']),
    ("releases:info", 0, ["=== Release v6", "Eligible for Rollback?: Yes", "=== v6 Config vars"]),
    ("releases:info v3", 0, ["=== Release v3", "Set A, B config vars", "A: 1"]),
    ("releases:output", 0, ["Release v6 has no release output available."]),
    ("rollback v4", 0, ["Rolling back shop to v4... done, v7"]),
    ("rollback v1", 2, ["Cannot rollback to a release that had no slug"]),
    ("maintenance", 0, ["off"]),
    ("maintenance:on", 0, ["Enabling maintenance mode for shop... done"]),
    ("maintenance", 0, ["on"]),
    ("maintenance:off", 0, ["Disabling maintenance mode for shop... done"]),
    ("domains", 0, ["=== shop Heroku Domain shop.localhost", "www.shop.test CNAME shop.localhost"]),
    ("domains:info www.shop.test", 0, ["hostname: www.shop.test", "status: none"]),
    ("domains:wait www.shop.test", 0, ["Waiting for www.shop.test... done"]),
    ("domains:update www.shop.test --cert x", 2, ["no other ones can be added"]),
    ("domains:remove www.shop.test", 0, ["Removing www.shop.test from shop... done"]),
    ("features", 0, ["[ ] http-session-affinity", "[ ] preboot"]),
    ("features:enable preboot", 0, ["Enabling preboot for shop... done"]),
    ("features:info preboot", 0, ["=== preboot", "Enabled: true"]),
    ("features:disable preboot", 0, ["Disabling preboot for shop... done"]),
    ("labs", 0, ["=== App Features shop", "[ ] runtime-dyno-metadata"]),
    ("labs:enable runtime-dyno-metadata", 0, ["done"]),
    ("labs:disable runtime-dyno-metadata", 0, ["done"]),
    ("access", 0, ["you@localhost owner"]),
    ("access:add x@example.com", 2, ["A laptop has one user"]),
    ("webhooks", 0, ["no webhooks"]),
    ("webhooks:add -i api:release -l notify -u https://x.test", 0, ["Signing Secret", "done"]),
    ("webhooks", 0, ["https://x.test api:release notify"]),
    ("certs", 0, ["shop has no SSL certificates."]),
    ("certs:auto", 0, ["Automatic Certificate Management is disabled on shop"]),
    ("certs:auto:enable", 2, ["names that the internet knows"]),
    ("drains --json", 0, ['"addon": null', '"token": "d.', '"url": "http://127.0.0.1:9/a?b=c"']),
    ("drains:add file:///x", 2, ["A drain's URL begins with https://, http://, syslog+tls://"]),
    ("drains:remove http://127.0.0.1:9/a?b=c", 0, ["Successfully removed drain http://127.0.0.1:"]),
    ("pipelines:create pipe -s staging", 0, ["Adding shop to pipe pipeline as staging... done"]),
    ("pipelines", 0, ["=== My Pipelines pipe"]),
    ("pipelines:info pipe", 0, ["=== pipe", "owner: you@localhost", "shop staging"]),
    ("pipelines:update -s production", 0, ["Changing shop to production... done"]),
    ("pipelines:remove", 0, ["Removing shop... done"]),
    ("pipelines:add pipe -s development", 0, ["Adding shop to pipe pipeline as development"]),
    ("pipelines:destroy pipe", 0, ["Destroying pipe pipeline... done"]),
]


@needs_all
@pytest.mark.parametrize(
    ("command", "status", "said"), MORE, ids=[f"{n}: {c}" for n, (c, _, _) in enumerate(MORE)]
)
def test_every_command(person: Person, command: str, status: int, said: list[str]) -> None:
    run(person, command, status, said)
