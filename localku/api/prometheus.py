"""/metrics: all apps of the platform for Prometheus, as its own client library writes it.

Names and bounds: OpenTelemetry's semantic conventions for HTTP servers, and localku_... for what
only we have. Labels are bounded: no path, no host, and an app's own series up to a limit. What is
counted grows as long as the platform lives. The dynos are measured when somebody asks.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from aiohttp import web

from localku.api.host import HOST, apps
from localku.logs import drain_url
from localku.metrics.l2met import COUNT, MEASURE
from localku.metrics.totals import BOUNDS, CustomTotal

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from localku.platform.app import App
    from localku.platform.telemetry import Telemetry

_ILLEGAL = re.compile(r"[^a-zA-Z0-9_]")
_RESERVED = re.compile(r"_(total|count|sum|bucket|created|info)$")  # what a family adds itself
_LES = [*(str(bound) for bound in BOUNDS), "+Inf"]


async def scrape(request: web.Request) -> web.Response:
    """GET /metrics: text format 0.0.4, or OpenMetrics for who accepts that"""
    loop = asyncio.get_running_loop()
    telemetry = request.app[HOST].telemetry
    await loop.run_in_executor(None, _import)
    await telemetry.look()
    hosted = list(apps(request))
    families = [*_of_router(hosted), *_of_dynos(hosted, telemetry), *_of_apps(hosted)]
    families += _of_drains(hosted)
    accept = request.headers.get("Accept", "")
    body, kind = await loop.run_in_executor(None, _encode, families, accept)
    return web.Response(body=body, headers={"Content-Type": kind, "Cache-Control": "no-store"})


def _import() -> None:
    import prometheus_client.exposition  # noqa: F401  (50 ms, once, beside the loop)


def _encode(families: list[Metric], accept: str) -> tuple[bytes, str]:
    """The text, and its Content-Type."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(families))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector:
    """Gives the library what was collected."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """All of it."""
        return self._families


def _of_router(hosted: list[App]) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    durations = HistogramMetricFamily(
        "http_server_request_duration_seconds",
        "Time from a request's way to a dyno to the end of the response, in whole milliseconds",
        labels=["app", "dyno", "status", "code"],
    )
    requests = CounterMetricFamily(
        "localku_router_requests",
        "Requests that ended, with those that no dyno got",
        labels=["app", "dyno", "status", "code"],
    )
    codes = CounterMetricFamily(
        "localku_router_errors", "Requests that ended with an H-code", labels=["app", "code"]
    )
    for app in hosted:
        app.metrics.settle()
        totals = app.metrics.totals
        for (dyno, status, code), each in totals.requests.items():
            labels = [app.name, dyno, status, code]
            requests.add_metric(labels, each.requests)
            if each.timed:
                durations.add_metric(labels, _cumulative(each.counts), each.seconds)
        for code, times in totals.codes.items():
            codes.add_metric([app.name, code], times)
    yield from (durations, requests, codes)


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    total = 0
    for le, count in zip(_LES, counts, strict=True):
        total += count
        found.append((le, float(total)))
    return found


def _of_dynos(hosted: list[App], telemetry: Telemetry) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    def gauge(name: str, text: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, text, labels=["app", "dyno"])

    up = gauge("localku_dyno_up", "1 for a dyno that is up, 0 for any other state")
    memory = gauge("localku_dyno_memory_bytes", "Memory and swap of a dyno's processes")
    quota = gauge("localku_dyno_memory_quota_bytes", "What a dyno may use (R14)")
    load = gauge("localku_dyno_load1", "Tasks that run or wait for a processor, damped over 1 min")
    active = gauge("http_server_active_requests", "Requests that a dyno works on")
    restarts = CounterMetricFamily(
        "localku_dyno_restarts", "Starts of a dyno after its first", labels=["app", "dyno"]
    )
    errors = CounterMetricFamily(
        "localku_dyno_errors", "R- and L-codes of an app", labels=["app", "code"]
    )
    for app in hosted:
        for now in telemetry.dynos(app):
            labels = [app.name, now.name]
            up.add_metric(labels, now.state == "up")
            restarts.add_metric(labels, now.restarts)
            if now.memory is not None:
                memory.add_metric(labels, now.memory)
            if now.load is not None:
                load.add_metric(labels, now.load)
            if now.quota:
                quota.add_metric(labels, now.quota)
            if now.in_flight is not None and now.type == "web":
                active.add_metric(labels, now.in_flight)
        for code, times in app.metrics.totals.errors.items():
            errors.add_metric([app.name, code], times)
    yield from (up, memory, quota, load, active, restarts, errors)


def _of_apps(hosted: list[App]) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily

    lines = CounterMetricFamily(
        "localku_log_lines",
        "Lines of an app's log stream; of bursts, an estimate",
        labels=["app", "source"],
    )
    left_out = CounterMetricFamily(
        "localku_app_values_left_out",
        "Values in an app's lines that are in no series: too many series, or too many lines",
        labels=["app"],
    )
    own: dict[str, dict[tuple[str, str], list[CustomTotal]]] = {}
    for app in hosted:
        totals = app.metrics.totals
        for source, count in totals.lines.items():
            lines.add_metric([app.name, source], count)
        left_out.add_metric([app.name], totals.refused + app.metrics.unread)
        for each in totals.custom.values():
            series = own.setdefault(legal_name(each), {})
            series.setdefault((app.name, each.reading.source), []).append(each)
    yield from (lines, left_out)
    for name, series in own.items():
        yield _own(name, series)


def _of_drains(hosted: list[App]) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    labels = ["app", "drain", "to"]
    sent = CounterMetricFamily("localku_drain_lines", "Lines that a drain took", labels=labels)
    lost = CounterMetricFamily("localku_drain_dropped", "Lines lost for a drain", labels=labels)
    waiting = GaugeMetricFamily("localku_drain_waiting", "Lines that wait", labels=labels)
    trouble = GaugeMetricFamily(
        "localku_drain_trouble", "1 while a drain takes nothing", labels=labels
    )
    for app in hosted:
        for each in app.drains.known:
            delivery = app.drains.working(each).delivery
            key = [app.name, each.id, drain_url.parse(each.url).place]  # without its password
            sent.add_metric(key, delivery.delivered)
            lost.add_metric(key, delivery.dropped)
            waiting.add_metric(key, delivery.waiting)
            trouble.add_metric(key, bool(delivery.trouble))
    yield from (sent, lost, waiting, trouble)


def legal_name(each: CustomTotal) -> str:
    """`localku_measure_db_query_ms` for `measure#db.query=12ms`. The kind is in the name, so that
    no two kinds have the same."""
    reading = each.reading
    unit = f"_{reading.unit}" if reading.unit and reading.kind != COUNT else ""
    name = _ILLEGAL.sub("_", f"localku_{reading.kind}_{reading.name}{unit}")
    return f"{name}_value" if _RESERVED.search(name) else name


def _own(name: str, series: dict[tuple[str, str], list[CustomTotal]]) -> Metric:
    """A family of apps' own series. Those whose names became the same are one: counted together,
    or the last of them."""
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        SummaryMetricFamily,
    )

    kind = next(iter(series.values()))[0].reading.kind
    text = f"{kind}# in an app's lines"
    labels = ["app", "source"]
    if kind == MEASURE:
        summary = SummaryMetricFamily(name, text, labels=labels)
        for key, found in series.items():
            summary.add_metric(key, sum(it.count for it in found), sum(it.total for it in found))
        return summary
    if kind == COUNT:
        counter = CounterMetricFamily(name, text, labels=labels)
        for key, found in series.items():
            counter.add_metric(key, sum(it.total for it in found))
        return counter
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for key, found in series.items():
        gauge.add_metric(key, found[-1].last)
    return gauge


ROUTES = [web.get("/metrics", scrape)]
