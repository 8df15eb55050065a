"""`kinlink party verify` on a whole round: what holds is said, and whoever changes the past is found out by whom it concerns."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from linkage.restoring import back_up, put_back, restore
from linkage.store.audit_copy import audit_copy, check_not_older, keep
from linkage.store.engine import open_store
from linkage.store.models import Envelope
from parties.verifying import verify
from schemas.errors import AlarmError, ConfigurationError, RoundError, ServiceError
from tests.acceptance.planted import AUTHORITY, POLICE, PRISON
from tests.acceptance.round import HOLDERS, ROUND, STATISTICS

pytestmark = pytest.mark.slow
HEAD = "heads/last.json"


@pytest.fixture
def released(closed):
    closed.link()
    closed.approve_and_release()
    closed.sign_head()
    return closed


def verified(linkage, organisation):
    return verify(linkage.settings(organisation), ROUND, now=linkage.now)


def test_everybody_verifies_what_concerns_it_under_one_head(released):
    found = {name: verified(released, name) for name in (PRISON, POLICE, AUTHORITY, STATISTICS, HOLDERS[0])}
    assert len({(item.head, item.at) for item in found.values()}) == 1
    assert [bool(item.submission) for item in found.values()] == [True, True, True, False, False]
    assert {name for name, item in found.items() if item.envelopes is not None} == {AUTHORITY}
    assert found[AUTHORITY].envelopes > 0
    assert found[PRISON].restored == 0
    released.collect(AUTHORITY)
    released.sign_head(hours=1)
    again = verified(released, AUTHORITY)
    assert (again.new_heads, again.envelopes) == (1, found[AUTHORITY].envelopes)


def test_what_the_prison_service_gets_to_see_has_no_trace_of_a_release(released):
    verified(released, PRISON)
    head = json.loads((released.directory / PRISON / HEAD).read_bytes())["body"]
    assert head["submissions"]["size"] == len(released.custodians())
    assert head.keys() == {"at", "previous", "submissions", "releases", "restored"}


def test_before_there_is_a_head_one_is_told_to_wait(closed):
    with pytest.raises(ServiceError, match="signed none yet"):
        verify(closed.settings(STATISTICS), ROUND)
    with pytest.raises(RoundError, match="none covers this yet"):
        verified(closed, PRISON)


def test_a_service_that_stops_signing_is_noticed(released):
    released.now = released.now.replace(year=released.now.year + 1)
    with pytest.raises(ServiceError, match="one is due every hour"):
        verified(released, STATISTICS)


def test_a_changed_or_added_envelope_is_noticed_by_its_desk(released):
    with Session(released.store) as session, session.begin():
        row = session.query(Envelope).filter_by(authority=AUTHORITY).first()
        row.sealed = bytes(len(row.sealed))
    with pytest.raises(AlarmError, match="not what the service's log holds"):
        verified(released, AUTHORITY)


def test_an_envelope_that_was_taken_away_is_noticed_by_its_desk(released):
    released.collect(AUTHORITY)
    with Session(released.store) as session, session.begin():
        session.delete(session.query(Envelope).filter_by(authority=AUTHORITY).first())
    with pytest.raises(AlarmError, match="not what the service's log holds"):
        verified(released, AUTHORITY)


def test_a_log_that_begins_anew_does_not_follow_what_a_node_has_seen(released):
    """Somebody replaces the past by another one, all signed by the service itself."""
    verified(released, PRISON)
    forget_heads(released)
    released.sign_head(hours=1)
    with pytest.raises(AlarmError, match="do not follow the one that this node saw last"):
        verified(released, PRISON)


def test_a_submission_that_vanished_from_the_log_is_noticed_by_its_custodian(released):
    kinds = "event->>'kind'" if released.store.dialect.name == "postgresql" else "json_extract(event, '$.kind')"
    with released.store.begin() as connection:
        drop_triggers(connection)
        connection.execute(text(f"DELETE FROM audit_entry WHERE {kinds} = 'submission-accepted'"))
    forget_heads(released)
    released.sign_head(hours=1)
    with pytest.raises(RoundError, match="none covers this yet"):
        verified(released, POLICE)


def forget_heads(linkage):
    kinds = "event->>'kind'" if linkage.store.dialect.name == "postgresql" else "json_extract(event, '$.kind')"
    with linkage.store.begin() as connection:
        drop_triggers(connection)
        connection.execute(text(f"DELETE FROM audit_entry WHERE {kinds} = 'head-signed'"))


def drop_triggers(connection):
    if connection.dialect.name == "sqlite":
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'")).all()
        for (name,) in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))


def test_heads_that_were_seen_outlive_a_restore(released, tmp_path):
    if not released.service.database.startswith("sqlite"):
        with pytest.raises(ConfigurationError, match="own tools"):
            back_up(released.service, tmp_path / "backup.sqlite")
        return
    check_not_older(released.store, audit_copy(released.service))
    keep(released.store, audit_copy(released.service))
    back_up(released.service, tmp_path / "backup.sqlite")
    released.sign_head(hours=1)
    seen = verified(released, PRISON)
    released.kill()
    put_back(released.service, tmp_path / "backup.sqlite")
    store = open_store(released.service.database)
    restore(store, released.service, now=released.now)
    store.dispose()
    released.start()
    released.sign_head(hours=2)
    again = verified(released, PRISON)
    assert (again.new_heads, again.restored) == (1, 1)
    assert again.head != seen.head
