"""Custom domains of an app: names besides APP.localhost at which the router finds it."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from localku.errors import UserError
from localku.manifest.domain import normal_domain
from localku.platform.state import Domain

if TYPE_CHECKING:
    from localku.platform.app import App

RESERVED = ("localhost", ".localhost")  # theirs are the names of apps


def add(app: App, hostname: str) -> Domain:
    """Give an app a name more. UserError: it is no domain, or somebody has it."""
    try:
        name = normal_domain(hostname)
    except UserError:
        raise UserError("Domain name is invalid.") from None
    if name.endswith(RESERVED):
        raise UserError(f"{name} cannot be a custom domain: names under localhost are apps.")
    owner = app.store.domain_owner(name)
    if owner == app.id:
        raise UserError(f"{name} is already added to this app.")
    if owner:
        raise UserError(f"{name} is currently in use by another app.")
    now = time.time()
    domain = Domain(str(uuid.uuid4()), name, now, now)
    with app.store.change() as change:
        change.add_domain(app.id, domain)
    app.domains = [*app.domains, domain]
    app.on_change()
    return domain


def remove(app: App, domain: Domain) -> None:
    """Take a name away."""
    with app.store.change() as change:
        change.remove_domain(domain.id)
    app.domains = [each for each in app.domains if each.id != domain.id]
    app.on_change()
