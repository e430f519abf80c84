"""What a client may ask for and a laptop has none of yet: lists are empty, changes say why not."""

from __future__ import annotations

from aiohttp import web

from localku.api import errors
from localku.api.apps import of_request
from localku.api.exchange import Handler, reply
from localku.api.exchange import read_object as read

CERTIFICATES = "Certificates are localku's own here: no other ones can be added."
ACM = "Automated Certificate Management needs names that the internet knows: there are none here."


async def none(request: web.Request) -> web.Response:
    """GET: an empty list"""
    if "app" in request.match_info:
        of_request(request)
    return reply([])


def refuse(message: str) -> Handler:
    """A handler that says why not."""

    async def handler(request: web.Request) -> web.StreamResponse:
        of_request(request)
        await read(request)
        raise errors.invalid(message)

    return handler


def missing(what: str, resource: str) -> Handler:
    """A handler for one of what there is none of."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if "app" in request.match_info:
            of_request(request)
        raise errors.not_found(what, resource)

    return handler


_ENDPOINT = "/apps/{app}/sni-endpoints/{endpoint}"
_ATTACHMENT = "add-on attachment"

ROUTES = [
    web.get("/apps/{app}/sni-endpoints", none),
    web.post("/apps/{app}/sni-endpoints", refuse(CERTIFICATES)),
    web.get(_ENDPOINT, missing("SNI endpoint", "sni_endpoint")),
    web.patch(_ENDPOINT, missing("SNI endpoint", "sni_endpoint")),
    web.delete(_ENDPOINT, missing("SNI endpoint", "sni_endpoint")),
    web.patch("/apps/{app}/domains/{domain}", refuse(CERTIFICATES)),
    web.post("/apps/{app}/acm", refuse(ACM)),
    web.patch("/apps/{app}/acm", refuse(ACM)),
    web.delete("/apps/{app}/acm", refuse(ACM)),
    web.get("/addons", none),
    web.get("/addon-attachments", none),
    web.get("/addon-services", none),
    web.post("/actions/addons/resolve", missing("add-on", "add_on")),
    web.post("/actions/addon-attachments/resolve", missing(_ATTACHMENT, "add_on attachment")),
    web.get("/account/features/{feature}", missing("account feature", "account_feature")),
    web.get("/teams/{team}", missing("team", "team")),
    web.get("/buildpacks/{name}", missing("buildpack", "buildpack"), name="open.buildpacks"),
]
