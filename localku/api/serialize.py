"""The platform's objects as Heroku's JSON: every field of its schema, no field that it lacks. Pure.

Definitions `app`, `formation`, `dyno`, `release`, `domain`, `app-feature` and `collaborator` of
Heroku's Platform API hyper-schema. What a laptop does not have is null, as Heroku has it for what
an app does not use.
"""

from __future__ import annotations

import os
import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING

from localku.platform.catalog import DEFAULT_SIZE, HERE

if TYPE_CHECKING:
    from localku.dynos.oneoff import OneOff
    from localku.dynos.runner import Runner
    from localku.platform.app import App
    from localku.platform.features import Feature
    from localku.platform.state import Domain, Release

Json = dict[str, object]

SIZE = DEFAULT_SIZE
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


def user(email: str) -> Json:
    """How the other objects name a user."""
    return {"email": email, "id": fixed_id("account", email)}


def named(kind: str, name: str) -> Json:
    """How the other objects name something that every platform has."""
    return {"id": fixed_id(kind, name), "name": name}


def app(each: App, port: int) -> Json:
    """One app. port: the router's, for web_url."""
    state = each.state
    root = each.manifest.root if each.manifest is not None else ""
    return {
        "acm": False,
        "archived_at": None,
        "buildpack_provided_description": None,
        "build_stack": named("stack", HERE),
        "create_status": "complete",
        "created_at": timestamp(state.created_at),
        "generation": named("generation", "cedar"),
        "git_url": "file://" + urllib.parse.quote(os.fsencode(root)),
        "id": each.id,
        "internal_routing": None,
        "maintenance": state.maintenance,
        "name": each.name,
        "owner": user(USER),
        "organization": None,
        "team": None,
        "region": named("region", HERE),
        "released_at": timestamp(state.released_at) if state.released_at else None,
        "repo_size": None,
        "slug_size": None,
        "space": None,
        "stack": named("stack", HERE),
        "updated_at": timestamp(state.updated_at),
        "web_url": f"http://{each.name}.localhost:{port}/",
    }


def formation_id(each: App, kind: str) -> str:
    """The id of one process type: the same for as long as the app has it."""
    return id_within(each, f"formation/{kind}")


def formation(each: App, kind: str) -> Json:
    """One process type and how many dynos of it are wanted."""
    process = each.processes.get(kind)
    size = each.size(kind)
    return {
        "app": reference(each),
        "command": each.commands[kind],
        "created_at": timestamp(process.created_at if process else each.state.created_at),
        "dyno_size": named("dyno-size", size),
        "id": formation_id(each, kind),
        "quantity": each.quantity(kind),
        "size": size,
        "type": kind,
        "updated_at": timestamp(process.updated_at if process else each.state.created_at),
    }


def dyno_id(each: App, runner: Runner) -> str:
    """The id of one dyno: another one after each restart, as on Heroku."""
    run = runner.current
    return run.id if run is not None else id_within(each, f"dyno/{runner.spec.name}")


def dyno(each: App, runner: Runner) -> Json:
    """One dyno of the formation."""
    run = runner.current
    started = run.started_at if run is not None else 0.0
    return {
        "app": reference(each),
        "attach_url": None,
        "command": runner.spec.command,
        "created_at": timestamp(started or runner.changed_at),
        "id": dyno_id(each, runner),
        "name": runner.spec.name,
        "release": release_reference(each, run.release if run is not None else each.version),
        "size": each.size(runner.spec.type),
        "state": runner.state,
        "type": runner.spec.type,
        "updated_at": timestamp(runner.changed_at),
    }


def oneoff(each: App, one: OneOff, attach_url: str | None = None) -> Json:
    """One one-off dyno. attach_url: where its client is awaited; only told to who asked for it."""
    return {
        "app": reference(each),
        "attach_url": attach_url,
        "command": one.spec.command,
        "created_at": timestamp(one.created_at),
        "id": one.id,
        "name": one.name,
        "release": release_reference(each, one.spec.release),
        "size": one.order.size,
        "state": one.state,
        "type": one.spec.type,
        "updated_at": timestamp(one.changed_at),
    }


def release_reference(each: App, version: int) -> Json:
    """How a dyno names its release."""
    found = each.store.release(each.id, str(version))
    id = found.id if found is not None else id_within(each, f"release/{version}")
    return {"id": id, "version": version}


def release(each: App, one: Release) -> Json:
    """One release. Its slug is the live folder, so there is no object of it."""
    return {
        "addon_plan_names": [],
        "artifacts": [],
        "app": reference(each),
        "created_at": timestamp(one.created_at),
        "description": one.description,
        "id": one.id,
        "updated_at": timestamp(one.updated_at),
        "slug": None,
        "status": one.status,
        "user": user(one.user),
        "version": one.version,
        "current": one.version == each.version,
        "output_stream_url": None,
        # the current one is, too: Heroku's CLI takes the second that is
        "eligible_for_rollback": one.status == "succeeded" and bool(one.commands),
    }


def own_domain(each: App) -> Json:
    """The name that an app has from the platform."""
    created = timestamp(each.state.created_at)
    return {
        "acm_status": None,
        "acm_status_reason": None,
        "app": reference(each),
        "cname": None,
        "created_at": created,
        "hostname": f"{each.name}.localhost",
        "id": id_within(each, "domain"),
        "kind": "heroku",
        "updated_at": created,
        "status": "none",
        "sni_endpoint": None,
    }


def domain(each: App, one: Domain) -> Json:
    """A custom domain."""
    return {
        **own_domain(each),
        "cname": f"{each.name}.localhost",
        "created_at": timestamp(one.created_at),
        "hostname": one.hostname,
        "id": one.id,
        "kind": "custom",
        "updated_at": timestamp(one.updated_at),
    }


def feature(each: App, one: Feature, on: bool) -> Json:
    """A feature of an app, and whether it is on."""
    switch = each.switches.get(one.name)
    return {
        "created_at": timestamp(switch.created_at if switch else each.state.created_at),
        "description": one.description,
        "doc_url": one.doc_url,
        "enabled": on,
        "id": id_within(each, f"feature/{one.name}"),
        "name": one.name,
        "state": one.state,
        "updated_at": timestamp(switch.updated_at if switch else each.state.created_at),
        "display_name": one.name,
        "feedback_email": USER,
    }


def collaborator(each: App) -> Json:
    """The one user, who owns everything."""
    created = timestamp(each.state.created_at)
    return {
        "app": reference(each),
        "created_at": created,
        "id": id_within(each, "collaborator"),
        "permissions": [],
        "role": "owner",
        "updated_at": created,
        "user": {**user(USER), "federated": False},
    }


def reference(each: App) -> Json:
    """How the other objects name their app."""
    return {"id": each.id, "name": each.name}
