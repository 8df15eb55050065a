"""What becomes of referrals: every state has an owner, the order is kept, and a wrong child stops at once."""

import json
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session
from test_referrals_collect import ROUND, approving, documents, envelope, node, protect, run  # noqa: F401 - node is a fixture

from flows.command import main
from parties.referrals.calendar import LONDON
from parties.referrals.cases import CASE, CaseState
from parties.referrals.listing import referrals
from parties.referrals.outcomes import Heard, by_post, cases, correct_outcome, counts, overdue, record_outcome
from parties.store.engine import open_node_store
from parties.store.models import Person, RedeemedToken
from schemas.acknowledgement import Became
from schemas.errors import ConfigurationError, TokenError

S = CaseState


@pytest.fixture
def written(node):  # noqa: F811
    """Return an authority's settings and the name of its one referral's document."""
    envelope_id = envelope(node, "C-1")
    run(node)
    return node[0], f"referral-{envelope_id[:12]}"


def test_every_state_has_an_owner_who_does_something_and_can_be_reached():
    assert set(CASE) == set(CaseState)
    assert all(duty.owner and duty.action for duty in CASE.values())
    reached, seen = [S.WRITTEN], set()
    while reached:
        state = reached.pop()
        seen.add(state)
        reached += set(CASE[state].then) - seen
    assert seen == set(CaseState)


@pytest.mark.parametrize("state", [state for state in CaseState if state not in {S.WRONG_CHILD, S.WITHDRAWN, S.RECALLED, S.MOVED}])
def test_from_every_open_state_a_wrong_child_can_be_stopped_and_a_move_be_said(state):
    assert {S.WRONG_CHILD, S.MOVED} <= set(CASE[state].then)


def test_a_referral_goes_through_its_states_in_order(written):
    settings, document = written
    (case,) = cases(settings, ROUND)
    assert (case.document, case.child_id, case.grade, case.state) == (document, "C-1", "A", S.WRITTEN)
    for state in (S.ACKNOWLEDGED, S.OFFERED, S.DECLINED, S.TAKEN_UP):
        assert record_outcome(settings, ROUND, document, state).state is state
    assert counts(cases(settings, ROUND)) == {"taken-up": {"A": 1, "B": 0}}


@pytest.mark.parametrize("state", [S.TAKEN_UP, S.OFFERED, S.WRITTEN])
def test_a_state_that_cannot_follow_is_refused_and_nothing_changes(written, state):
    with pytest.raises(ConfigurationError, match="after written comes acknowledged"):
        record_outcome(*written[:1], ROUND, written[1], state)
    assert cases(written[0], ROUND)[0].state is S.WRITTEN


def test_that_the_child_was_heard_is_a_yes_and_nothing_of_what_it_said(written):
    settings, document = written
    assert cases(settings, ROUND)[0].heard is None
    case = record_outcome(settings, ROUND, document, None, heard=Heard(is_heard=True, on=date(2026, 9, 14)))
    assert (case.heard, case.state) == ((True, date(2026, 9, 14)), S.WRITTEN)
    with pytest.raises(ConfigurationError, match="still to come"):
        record_outcome(settings, ROUND, document, None, heard=Heard(is_heard=True, on=date(2999, 1, 1)))
    assert record_outcome(settings, ROUND, document, None, heard=Heard(is_heard=False, on=date(2026, 9, 15))).heard == (
        False,
        date(2026, 9, 15),
    )


def test_what_was_recorded_in_error_is_taken_back_and_what_was_called_back_stays(written):
    settings, document = written
    with pytest.raises(ConfigurationError, match="written cannot be taken back"):
        correct_outcome(settings, ROUND, document)
    for state in (S.ACKNOWLEDGED, S.OFFERED, S.DECLINED):
        record_outcome(settings, ROUND, document, state)
    assert correct_outcome(settings, ROUND, document).states == (S.WRITTEN, S.ACKNOWLEDGED, S.OFFERED)
    assert record_outcome(settings, ROUND, document, S.TAKEN_UP).state is S.TAKEN_UP
    record_outcome(settings, ROUND, document, S.WRONG_CHILD)
    with pytest.raises(ConfigurationError, match="wrong-child cannot be taken back"):
        correct_outcome(settings, ROUND, document)
    assert record_outcome(settings, ROUND, document, S.RECALLED).state is S.RECALLED


def test_a_wrong_child_s_documents_go_at_once_and_its_next_envelope_waits_for_people(written, node):  # noqa: F811
    settings, document = written
    assert record_outcome(settings, ROUND, document, S.WRONG_CHILD).state is S.WRONG_CHILD
    assert documents(node) == referrals(settings, ROUND) == []
    (case,) = cases(settings, ROUND)
    assert (case.state, case.grade) == (S.WRONG_CHILD, "A")
    with pytest.raises(ConfigurationError, match="after wrong-child comes recalled"):
        record_outcome(settings, ROUND, document, S.OFFERED)
    forget_what_was_redeemed(settings)
    node[1].redeemed.clear()
    done = run(node)
    assert (done.written, done.held) == (0, (document,))
    approving(node, document, "Sam Point")
    approving(node, document, "Ann Other")
    assert json.loads(settings.path("referrals", f"{document}.json").read_bytes())["child_name"] == "Siân Example"


def forget_what_was_redeemed(settings):
    """Let the same envelope come again, as that of a later round would."""
    store = open_node_store(settings)
    with Session(store) as session, session.begin():
        session.execute(delete(RedeemedToken))
    store.dispose()


def test_what_nobody_acknowledged_in_time_is_overdue(written):
    settings, document = written
    found = cases(settings, ROUND)
    due = datetime.fromisoformat(found[0].due).replace(tzinfo=LONDON)
    assert overdue(found, due) == []
    assert overdue(found, due + timedelta(minutes=1)) == [document]
    record_outcome(settings, ROUND, document, S.ACKNOWLEDGED)
    assert overdue(cases(settings, ROUND), due + timedelta(days=9)) == []


def test_referrals_are_counted_by_post(written, node):  # noqa: F811
    envelope(node, "C-2")
    run(node)
    assert by_post(cases(written[0], ROUND)) == {"dsl": 1, "health_visitor": 1}


def test_a_referral_can_be_stopped_after_the_round_s_map_of_persons_is_gone(written):
    settings, document = written
    store = open_node_store(settings)
    with Session(store) as session, session.begin():
        session.execute(delete(Person))
    store.dispose()
    assert [case.child_id for case in cases(settings, ROUND)] == ["C-1"]
    assert record_outcome(settings, ROUND, document, S.WRONG_CHILD).state is S.WRONG_CHILD


def test_a_document_that_is_not_there_is_named(written):
    with pytest.raises(TokenError, match="none of that name was written"):
        record_outcome(written[0], ROUND, "referral-0", S.ACKNOWLEDGED)


def test_the_command_lists_and_records(written, capsys):
    settings, document = written
    arguments = ["party", "outcomes", "--dir", str(settings.directory), "--round", ROUND]
    assert main(arguments) == 0
    assert f"{document} written, act by 20" in capsys.readouterr().out
    assert (
        main([*arguments, "--document", document, "--record", "acknowledged", "--child-heard", "yes", "--on", "2026-09-14", "--json"]) == 0
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["counts"] == {"acknowledged": {"A": 1, "B": 0}}
    assert answer["cases"][0]["child_heard"] == {"answer": "yes", "on": "2026-09-14"}
    assert "C-1" not in json.dumps(answer)
    assert main([*arguments, "--record", "offered"]) == 11


@pytest.mark.parametrize(
    ("states", "said"), [([], "waits"), ([S.ACKNOWLEDGED], "keeps"), ([S.ALREADY_KNOWN], "keeps"), ([S.WRONG_CHILD], "keeps"), ([S.MOVED], "moved"), ([S.ACKNOWLEDGED, S.MOVED], "moved")]
)  # fmt: skip
def test_the_next_collection_tells_the_service_what_became_of_an_envelope(written, node, states, said):  # noqa: F811
    settings, document = written
    (envelope_id,) = node[1].envelopes
    assert node[1].acknowledged == {envelope_id: "waits"}
    for state in states:
        record_outcome(settings, ROUND, document, state)
    record_outcome(settings, ROUND, document, None, heard=Heard(True, date(2026, 9, 15)))
    run(node)
    assert node[1].acknowledged == {envelope_id: said}


def test_dummies_children_whom_nobody_is_told_of_and_held_documents_are_kept_in_as_many_bytes(node):  # noqa: F811
    protect(node, "C-1", "adoption")
    ids = {envelope(node, "C-1"), envelope(node, "C-2", is_dummy=True, person=b"\x01" * 16)}
    run(node)
    assert node[1].acknowledged == dict.fromkeys(ids, "keeps")
    assert len({len(word) for word in Became}) == 1


def test_a_move_that_was_recorded_in_error_and_taken_back_is_not_said(written, node):  # noqa: F811
    settings, document = written
    record_outcome(settings, ROUND, document, S.MOVED)
    correct_outcome(settings, ROUND, document)
    run(node)
    assert set(node[1].acknowledged.values()) == {"waits"}
