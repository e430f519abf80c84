"""What the router's own lines say of a step: read from the feed of the app (README, "The feed")."""

from __future__ import annotations

from typing import Any

from localku.cli import top_link
from localku.cli.client import Client, as_list, as_object
from localku.load.percentiles import percentiles
from localku.load.plan import RouterView
from localku.load.result import Percentiles
from localku.metrics.histogram import Histogram


class FeedLines:
    """The lines of the app that the client is about."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def since(self, moment: float) -> RouterView:
        """What was since then (seconds since 1970, a whole number). Raises UserError."""
        client = self._client
        query = f"since={moment:.0f}&resolution=0&histograms=1"
        target = f"/localku{client.at('metrics')}?{query}"
        answer = as_object(await top_link.request(client.path, "GET", target))
        points = as_list(answer.get("points"))
        return view(points[-1]) if points else RouterView()


def view(point: dict[str, Any]) -> RouterView:
    """A point of the feed, with histograms, as what is said of a step."""
    dynos = point.get("dynos") or {}
    share = {name: it["requests"] for name, it in dynos.items() if it.get("requests")}
    codes: dict[str, int] = point.get("codes") or {}
    seen = sum((point.get("requests") or {}).values())
    return RouterView(seen, codes, _times(point, "connect"), _times(point, "service"), share)


def _times(point: dict[str, Any], name: str) -> Percentiles:
    spread = point.get(name) or {}
    values = Histogram()
    for edge, times in spread.get("histogram") or ():
        values.record(edge, times)
    return percentiles(values)
