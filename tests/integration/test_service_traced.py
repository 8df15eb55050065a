"""Spans at a real collector: which route, which step, how it ended; and nothing that names or counts anybody."""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import ValidationError

from linkage.settings import ServiceSettings
from linkage.traces import FAULT, SERVICE, SHARE, Traced, Traces, traced_step
from tests.integration.service_world import NORTH, PRISON, ROUND, Sender, make_world, parts_of

MARKER = "MARKER-4711"
ALLOWED = {"http.request.method", "http.route", "http.response.status_code"}


class Collector:
    """What was sent to it, as bytes."""

    def __init__(self):
        self.bodies = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.bodies.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def requests(self):
        return [ExportTraceServiceRequest.FromString(body) for _, body in self.bodies]

    def spans(self):
        return [span for request in self.requests() for of in request.resource_spans for scope in of.scope_spans for span in scope.spans]


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.stop()


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    yield made
    made.store.dispose()


@contextmanager
def traced(world, endpoint, share=1.0):
    with world.app.state.traces.sent(world.settings.model_copy(update={"traces_endpoint": endpoint}), share=share):
        yield


def value_of(attribute):
    return getattr(attribute.value, attribute.value.WhichOneof("value"))


def test_a_span_says_which_route_and_how_it_ended(world, collector):
    with traced(world, collector.endpoint):
        assert world.open_round().is_success
        world.client.get("/v1/ready")
        world.client.get(f"/v1/rounds/{MARKER}")
        world.client.get(f"/{MARKER}")
    found = Counter((span.name, *(value_of(item) for item in span.attributes)) for span in collector.spans())
    assert found == {
        ("PUT /v1/rounds/{round_id}", "PUT", "/v1/rounds/{round_id}", 200): 1,
        ("GET /v1/ready", "GET", "/v1/ready", 200): 1,
        ("GET /v1/rounds/{round_id}", "GET", "/v1/rounds/{round_id}", 401): 1,
        ("other other", "other", "other", 404): 1,
    }
    assert all(span.end_time_unix_nano > span.start_time_unix_nano for span in collector.spans())


def test_nothing_that_names_anybody_is_sent(world, collector):
    with traced(world, collector.endpoint):
        world.open_round()
        digest, answer = Sender(world, PRISON).submit(parts_of())
        assert answer.is_success
        world.client.get(f"/v1/rounds/{MARKER}?after={MARKER}", headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "x-who": MARKER})
    sent = b"".join(body for _, body in collector.bodies)
    assert len(collector.spans()) > 20
    for word in (MARKER, ROUND, PRISON, NORTH, digest, digest[:12], "127.0.0.1", "adults", "testclient"):
        assert word.encode() not in sent
    assert bytes.fromhex("ab" * 16) not in sent  # whose trace it is, no caller says
    for span in collector.spans():
        assert {item.key for item in span.attributes} == ALLOWED
        assert not [*span.events, *span.links]
        assert (span.parent_span_id, span.status.message) == (b"", "")
    resources = [of.resource for request in collector.requests() for of in request.resource_spans]
    assert {(item.key, value_of(item)) for resource in resources for item in resource.attributes} == {("service.name", SERVICE)}


def test_a_fault_is_marked_and_its_text_stays_here(collector, tmp_path):
    import asyncio

    async def broken(*_):
        raise ValueError(MARKER)

    traces, settings = Traces(), ServiceSettings(organisation="s", directory=tmp_path, traces_endpoint=collector.endpoint)

    async def call():
        await Traced(broken, traces=traces)({"type": "http", "method": "GET"}, None, None)

    with traces.sent(settings, share=1.0), pytest.raises(ValueError, match=MARKER):
        asyncio.run(call())
    (span,) = collector.spans()
    assert (span.status.code, [value_of(item) for item in span.attributes][-1]) == (2, FAULT)
    assert MARKER.encode() not in b"".join(body for _, body in collector.bodies)


def test_one_request_in_ten_is_sent_drawn_at_random(world, collector):
    with traced(world, collector.endpoint, SHARE):
        for _ in range(600):
            world.client.get("/v1/health")
    assert 25 < len(collector.spans()) < 110  # 60 expected; beyond by chance one time in a million


def test_a_step_of_a_round_is_sent_by_its_name_and_whether_it_ended(collector, tmp_path):
    settings = ServiceSettings(organisation="s", directory=tmp_path, traces_endpoint=collector.endpoint)
    with traced_step(settings, "search"):
        pass
    with pytest.raises(ValueError, match=MARKER), traced_step(settings, "findings"):
        raise ValueError(MARKER)
    assert [(span.name, span.status.code, list(span.attributes)) for span in collector.spans()] == [("search", 0, []), ("findings", 2, [])]
    assert MARKER.encode() not in b"".join(body for _, body in collector.bodies)


def test_a_collector_that_does_not_answer_holds_nobody_up(world, collector):
    collector.stop()
    began = time.monotonic()
    with traced(world, collector.endpoint):
        assert world.client.get("/v1/ready").is_success
    assert time.monotonic() - began < 30
    assert world.client.get("/v1/ready").is_success


def test_without_a_collector_nothing_is_begun(world):
    with traced(world, None):
        assert not world.app.state.traces.tracer.start_span("x").is_recording()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://collector.example/v1/traces",
        "https://who:secret@host/v1/traces",
        "https://host/other",
        "http://127.0.0.1:4318/v1/traces?a=b",
    ],
)
def test_traces_go_to_this_machine_or_over_tls(endpoint):
    with pytest.raises(ValidationError):
        ServiceSettings(organisation="s", traces_endpoint=endpoint)
