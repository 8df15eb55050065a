"""What becomes of a reception after its round reaches the cases of its own children, in a feed that says nothing to anybody else."""

import base64
import csv
import json
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.events import forget_old_feeds
from linkage.store.models import EventFeed, Finding
from parties.client import ServiceClient
from parties.custody.learning import learn, learned, record_done
from parties.custody.publishing import publish
from parties.keys.identity_keys import key_id, load_signing_key
from parties.referrals.cases import CaseState
from parties.referrals.collect import approve
from parties.referrals.outcomes import cases
from parties.store.engine import open_node_store
from parties.store.models import CaseReception, KeptFeed, LearnedEvent, QueuedEvent, Reception
from schemas.errors import AlarmError, ConfigurationError, ServiceError, TokenError
from schemas.event_feed import CONTEXT, FEED_TAGS, KEPT_DAYS, Event, Feed
from schemas.roster import Role
from schemas.signature import signed
from tests.acceptance.planted import AUTHORITY, PARENT, POLICE
from tests.acceptance.round import PRISON, ROUND

pytestmark = pytest.mark.slow
CHILDREN = {f"QZX2-{number}" for number in range(3)}
RECEPTION = "QZX1"  # of the planted family, on remand


def add(linkage, file, **row):
    """Add a row to one of the prison service's files, which is made where there is none."""
    path = linkage.directory / PRISON / "extract" / f"{file}.csv"
    if not path.exists():
        path.write_text(",".join(row) + "\n", encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as source:
        header = next(csv.reader(source))
    with path.open("a", encoding="utf-8", newline="") as sink:
        csv.DictWriter(sink, header, restval="", lineterminator="\n").writerow(row)


def happens(linkage, event, *, reception=RECEPTION):
    """Say that something became of a reception today."""
    day = f"{linkage.now:%Y-%m-%d}"
    if event is Event.RELEASED:
        add(linkage, "movements", nomis_number=PARENT["nomis"], date=day, type="release", from_establishment="QZX")
    else:
        add(linkage, "events", reception_id=reception, event=event.name.lower().replace("_", "-"), on=day)


def published(linkage, **options):
    return publish(linkage.settings(PRISON), now=linkage.now, **options)


def looked(linkage, authority=AUTHORITY):
    return learn(linkage.settings(authority), now=linkage.now)


def next_day(linkage, days=1):
    linkage.now += timedelta(days=days)


def waiting(linkage, authority=AUTHORITY):
    """Return the planted children's cases, and what was learned of each and is not seen to."""
    mine = {case.document: case.child_id for case in cases(linkage.settings(authority), ROUND)}
    found = [(mine[item.document], item.event) for item in learned(linkage.settings(authority)) if item.done_by is None]
    return Counter(item for item in found if item[0] in CHILDREN)


def rows(linkage, organisation, query):
    store = open_node_store(linkage.settings(organisation))
    with Session(store) as session:
        found = session.execute(query).all()
    store.dispose()
    return found


def states(linkage):
    return {case.child_id: case.state for case in cases(linkage.settings(AUTHORITY), ROUND) if case.child_id in CHILDREN}


def documents(linkage):
    return {path.stem for path in (linkage.directory / AUTHORITY / "referrals").iterdir()}


def test_a_release_reaches_every_child_of_this_parent_and_of_no_other(collected):
    other = next(name for name in collected.authorities() if name != AUTHORITY)
    happens(collected, Event.RELEASED)
    assert published(collected).events > 0
    names = {item.handle: item.reception_id for (item,) in rows(collected, PRISON, select(Reception))}
    happened = {(item.reception_id, item.event) for (item,) in rows(collected, PRISON, select(QueuedEvent))}
    for authority in (AUTHORITY, other):
        looked(collected, authority)
        behind = {names[item.handle] for (item,) in rows(collected, authority, select(CaseReception))}
        found = {(names[item.handle], item.event) for (item,) in rows(collected, authority, select(LearnedEvent))}
        assert found == {item for item in happened if item[0] in behind}
        assert not looked(collected, authority).events  # once
    assert waiting(collected) == dict.fromkeys(((child, Event.RELEASED) for child in CHILDREN), 1)


def test_who_saw_to_an_event_is_written_down_and_it_waits_no_more(collected):
    happens(collected, Event.RELEASED)
    published(collected)
    looked(collected)
    settings = collected.settings(AUTHORITY)
    document = next(case.document for case in cases(settings, ROUND) if case.child_id in CHILDREN)
    with pytest.raises(ConfigurationError, match="say who has done it"):
        record_done(settings, document, Event.RELEASED, " ")
    record_done(settings, document, Event.RELEASED, "Dee  Lead")
    assert sum(waiting(collected).values()) == len(CHILDREN) - 1
    assert [item.done_by for item in learned(settings) if item.document == document] == ["Dee Lead"]
    with pytest.raises(TokenError, match="none of that kind waits"):
        record_done(settings, document, Event.RELEASED, "Dee Lead")


def test_a_feed_has_one_size_and_tells_nobody_without_a_handle_anything(collected):
    published(collected)
    next_day(collected)
    for event in Event:
        happens(collected, event)
    published(collected)
    with Session(collected.store) as session:
        quiet, busy = (item.document for item in session.scalars(select(EventFeed).order_by(EventFeed.number)))
    assert len(json.dumps(quiet)) == len(json.dumps(busy))
    assert quiet["body"].keys() == busy["body"].keys()
    tags = [Feed.model_validate(item["body"]).tag_set() for item in (quiet, busy)]
    assert [len(found) for found in tags] == [FEED_TAGS, FEED_TAGS]
    assert not tags[0] & tags[1]


def test_what_was_recorded_in_error_is_taken_back_at_once_and_other_cases_stay(collected):
    before = {case.document: case.state for case in cases(collected.settings(AUTHORITY), ROUND) if case.child_id not in CHILDREN}
    assert before
    happens(collected, Event.WITHDRAWN)
    published(collected)
    assert looked(collected).deleted == len(CHILDREN)
    assert set(states(collected).values()) == {CaseState.WITHDRAWN}
    assert documents(collected) == set(before)
    assert {case.document: case.state for case in cases(collected.settings(AUTHORITY), ROUND) if case.child_id not in CHILDREN} == before
    assert not collected.collect(AUTHORITY).written  # and does not come back


@pytest.mark.parametrize(("since", "purged"), [((), True), ((Event.RETURNED,), False), ((Event.SENTENCED,), False)])
def test_somebody_on_remand_who_was_released_and_did_not_return_leaves_no_documents(collected, since, purged):
    for event in (Event.RELEASED, *since):
        happens(collected, event)
        published(collected)
        looked(collected)
        next_day(collected, 3)
    next_day(collected, 18)
    assert not looked(collected).deleted
    next_day(collected, 9)
    looked(collected)
    assert set(states(collected).values()) == {CaseState.WITHDRAWN if purged else CaseState.WRITTEN}


def test_an_event_that_was_published_before_the_envelope_was_opened_is_found_as_well(closed):
    closed.link()
    closed.approve_and_release()
    happens(closed, Event.DEATH)
    published(closed)
    assert looked(closed).feeds == 1
    next_day(closed)
    closed.collect(AUTHORITY)
    looked(closed)
    assert waiting(closed) == dict.fromkeys(((child, Event.DEATH) for child in CHILDREN), 1)


def test_a_feed_that_was_written_down_and_not_sent_goes_with_the_next_run_as_it_was(collected):
    def cut(_):
        raise httpx.ConnectError("gone")

    happens(collected, Event.RELEASED)
    with pytest.raises(ServiceError):
        published(collected, client=ServiceClient(collected.settings(PRISON), Role.CUSTODIAN, transport=httpx.MockTransport(cut)))
    kept = rows(collected, PRISON, select(KeptFeed.document))
    happens(collected, Event.RETURNED)  # what is new goes with tomorrow's
    assert published(collected).waiting == 1
    published(collected)
    assert rows(collected, PRISON, select(KeptFeed.document)) == kept
    with Session(collected.store) as session:
        assert [item.document for item in session.scalars(select(EventFeed))] == [json.loads(kept[0][0])]
    next_day(collected)
    assert published(collected).waiting == 0
    looked(collected)
    assert waiting(collected) == dict.fromkeys(((child, event) for child in CHILDREN for event in (Event.RELEASED, Event.RETURNED)), 1)


def test_a_service_that_lost_feeds_gets_them_again(collected):
    for event in (Event.RELEASED, Event.RETURNED, Event.SENTENCED):
        happens(collected, event)
        published(collected)
        next_day(collected)
    with Session(collected.store) as session, session.begin():
        session.execute(delete(EventFeed).where(EventFeed.number > 1))  # as an older backup has it
    published(collected)
    done = looked(collected)
    assert (done.feeds, done.missed) == (4, 0)
    assert waiting(collected).total() == 3 * len(CHILDREN)


def test_a_desk_that_was_away_for_too_long_hears_that_feeds_are_gone_and_finds_what_is_left(collected):
    happens(collected, Event.RELEASED)
    for _ in range(2):
        published(collected)
        next_day(collected)
    collected.now += timedelta(days=KEPT_DAYS)
    happens(collected, Event.RETURNED)
    published(collected)
    forget_old_feeds(collected.store, collected.now)
    done = looked(collected)
    assert (done.feeds, done.missed) == (1, 2)
    assert waiting(collected) == dict.fromkeys(((child, Event.RETURNED) for child in CHILDREN), 1)


def test_a_feed_that_does_not_follow_the_one_before_it_is_an_alarm(collected):
    published(collected)
    looked(collected)
    next_day(collected)
    published(collected)
    settings = collected.settings(PRISON)
    with Session(collected.store) as session, session.begin():
        row = session.scalars(select(EventFeed).where(EventFeed.number == 2)).one()
        body = {**row.document["body"], "previous": "f" * 64}
        key, name = load_signing_key(settings, Role.CUSTODIAN), key_id(settings, Role.CUSTODIAN)
        row.document = signed(key, name, CONTEXT, body).model_dump()
    with pytest.raises(AlarmError, match="does not follow"):
        looked(collected)


def test_of_more_events_than_a_feed_has_the_urgent_go_first(collected):
    store = open_node_store(collected.settings(PRISON))
    with Session(store) as session, session.begin():
        for number in range(FEED_TAGS + 5):
            name = f"other-{number}"
            session.add(Reception(reception_id=name, handle=bytes(32), events=0, drawn_at=""))
            session.add(QueuedEvent(reception_id=name, event=Event.RELEASE_PLANNED, happened_on="2026-01-01"))
    store.dispose()
    happens(collected, Event.WITHDRAWN)
    first = published(collected)
    assert (first.events, first.waiting >= 6) == (FEED_TAGS, True)
    looked(collected)
    assert set(states(collected).values()) == {CaseState.WITHDRAWN}
    next_day(collected)
    assert published(collected).waiting == 0


def test_nobody_but_the_prison_service_publishes(collected):
    with pytest.raises(ConfigurationError, match="the prison service publishes them"):
        publish(collected.settings(POLICE))


def test_where_the_prison_service_says_that_contact_is_restricted_two_people_decide_and_social_care_alone_is_told(linkage):
    path = linkage.directory / PRISON / "extract" / "receptions.csv"
    with path.open(encoding="utf-8", newline="") as source:
        found = list(csv.DictReader(source))
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, found[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"contact_restricted": "see file"} if row["reception_id"] == RECEPTION else row for row in found)
    linkage.open()
    linkage.submit(PRISON)
    linkage.send(*(name for name in linkage.custodians() if name != PRISON))
    linkage.close()
    linkage.link()
    linkage.approve_and_release()
    held = linkage.collect(AUTHORITY).held
    assert not CHILDREN & {case.child_id for case in cases(linkage.settings(AUTHORITY), ROUND)}
    for document in held:
        for person in ("First Person", "Second Person"):
            approve(linkage.settings(AUTHORITY), ROUND, document, person)
    mine = [case for case in cases(linkage.settings(AUTHORITY), ROUND) if case.child_id in CHILDREN]
    assert {case.post for case in mine} == {"childrens_social_care"}
    assert {case.child_id for case in mine} == CHILDREN
    sheets = [json.loads((linkage.directory / AUTHORITY / "referrals" / f"{case.document}.json").read_bytes()) for case in mine]
    assert not any("Qzx" in json.dumps(sheet) for sheet in sheets)
    happens(linkage, Event.RELEASE_PLANNED)
    published(linkage)
    looked(linkage)
    owners = {item.follows.owner for item in learned(linkage.settings(AUTHORITY)) if item.document in {case.document for case in mine}}
    assert owners == {"children's social care"}


def test_the_service_keeps_attributes_sealed_and_only_of_what_is_released(collected):
    with Session(collected.store) as session:
        found = session.scalars(select(Finding)).all()
    assert any(item.decision == "release" for item in found)
    for item in found:
        assert bool(item.attributes) == (item.decision in {"release", "stand-by"})
    handles = [item.handle for (item,) in rows(collected, PRISON, select(Reception))]
    sealed = b"".join(base64.b64decode(text) for item in found for text in item.attributes)
    assert not any(handle in sealed for handle in handles)
