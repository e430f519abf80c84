"""/oauth: what `heroku login -i`, `auth:token`, `authorizations` and `logout` ask for.

There is one authorization, that of the platform's key: who logs in with the key as the password
gets it back. It cannot be revoked from here, for it is in a file: remove the file and start again.
"""

from __future__ import annotations

from aiohttp import web

from localku.api import errors
from localku.api.exchange import reply
from localku.api.host import HOST
from localku.api.serialize import USER, Json, fixed_id, timestamp, user

ID = fixed_id("authorization", "key")


def authorization_json(key: str) -> Json:
    """The one authorization (definition `oauth-authorization`)."""
    beginning = timestamp(0)
    return {
        "access_token": {"expires_in": None, "id": fixed_id("token", "key"), "token": key},
        "client": None,
        "created_at": beginning,
        "description": "localku",
        "grant": None,
        "id": ID,
        "refresh_token": None,
        "scope": ["global"],
        "session": None,
        "updated_at": beginning,
        "user": {**user(USER), "full_name": None},
    }


def _mine(request: web.Request) -> Json:
    if request.match_info.get("authorization", "~") not in ("~", ID):
        raise errors.not_found("authorization", "authorization")
    return authorization_json(request.app[HOST].key)


async def index(request: web.Request) -> web.Response:
    """GET /oauth/authorizations"""
    return reply([_mine(request)])


async def info(request: web.Request) -> web.Response:
    """GET /oauth/authorizations/{id}; `~` is the one that was used"""
    return reply(_mine(request))


async def create(request: web.Request) -> web.Response:
    """POST /oauth/authorizations: whoever comes here has shown the key already (guard.py)"""
    return reply(_mine(request), 201)


async def remove(request: web.Request) -> web.Response:
    """DELETE /oauth/authorizations/{id}"""
    _mine(request)
    raise errors.forbidden("The key is in the file api-key of the state folder: remove it there.")


async def no_session(request: web.Request) -> web.Response:
    """DELETE /oauth/sessions/~: `heroku logout` takes this for a yes"""
    raise errors.not_found("session", "session")


ROUTES = [
    web.get("/oauth/authorizations", index),
    web.post("/oauth/authorizations", create),
    web.get("/oauth/authorizations/{authorization}", info),
    web.delete("/oauth/authorizations/{authorization}", remove),
    web.delete("/oauth/sessions/{session}", no_session),
]
