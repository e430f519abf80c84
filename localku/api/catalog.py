"""/account, /dyno-sizes, /stacks, /regions: what is the same for all apps of a platform."""

from __future__ import annotations

from aiohttp import web

from localku.api import errors
from localku.api.exchange import REMAINING, reply
from localku.api.serialize import USER, Json, fixed_id, named, timestamp
from localku.platform.catalog import HERE, SIZES, DynoSize

BEGINNING = timestamp(0)


def account_json() -> Json:
    """The one user of a laptop (definition `account`)."""
    return {
        "allow_tracking": False,
        "beta": False,
        "created_at": BEGINNING,
        "email": USER,
        "federated": False,
        "id": fixed_id("account", USER),
        "identity_provider": None,
        "last_login": None,
        "name": None,
        "sms_number": None,
        "suspended_at": None,
        "delinquent_at": None,
        "two_factor_authentication": False,
        "updated_at": BEGINNING,
        "verified": True,
        "country_of_residence": None,
        "default_organization": None,
        "default_team": None,
    }


def size_json(size: DynoSize) -> Json:
    """A dyno size (definition `dyno-size`)."""
    return {
        "architecture": "amd64",
        "compute": size.compute,
        "cost": {"cents": size.cents, "unit": "month"},
        "dedicated": size.dedicated,
        "precise_dyno_units": size.cents / 2500,
        "generation": named("generation", "cedar"),
        "id": fixed_id("dyno-size", size.name),
        "memory": size.memory,
        "name": size.name,
        "private_space_only": False,
    }


def stack_json() -> Json:
    """This machine, as a stack."""
    return {
        "default": True,
        "created_at": BEGINNING,
        "id": fixed_id("stack", HERE),
        "name": HERE,
        "state": "public",
        "updated_at": BEGINNING,
    }


def region_json() -> Json:
    """This machine, as a region."""
    return {
        "country": "Here",
        "created_at": BEGINNING,
        "description": "This machine",
        "id": fixed_id("region", HERE),
        "locale": "localhost",
        "name": HERE,
        "private_capable": False,
        "provider": {"name": "localku", "region": HERE},
        "updated_at": BEGINNING,
    }


def pick(objects: list[Json], word: str, what: str, resource: str) -> Json:
    """The object of that name (in any case) or id. Raises ApiError."""
    for each in objects:
        if word == each["id"] or word.lower() == str(each["name"]).lower():
            return each
    raise errors.not_found(what, resource, word)


async def account(request: web.Request) -> web.Response:
    """GET /account, /users/~"""
    return reply(account_json())


async def rate_limits(request: web.Request) -> web.Response:
    """GET /account/rate-limits: there is none"""
    return reply({"remaining": REMAINING})


async def empty(request: web.Request) -> web.Response:
    """What a laptop has none of: teams, keys, account features, …"""
    return reply([])


async def sizes(request: web.Request) -> web.Response:
    """GET /dyno-sizes"""
    return reply([size_json(size) for size in SIZES])


async def size(request: web.Request) -> web.Response:
    """GET /dyno-sizes/{size}"""
    found = [size_json(each) for each in SIZES]
    return reply(pick(found, request.match_info["size"], "dyno size", "dyno_size"))


async def stacks(request: web.Request) -> web.Response:
    """GET /stacks"""
    return reply([stack_json()])


async def stack(request: web.Request) -> web.Response:
    """GET /stacks/{stack}"""
    return reply(pick([stack_json()], request.match_info["stack"], "stack", "stack"))


async def regions(request: web.Request) -> web.Response:
    """GET /regions"""
    return reply([region_json()])


async def region(request: web.Request) -> web.Response:
    """GET /regions/{region}"""
    return reply(pick([region_json()], request.match_info["region"], "region", "region"))


ROUTES = [
    web.get("/account", account),
    web.get("/users/{user}", account),
    web.get("/account/rate-limits", rate_limits),
    web.get("/account/features", empty),
    web.get("/account/keys", empty),
    web.get("/teams", empty),
    web.get("/dyno-sizes", sizes),
    web.get("/dyno-sizes/{size}", size),
    web.get("/stacks", stacks),
    web.get("/stacks/{stack}", stack),
    web.get("/regions", regions),
    web.get("/regions/{region}", region),
    web.get("/apps/{app}/available-dyno-sizes", sizes),
    web.get("/apps/{app}/available-stacks", stacks),
]
