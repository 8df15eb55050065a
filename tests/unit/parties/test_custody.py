"""What the prison service says of receptions: sealed for every filter alike, and what follows from their events."""

import base64
import csv
import itertools
import secrets
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.command import main
from parties.custody.following import FOLLOWING, following
from parties.custody.handles import KEPT_AFTER_END, draw_handles, forget_ended
from parties.custody.publishing import NAMES, publish
from parties.custody.sealing import attributes_part, custody_key
from parties.encoding.encode import encode_population
from parties.extracts.mapping import Held, Mapped
from parties.referrals import receptions, records
from parties.referrals.directory import RecipientRole
from parties.referrals.outcomes import cases
from parties.referrals.receptions import open_all
from parties.store.engine import open_node_store
from parties.store.models import CaseEvent, CustodyKey, QueuedEvent, Reception, RedeemedToken
from schemas.attributes import ATTRIBUTES_PART, SEALED_ATTRIBUTES_BYTES, Attributes, Custody, open_attributes, seal_attributes
from schemas.byte_columns import fixed_bytes
from schemas.encoding_set import PSEUDONYM_BYTES
from schemas.errors import ExtractError
from schemas.event_feed import Event
from schemas.roster import desk_keys
from schemas.sealed import seal_to_each
from tests.unit.parties.linkage_in_miniature import make_linkage
from tests.unit.parties.test_encoding import ENCODING, population
from tests.unit.parties.test_referrals_collect import ROUND, documents, envelope, next_round, node, run  # noqa: F401

KEY, NOW = bytes(range(32)), datetime(2026, 11, 20, 6, tzinfo=UTC)
HANDLES = {f"R{number}": bytes([number]) * 32 for number in range(9)}


@pytest.fixture
def prison(tmp_path):
    return make_linkage(tmp_path)["prison"]


def part(*, held, padded=lambda rows: rows + 30, own_key=KEY):
    rows = population(6, without_place={0})
    made = encode_population(
        rows, population="adults", round_key=KEY, round_id="r", local_secret=KEY, encoding=ENCODING, padded=padded
    )  # fmt: skip
    ((name, table),) = attributes_part(Mapped(held=held), made, HANDLES, key=KEY, own_key=own_key).items()
    assert name == ATTRIBUTES_PART
    return made, fixed_bytes(table["pseudonym"], PSEUDONYM_BYTES), fixed_bytes(table["attributes"], SEALED_ATTRIBUTES_BYTES)


HELD = {
    0: Held("R0", "2026-01-01", "remand", is_restricted=False, is_sole_carer=True),
    3: Held("R3", "2026-01-01", "recall", is_restricted=True, is_sole_carer=False),
}


def test_every_filter_has_attributes_of_one_size_and_a_fill_s_are_of_nobody():
    made, owners, sealed = part(held=HELD)
    filters = sorted(one.tobytes() for clks in made.pseudonyms.values() for one in clks)
    assert [one.tobytes() for one in owners] == filters
    opened = [open_attributes(one.tobytes(), KEY) for one in sealed]
    assert {item.handle for item in opened if item} == {HANDLES["R0"], HANDLES["R3"]}
    of_three = [item for item in opened if item and item.handle == HANDLES["R3"]]
    assert {(item.custody, item.is_restricted, item.is_sole_carer) for item in of_three} == {(Custody.RECALL, True, False)}
    assert len({one.tobytes() for one in sealed}) == len(sealed)  # no two alike, so nothing says whose filters belong together
    people = {own.tobytes(): person.tobytes() for person, own in zip(*made.joins, strict=True)}
    whose = {owner.tobytes() for owner, item in zip(owners, opened, strict=True) if item}
    assert whose == {own for own, person in people.items() if person in {made.persons[0].tobytes(), made.persons[3].tobytes()}}


def test_the_same_extract_gives_the_same_bytes_and_another_custodian_others():
    (_, _, once), (_, _, again), (_, _, other) = part(held=HELD), part(held=HELD), part(held=HELD, own_key=bytes(32))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_the_round_s_key_of_attributes_is_not_the_round_key():
    assert custody_key(KEY) != KEY
    assert custody_key(KEY) != custody_key(bytes(32))


def test_a_handle_is_drawn_once_and_forgotten_long_after_the_reception_ended(prison):
    store = open_node_store(prison)
    first = draw_handles(store, ["one", "two"], NOW)
    assert draw_handles(store, ["two", "one", "three"], NOW) | first == draw_handles(store, ["one", "two", "three"], NOW)
    assert len(set(first.values())) == 2
    with Session(store) as session, session.begin():
        session.get_one(Reception, "one").ended_on = f"{NOW:%Y-%m-%d}"
        session.add(QueuedEvent(reception_id="one", event=Event.RELEASED, happened_on="2026-11-20", feed=1))
    assert forget_ended(store, NOW + KEPT_AFTER_END) == 0
    assert forget_ended(store, NOW + KEPT_AFTER_END + timedelta(days=1)) == 1
    with Session(store) as session:
        assert set(session.scalars(select(Reception.reception_id))) == {"two", "three"}
        assert not session.scalars(select(QueuedEvent)).all()
    store.dispose()


@pytest.mark.parametrize("row", [("R1", "escaped", "2026-01-01"), ("R1", "released", "1 May"), ("R1", "released", "")])
def test_an_event_that_cannot_be_read_is_named_by_its_row_and_nothing_is_published(prison, row):
    path = prison.path("extract", "events.csv")
    with path.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows([("reception_id", "event", "on"), ("R0", "released", "2026-01-01"), row])
    with pytest.raises(ExtractError, match="events, row 3: want reception_id, event") as caught:
        publish(prison)
    assert row[1] not in str(caught.value).replace(", ".join(NAMES), "")
    path.unlink()


def test_no_event_closes_a_case_and_each_has_somebody_who_acts_in_time():
    assert set(FOLLOWING) == set(Event)
    for event, restricted in itertools.product(Event, (False, True)):
        found = following(event, is_restricted=restricted)
        assert found.owner
        assert 0 < found.hours <= 72
        assert found.is_withdrawn == (event is Event.WITHDRAWN)
        assert not any(word in found.action for word in ("close", "prison", "offen"))
    assert following(Event.RELEASE_PLANNED, is_restricted=True).owner == "children's social care"
    assert following(Event.RELEASED, is_restricted=True) == following(Event.RELEASED, is_restricted=False)


def sealed_reception(number, *, key=KEY, **marks):
    attributes = Attributes(handle=bytes([number]) * 32, custody=Custody.SENTENCED, **marks)
    return base64.b64encode(seal_attributes(attributes, key, secrets.token_bytes(12))).decode()


def test_attributes_that_cannot_be_read_are_none_and_a_fill_s_are_left_out():
    fill = base64.b64encode(seal_attributes(None, KEY, bytes(12))).decode()
    assert open_all([], None) == []
    assert [item.handle for item in open_all([sealed_reception(1), fill], KEY)] == [bytes([1]) * 32]
    for sealed, key in (([sealed_reception(1)], None), ([sealed_reception(1)], bytes(32)), (["!"], KEY), (["AAAA"], KEY)):
        assert open_all(sealed, key) is None


@pytest.fixture
def keyed(node):  # noqa: F811
    give_key(node)
    return node


def give_key(node):  # noqa: F811
    """Let the desk have the round's key of attributes, as its map brings it."""
    settings, service, own, _ = node
    store = open_node_store(settings)
    context = f"kinlink/desk-map/1|{service.manifest.digest}|{settings.organisation}|custody"
    with Session(store) as session, session.begin():
        session.add(CustodyKey(round_id=service.round_id, sealed=seal_to_each(KEY, desk_keys(own), context)))
    store.dispose()


def next_week(node, round_id):  # noqa: F811
    """Let another round be the desk's, whose service has no envelopes yet."""
    node[1].envelopes.clear()
    next_round(node, round_id)
    return node


@pytest.mark.parametrize("alone", ["C-1", "C-2", "C-3"])
def test_of_what_is_due_at_one_hour_a_child_for_whom_nobody_else_cared_goes_first(keyed, alone, capsys):
    for number, child in enumerate(("C-1", "C-2", "C-3"), start=1):
        envelope(keyed, child, attributes=(sealed_reception(number, is_sole_carer=child == alone),))
    run(keyed)
    found = cases(keyed[0], ROUND)
    assert {case.child_id for case in found if case.is_first} == {alone}
    same_hour = [case for case in found if case.due == next(one.due for one in found if one.is_first)]
    assert len(same_hour) > 1 or alone == "C-1"
    assert same_hour[0].child_id == alone
    main(["party", "outcomes", "--dir", str(keyed[0].directory), "--round", ROUND])
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines() if "(first)" in line] == [same_hour[0].document]
    assert "carer" not in said


def test_a_case_that_appears_while_another_desk_looks_is_seen_whole(keyed, monkeypatch):
    envelope(keyed, "C-1", attributes=(sealed_reception(1),))
    run(keyed)
    store, looked = open_node_store(keyed[0]), receptions.last_states
    added = iter(["referral-late"])

    def meanwhile(store):
        states = looked(store)
        for document in added:
            with Session(store) as session, session.begin():
                session.add(CaseEvent(document=document, what="written", recorded_at="x", record_id="C-1"))
        return states

    monkeypatch.setattr(receptions, "last_states", meanwhile)
    received = open_all([sealed_reception(1)], KEY)
    assert receptions.is_repeat(store, "C-1", received)
    assert receptions.is_repeat(store, "C-1", received)
    store.dispose()


def test_an_envelope_that_two_desks_redeem_at_once_is_one_case(keyed):
    document = f"referral-{envelope(keyed, 'C-1', attributes=(sealed_reception(1),))[:12]}.json"
    run(keyed)
    store = open_node_store(keyed[0])
    with Session(store) as session:
        redeemed = session.scalars(select(RedeemedToken)).one()
    item = SimpleNamespace(envelope_id=redeemed.envelope_id, body=SimpleNamespace(round_id=ROUND, own_carer=None, grade="A"))
    records.record_redeemed(store, item, document, "C-1")
    records.record_redeemed(store, item, "", "C-1")
    with Session(store) as session:
        assert [event.what for event in session.scalars(select(CaseEvent))] == ["written"]
        assert session.scalars(select(RedeemedToken)).one().referral == redeemed.referral == document
    store.dispose()


def test_a_reception_that_is_found_again_writes_no_second_document_and_another_one_does(keyed):
    envelope(keyed, "C-1", attributes=(sealed_reception(1),))
    assert run(keyed).written == 1
    give_key(next_week(keyed, "round-2"))
    envelope(keyed, "C-1", attributes=(sealed_reception(1),))
    done = run(keyed)
    assert (done.opened, done.written, done.held, done.problems) == (1, 0, (), ())
    give_key(next_week(keyed, "round-3"))
    envelope(keyed, "C-1", attributes=(sealed_reception(1), sealed_reception(2)))
    assert run(keyed).written == 1
    assert len(documents(keyed)) == 4
    assert len(keyed[1].redeemed) == 3  # the network sees no difference


def test_the_same_reception_is_no_repeat_for_another_child(keyed):
    envelope(keyed, "C-1", attributes=(sealed_reception(1),))
    envelope(keyed, "C-2", attributes=(sealed_reception(1),))
    assert run(keyed).written == 2


@pytest.mark.parametrize("attributes", [(sealed_reception(1, is_restricted=True),), (sealed_reception(1), sealed_reception(2, is_restricted=True)), (sealed_reception(1, key=bytes(32)),)], ids=["restricted", "of one parent", "unreadable"])  # fmt: skip
def test_where_contact_is_restricted_or_nobody_can_tell_the_document_waits_for_two_people(keyed, attributes):
    envelope(keyed, "C-1", attributes=attributes)
    done = run(keyed)
    assert (done.written, len(done.held)) == (0, 1)
    assert documents(keyed) == []


def test_an_envelope_without_a_key_of_attributes_waits_for_people_and_an_older_one_without_any_is_routed(node):  # noqa: F811
    envelope(node, "C-1", attributes=(sealed_reception(1),))
    envelope(node, "C-2")
    done = run(node)
    assert (len(done.held), done.routed_by_role) == (1, {RecipientRole.HEALTH_VISITOR: 1})
