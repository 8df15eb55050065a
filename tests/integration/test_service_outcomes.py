"""What becomes of a request when something gives way under it: a full disk, a lost database, a slow sender. Nothing is lost, and the same again goes through."""

import asyncio
import resource
import signal
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import text

from linkage.api import call
from schemas.signature import SignedDocument
from tests.conftest import emptied
from tests.integration.service_world import BASE_URL, NORTH, ROUND, Sender, make_world, parts_of

DESK = f"{NORTH}/desk"


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    assert made.open_round().is_success
    yield made
    made.store.dispose()


@contextmanager
def full_disk(most=100):
    """Let no file of this process grow beyond a few bytes, as a full disk would not: the system refuses the write."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_on_a_full_disk_nothing_is_kept_and_the_same_chunk_goes_through_once_there_is_room(world):
    sender, contents = Sender(world), parts_of()
    place = announced(world, sender, contents)
    chunk = f"{place}/parts/adults.A.arrow/chunks/0"
    with full_disk():
        refused = world.send(sender.key_id, "PUT", chunk, contents["adults.A.arrow"])
    assert refused.status_code == 500
    assert refused.json()["title"] == "ServiceError"
    assert 0 in world.send(sender.key_id, "GET", place).json()["missing"]["adults.A.arrow"]
    assert not [file for file in world.settings.path("vault").rglob("*") if file.is_file()]
    assert world.send(sender.key_id, "PUT", chunk, contents["adults.A.arrow"]).status_code == 204
    assert "adults.A.arrow" not in world.send(sender.key_id, "GET", place).json()["missing"]


def announced(world, sender, contents):
    document = world.sign(sender.key_id, "submission/1", sender.manifest(contents))
    place = f"/v1/rounds/{ROUND}/submissions/{SignedDocument.model_validate(document).digest}"
    assert world.send(sender.key_id, "PUT", place, document).is_success
    return place


def test_connections_that_the_database_dropped_are_made_again(tmp_path, postgres_database):
    world = make_world(tmp_path, emptied(postgres_database))
    world.open_round()
    assert world.send(DESK, "GET", f"/v1/rounds/{ROUND}").is_success
    with world.store.connect() as connection:
        mine = "pid <> pg_backend_pid() AND datname = current_database()"
        assert connection.scalar(text(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {mine}")) >= 0
    assert all(world.send(DESK, "GET", f"/v1/rounds/{ROUND}").is_success for _ in range(3))
    world.store.dispose()


def test_whoever_sends_too_slowly_is_hung_up_on_and_holds_no_place(world, monkeypatch):
    monkeypatch.setattr(call, "BODY_SECONDS", 0.2)

    async def trickle():
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    async def send():
        transport = httpx.ASGITransport(world.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.post("/v1/tokens/redeem", content=trickle(), headers={"content-type": "application/octet-stream"})

    answer = asyncio.run(asyncio.wait_for(send(), 20))
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"
    assert answer.json()["detail"].startswith("request: its body took over")
    assert world.send(DESK, "GET", f"/v1/rounds/{ROUND}").is_success
