"""What whoever watches the service sees: requests, their time and those turned away, in Prometheus's text format.

Counts come in whole tens, by method, route and status alone: no organisation, round or object, and no small number. They are served on a port
of their own on loopback, and nowhere else.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

LOOPBACK = "127.0.0.1"
TEN = 10
EXACT = ("_sum", "_created")  # seconds
UNKNOWN = "other"  # an address that the service does not have may hold anything
SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0, 120.0)
Messages = Callable[..., Awaitable[Any]]


class Metrics:
    """What one application counts."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._exact = CollectorRegistry(auto_describe=True)
        self._requests = Counter("kinlink_requests", "Requests answered", ["method", "route", "status"], registry=self._exact)
        self._seconds = Histogram("kinlink_request_seconds", "Time to the answer", buckets=SECONDS, registry=self._exact)
        self.shown = CollectorRegistry(auto_describe=True)
        self.shown.register(_InTens(self._exact))
        ProcessCollector(registry=self.shown)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.observe(seconds)

    def serve(self, port: int) -> Callable[[], None]:
        """Serve what is shown on loopback, beside the requests; return what stops it.

        Raises:
            OSError: the port is taken.
        """
        server, thread = start_http_server(port, LOOPBACK, registry=self.shown)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


class Counted:
    """ASGI middleware that notes every answer in `metrics`."""

    def __init__(self, app: Messages, *, metrics: Metrics) -> None:
        """Count what `app` answers."""
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: MutableMapping[str, Any], receive: Messages, send: Messages) -> None:
        """Pass a request on and note the status of its answer; one that has none is a fault."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", UNKNOWN)
            self._metrics.note(scope["method"] if route != UNKNOWN else UNKNOWN, route, status, time.perf_counter() - began)


class _InTens(Collector):
    """The same metrics, counts cut down to whole tens."""

    def __init__(self, exact: CollectorRegistry) -> None:
        self._exact = exact

    def collect(self) -> Iterable[Metric]:
        for metric in self._exact.collect():
            shown = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            shown.samples = [_in_tens(sample) for sample in metric.samples if not sample.name.endswith("_created")]
            yield shown


def _in_tens(sample: Sample) -> Sample:
    return sample if sample.name.endswith(EXACT) else sample._replace(value=sample.value // TEN * TEN)
