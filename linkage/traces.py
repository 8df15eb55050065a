"""What the service does, as OpenTelemetry spans for one collector: which route or step, how it ended, how long it took. Nothing else.

No span has an address, an organisation, a round, a size or an error's text. Of requests one in ten is drawn at random, and its trace begins
here, whatever the caller sends: spans are no count. Steps of a round are few, and all of them go.
"""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.trace import NoOpTracer, SpanKind, Status, StatusCode, Tracer

from linkage.settings import ServiceSettings

SHARE: Final = 0.1
SERVICE: Final = "kinlink"
UNKNOWN: Final = "other"  # an address that the service does not have may hold anything
EXPORT_SECONDS: Final = 5
FAULT: Final = 500
Messages = Callable[..., Awaitable[Any]]


class Traces:
    """Where an application's spans go: nowhere, until it is served by settings that name a collector."""

    def __init__(self) -> None:
        """Go nowhere."""
        self.tracer: Tracer = NoOpTracer()

    @contextmanager
    def sent(self, settings: ServiceSettings, *, share: float = SHARE) -> Iterator[None]:
        """Send spans to the collector that the settings name, if any, for as long as the block runs."""
        with tracing(settings, share=share) as self.tracer:
            yield
        self.tracer = NoOpTracer()


@contextmanager
def tracing(settings: ServiceSettings, *, share: float) -> Iterator[Tracer]:
    """Give what begins spans; those that ended are sent before the block is left, or lost where the collector does not answer."""
    if settings.traces_endpoint is None:
        yield NoOpTracer()
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    provider = TracerProvider(TraceIdRatioBased(share), Resource({"service.name": SERVICE}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(settings.traces_endpoint, timeout=EXPORT_SECONDS)))
    try:
        yield provider.get_tracer(SERVICE)
    finally:
        provider.shutdown()


@contextmanager
def traced_step(settings: ServiceSettings, step: str) -> Iterator[None]:
    """Send a span of a step of a round."""
    with tracing(settings, share=1.0) as tracer:
        span = tracer.start_span(step)
        try:
            yield
        except BaseException:
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()


class Traced:
    """ASGI middleware that makes a span of every request; whether it is sent is drawn."""

    def __init__(self, app: Messages, *, traces: Traces) -> None:
        """Trace what `app` answers."""
        self._app, self._traces = app, traces

    async def __call__(self, scope: MutableMapping[str, Any], receive: Messages, send: Messages) -> None:
        """Pass a request on and note its route and the status of its answer; one that has none is a fault."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span, status = self._traces.tracer.start_span("request", kind=SpanKind.SERVER), FAULT

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", UNKNOWN)
            method = scope["method"] if route != UNKNOWN else UNKNOWN
            span.update_name(f"{method} {route}")
            span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
            if status >= FAULT:
                span.set_status(Status(StatusCode.ERROR))
            span.end()
