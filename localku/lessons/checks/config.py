"""Lesson 2: name and token follow the config vars; the code's own token is good for nothing."""

from __future__ import annotations

import secrets

from localku.lessons.watched import Answer, StillWrong, Watched

OLD = "letmein-4711"  # what the start has in its settings.json


async def check(app: Watched) -> None:
    """Set both, look; take the token away, look again."""
    name, token = f"Shop {secrets.token_hex(3)}", secrets.token_hex(8)
    await app.set_config(SHOP_NAME=name, ADMIN_TOKEN=token)
    page = await app.request("/")
    if page.status != 200:
        raise StillWrong(f"/ answers {page.status or page.text}", "the log: `localku logs`")
    if name not in page.text:
        said = page.said
        raise StillWrong(
            f"SHOP_NAME was set to {name!r}, but the page says {said!r}",
            "where web.py takes NAME from",
        )
    app.saw(f"SHOP_NAME is set to {name!r}, and the page says so")
    if (await _admin(app, token)).status != 200:
        what = "ADMIN_TOKEN was set, but /admin does not take the new token"
        raise StillWrong(what, "where web.py takes TOKEN from")
    app.saw("ADMIN_TOKEN is set to a random one, and it opens /admin")
    if (await _admin(app, OLD)).status == 200:
        raise StillWrong(f"/admin still takes {OLD}, which is in the code", "web.py")
    app.saw("the old token does not")
    await app.set_config(ADMIN_TOKEN=None)
    for guess in (OLD, "", "None"):
        if (await _admin(app, guess)).status == 200:
            shown = guess or "an empty token"
            what = f"without ADMIN_TOKEN, /admin lets in whoever says {shown!r}"
            raise StillWrong(what, "what web.py does when there is no ADMIN_TOKEN")
    app.saw("without any ADMIN_TOKEN nobody comes in")


async def _admin(app: Watched, token: str) -> Answer:
    return await app.request("/admin", headers={"Authorization": f"Bearer {token}"}, within=3.0)
