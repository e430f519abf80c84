"""The platform's objects as Heroku's JSON: every field of its schema, no field that it lacks. Pure.

Definitions `app`, `formation` and `dyno` of Heroku's Platform API hyper-schema. What a laptop does
not have is null, as Heroku has it for what an app does not use.
"""

from __future__ import annotations

import os
import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localku.dynos.runner import Runner
    from localku.platform.app import App

Json = dict[str, object]

SIZE = "Standard-1X"
HERE = "local"  # the region and the stack: this machine
USER = "you@localhost"
# ids of what is the same on every laptop
NAMESPACE = uuid.UUID("6c6f6361-6c6b-5500-8000-6c6f63616c6b")


def fixed_id(kind: str, name: str) -> str:
    """The id of something that every platform has, such as a dyno size."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


def id_within(app: App, path: str) -> str:
    """The id of something that belongs to an app."""
    return str(uuid.uuid5(uuid.UUID(app.id), path))


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as Heroku writes them: `2012-01-01T12:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def app(each: App, port: int) -> Json:
    """One app. port: the router's, for web_url."""
    here: Json = {"id": fixed_id("stack", HERE), "name": HERE}
    return {
        "acm": False,
        "archived_at": None,
        "buildpack_provided_description": None,
        "build_stack": here,
        "created_at": timestamp(each.created_at),
        "generation": {"id": fixed_id("generation", "cedar"), "name": "cedar"},
        "git_url": "file://" + urllib.parse.quote(os.fsencode(each.manifest.root)),
        "id": each.id,
        "internal_routing": None,
        "maintenance": each.maintenance,
        "name": each.name,
        "owner": {"email": USER, "id": fixed_id("account", USER)},
        "organization": None,
        "team": None,
        "region": {"id": fixed_id("region", HERE), "name": HERE},
        "released_at": timestamp(each.created_at),
        "repo_size": None,
        "slug_size": None,
        "space": None,
        "stack": here,
        "updated_at": timestamp(max([each.created_at, *each.scaled_at.values()])),
        "web_url": f"http://{each.name}.localhost:{port}/",
    }


def formation_id(each: App, kind: str) -> str:
    """The id of one process type: the same for as long as the app has it."""
    return id_within(each, f"formation/{kind}")


def formation(each: App, kind: str) -> Json:
    """One process type and how many dynos of it are wanted."""
    return {
        "app": reference(each),
        "command": each.commands[kind],
        "created_at": timestamp(each.created_at),
        "dyno_size": {"id": fixed_id("dyno-size", SIZE), "name": SIZE},
        "id": formation_id(each, kind),
        "quantity": each.formation.get(kind, 0),
        "size": SIZE,
        "type": kind,
        "updated_at": timestamp(each.scaled_at.get(kind, each.created_at)),
    }


def dyno_id(each: App, runner: Runner) -> str:
    """The id of one dyno: another one after each restart, as on Heroku."""
    return id_within(each, f"dyno/{each.created_at}/{runner.spec.name}/{runner.life.run}")


def dyno(each: App, runner: Runner) -> Json:
    """One dyno."""
    started = runner.current.started_at if runner.current is not None else 0.0
    return {
        "app": reference(each),
        "attach_url": None,
        "command": runner.spec.command,
        "created_at": timestamp(started or runner.changed_at),
        "id": dyno_id(each, runner),
        "name": runner.spec.name,
        "release": {"id": id_within(each, f"release/{each.release}"), "version": each.release},
        "size": SIZE,
        "state": runner.state,
        "type": runner.spec.type,
        "updated_at": timestamp(runner.changed_at),
    }


def reference(each: App) -> Json:
    """How the other objects name their app."""
    return {"id": each.id, "name": each.name}
