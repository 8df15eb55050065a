"""The service as whoever watches it sees it: ready or not, busy, counted in tens, and logged without a value."""

import asyncio
import json
import logging
import socket

import httpx
import pytest

from linkage.api.admission import Admission
from linkage.api.app import serve
from linkage.logs import OneLine
from schemas.errors import ConfigurationError
from tests.integration.service_world import NORTH, ROUND, make_world


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    yield made
    made.store.dispose()


def shown(world):
    metrics = {}
    for metric in world.app.state.metrics.shown.collect():
        metrics |= {(sample.name, *sorted(sample.labels.items())): sample.value for sample in metric.samples}
    return metrics


def requests(world, route, status="200"):
    return shown(world)["kinlink_requests_total", ("method", "GET"), ("route", route), ("status", status)]


def test_a_service_with_its_database_is_ready(world):
    assert world.client.get("/v1/health").json() == {"status": "ok", "service": "kinlink"}
    assert world.client.get("/v1/ready").json() == {"status": "ready"}


def test_a_service_whose_directory_is_gone_is_up_and_not_ready(world):
    world.settings.directory.rename(world.settings.directory.with_name("elsewhere"))
    answer = world.client.get("/v1/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"].startswith("directory: it cannot be written")
    assert world.client.get("/v1/health").status_code == 200


def test_a_service_on_a_database_of_another_version_is_not_ready(world):
    def version(to):
        with world.store.begin() as connection:
            was = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{to}'")
        return was

    newest = version("0001")
    answer = world.client.get("/v1/ready")
    version(newest)
    assert (answer.status_code, answer.json()["detail"].split(";")[0]) == (503, "database: not at the newest version")
    assert world.client.get("/v1/ready").status_code == 200


def test_requests_beyond_the_most_are_turned_away_and_the_next_is_served():
    async def crowd():
        release = asyncio.Event()

        async def slow(scope, _receive, send):
            if scope["path"] == "/slow":
                await release.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        async with httpx.AsyncClient(transport=httpx.ASGITransport(Admission(slow, most=2)), base_url="https://service") as client:
            at_work = [asyncio.create_task(client.get("/slow")) for _ in range(2)]
            await asyncio.sleep(0)
            while sum(not task.done() for task in at_work) < 2:
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            turned_away, health = await client.get("/other"), await client.get("/v1/health")
            release.set()
            done = [(await task).status_code for task in at_work]
            return turned_away, health.status_code, done, (await client.get("/other")).status_code

    turned_away, health, done, after = asyncio.run(crowd())
    assert (turned_away.status_code, turned_away.headers["retry-after"]) == (429, "1")
    assert turned_away.json()["detail"].startswith("request: the service is busy")
    assert (health, done, after) == (200, [200, 200], 200)


def test_counts_are_shown_in_tens_and_name_nobody(world):
    for _ in range(19):
        world.client.get("/v1/health")
    assert requests(world, "/v1/health") == 10
    world.client.get("/v1/health")
    assert requests(world, "/v1/health") == 20
    for _ in range(10):
        world.send(f"{NORTH}/custodian", "GET", f"/v1/rounds/{ROUND}")
        world.client.get("/north-council/anything")
    text = str(shown(world))
    assert requests(world, "/v1/rounds/{round_id}", "404") == 10
    assert NORTH not in text
    assert ROUND not in text


def test_metrics_are_served_on_a_port_of_their_own(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stop = world.app.state.metrics.serve(port)
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    finally:
        stop()
    assert "kinlink_request_seconds_bucket" in text
    assert "process_resident_memory_bytes" in text
    assert world.client.get("/metrics").status_code == 404


def test_a_metrics_port_that_is_taken_is_an_error_that_names_it(tmp_path):
    world = make_world(tmp_path, f"sqlite:///{tmp_path / 'unused.sqlite'}")
    world.store.dispose()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = world.settings.model_copy(update={"metrics_port": taken.getsockname()[1], "database_url": None})
        with pytest.raises(ConfigurationError, match="metrics_port: it is taken"):
            serve(settings)


@pytest.mark.parametrize("shape", ["text", "json"])
def test_a_line_of_the_log_has_an_exceptions_type_and_place_and_nothing_of_its_text(shape):
    try:
        raise ValueError("Marker Name")
    except ValueError as error:
        record = logging.LogRecord(
            "kinlink.service", logging.ERROR, __file__, 1, "fault: %s", ("ValueError",), (ValueError, error, error.__traceback__)
        )
    line = OneLine(shape).format(record)
    assert "Marker" not in line
    assert "\n" not in line
    if shape == "text":
        assert "error kinlink.service: fault: ValueError: ValueError at test_service_watched.py:" in line
        return
    said = json.loads(line)
    assert (said["level"], said["event"], said["exception"]["type"]) == ("error", "fault: ValueError", "ValueError")
    assert said["exception"]["frames"][-1].startswith("test_service_watched.py:")


def test_what_another_library_logs_keeps_its_text_and_not_its_values():
    record = logging.LogRecord("sqlalchemy.pool", logging.WARNING, __file__, 1, "lost %s", ("Marker Name",), None)
    assert json.loads(OneLine("json").format(record))["event"] == "lost %s"
