"""The daily feed at the service: one a day and in order, the same bytes to every desk, and nothing that depends on anything else."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.events import forget_old_feeds
from linkage.store.models import EventFeed
from schemas.event_feed import CONTEXT, GENESIS, KEPT_DAYS, padded
from tests.integration.service_world import NORTH, NOW, POLICE, PRISON, SERVICE, SOUTH, STATISTICS, make_world, refusal, text

CUSTODIAN, DESK = f"{PRISON}/custodian", f"{NORTH}/desk"


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    yield made
    made.store.dispose()


def feed(world, number=1, previous=GENESIS, *, key=CUSTODIAN, **changes):
    body = {
        "organisation": PRISON,
        "number": number,
        "previous": previous,
        "published_at": text(world.now),
        "tags": padded([], secrets.token_bytes),
    }
    return world.sign(key, CONTEXT, body | changes)


def put(world, document, number=1, *, key=CUSTODIAN, organisation=PRISON):
    return world.send(key, "PUT", f"/v1/events/{organisation}/{number}", document)


def publish(world, number=1, previous=GENESIS, **changes):
    """Publish a feed, and return its digest."""
    answer = put(world, feed(world, number, previous, **changes), number)
    assert answer.status_code == 200, answer.text
    return answer.json()["digest"]


def kept(world):
    with Session(world.store) as session:
        return list(session.scalars(select(EventFeed.number).order_by(EventFeed.number)))


def test_every_desk_gets_the_same_bytes_and_nobody_else_any(world):
    document = feed(world)
    assert put(world, document).is_success
    listed, fetched = (
        {world.send(f"{name}/desk", "GET", path).content for name in (NORTH, SOUTH)} for path in ("/v1/events", f"/v1/events/{PRISON}/1")
    )
    assert (len(listed), len(fetched)) == (1, 1)
    assert world.send(DESK, "GET", f"/v1/events/{PRISON}/1").json() == document
    for key in (CUSTODIAN, f"{NORTH}/custodian", f"{POLICE}/custodian", f"{SERVICE}/operator-1", f"{STATISTICS}/statistician"):
        for path in ("/v1/events", f"/v1/events/{PRISON}/1"):
            assert world.send(key, "GET", path).status_code == 403


def test_the_same_feed_again_changes_nothing_and_another_of_its_number_is_refused(world):
    document = feed(world)
    first = put(world, document)
    before = world.snapshot()
    assert put(world, document).content == first.content
    assert "a feed does not change" in refusal(put(world, feed(world)), 409, "SubmissionError")
    assert world.snapshot() == before


def test_one_goes_a_day_and_each_follows_the_last(world):
    first = publish(world)
    assert "tomorrow's" in refusal(put(world, feed(world, 2, first), 2), 409, "RoundError")
    world.now += timedelta(days=1)
    for number, previous in ((3, first), (2, "0" * 64), (2, "f" * 64)):
        assert "the one before it is missing" in refusal(put(world, feed(world, number, previous), number), 409, "RoundError")
    publish(world, 2, first)
    assert kept(world) == [1, 2]


@pytest.mark.parametrize(
    ("changes", "number", "organisation", "status"),
    [
        ({"organisation": POLICE}, 1, PRISON, 403),
        ({}, 1, POLICE, 403),
        ({}, 2, PRISON, 422),
        ({"published_at": text(NOW + timedelta(days=2))}, 1, PRISON, 422),
        ({"tags": "AAAA"}, 1, PRISON, 422),
    ],
    ids=["names another", "to another's address", "another number", "from the future", "too short"],
)
def test_a_feed_that_is_not_what_it_should_be_is_refused_and_nothing_is_kept(world, changes, number, organisation, status):
    before = world.snapshot()
    assert put(world, feed(world, **changes), number, organisation=organisation).status_code == status
    assert world.snapshot() == before


def test_a_feed_that_the_prison_service_did_not_sign_is_refused(world):
    before = world.snapshot()
    for key in (f"{POLICE}/custodian", f"{NORTH}/custodian"):
        assert put(world, feed(world, key=key), key=key).status_code == 403
        assert put(world, feed(world, organisation=key.split("/")[0], key=key), key=key, organisation=key.split("/")[0]).status_code == 403
    spoilt = feed(world)
    spoilt["body"]["previous"] = "1" * 64
    assert put(world, spoilt).status_code in {401, 422}
    assert world.snapshot() == before


def test_a_service_that_was_put_back_takes_the_next_feed_whichever_it_is(world):
    previous = publish(world)
    with Session(world.store) as session, session.begin():
        session.execute(delete(EventFeed))
    world.now += timedelta(days=1)
    publish(world, 2, previous)
    assert kept(world) == [2]


def test_feeds_are_forgotten_after_their_days_and_the_newest_stays(world):
    first = publish(world)
    world.now += timedelta(days=KEPT_DAYS)
    second = publish(world, 2, first)
    forget_old_feeds(world.store, world.now)
    assert kept(world) == [1, 2]
    world.now += timedelta(days=1)
    forget_old_feeds(world.store, world.now)
    assert kept(world) == [2]
    world.now += timedelta(days=2 * KEPT_DAYS)
    forget_old_feeds(world.store, world.now)
    assert kept(world) == [2]
    publish(world, 3, second)


def test_what_is_asked_for_and_not_there_is_said(world):
    refusal(world.send(DESK, "GET", f"/v1/events/{PRISON}/7"), 404, "RoundError")
    assert world.send(DESK, "GET", "/v1/events").json() == {"feeds": []}


def test_the_audit_log_says_that_a_feed_came_and_how_much_and_nothing_of_what(world):
    publish(world)
    entries = world.send(f"{SERVICE}/operator-1", "GET", "/v1/audit?after=0").json()["events"]
    (event,) = [item["event"] for item in entries if item["event"]["kind"] == "events-published"]
    assert event["detail"].keys() == {"number", "digest"}
    assert (event["round_id"], event["actor"]) == ("", CUSTODIAN)
