"""Signed heads: on the hour whatever happened, each after the one before; proofs for whom they concern alone."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from linkage.heads import events, head_of, last_head, release_leaves, sign_due, submission_leaves
from linkage.release.minting import MINTED, mint_tokens
from linkage.store.audit import append
from linkage.verifying import verify_log
from schemas.audit import AuditEvent, chain
from schemas.errors import AlarmError
from schemas.merkle import is_under
from schemas.receipt import read_receipt
from schemas.signature import SignedDocument
from schemas.tree_head import GENESIS, SubmissionProof, follows, submission_leaf
from tests.integration.service_world import NORTH, NOW, POLICE, PRISON, ROUND, SERVICE, SOUTH, STATISTICS, Sender, make_world, parts_of

HOUR = timedelta(hours=1)
OPERATOR = f"{SERVICE}/operator-1"


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    assert made.open_round().is_success
    yield made
    made.store.dispose()


def sign(world, hours=0):
    return sign_due(world.store, signer(world), now=NOW + hours * HOUR, every=HOUR)


def signer(world):
    return world.app.state.service.signer


def mint(world, hours=0):
    with Session(world.store) as session, session.begin():
        mint_tokens(session, world.settings, ROUND, now=NOW + hours * HOUR)


def heads(world, key=f"{PRISON}/custodian", after=""):
    return world.send(key, "GET", f"/v1/heads?after={after}").json()["heads"]


def test_one_is_signed_every_hour_and_no_more_often_however_little_happened(world):
    assert [sign(world, hours) for hours in (0, 0, 0.5, 1, 1, 2.5)] == [True, False, False, True, False, True]
    with Session(world.store) as session:
        documents = [last_head(session).document]
        assert len(events(session, "head-signed")) == 3
    assert follows(documents[0].body["previous"], documents) == documents[0].digest


def test_the_same_heads_are_shown_to_everybody_and_follow_each_other(world):
    for hours in range(3):
        sign(world, hours)
    shown = [
        heads(world, key) for key in (f"{PRISON}/custodian", f"{POLICE}/custodian", f"{NORTH}/desk", f"{STATISTICS}/statistician", OPERATOR)
    ]
    assert len(shown[0]) == 3
    assert all(item == shown[0] for item in shown)
    assert heads(world, after=shown[0][0]["body"]["at"]) == shown[0][1:]


def test_a_head_shows_no_size_of_what_was_released(world):
    sign(world)
    mint(world)
    sign(world, 1)
    before, after = (item["body"] for item in heads(world))
    assert before["submissions"] == after["submissions"]
    assert before["releases"] != after["releases"]
    with Session(world.store) as session:
        again, _ = head_of(session, before["at"], None)
    assert again.releases not in (before["releases"], after["releases"])  # by random bytes: nobody tells that nothing was released


def test_a_proof_of_releases_is_for_a_desk_about_its_own_authority_alone(world):
    mint(world)
    sign(world)
    proof = world.send(f"{NORTH}/desk", "GET", f"/v1/rounds/{ROUND}/proof").json()
    other = world.send(f"{SOUTH}/desk", "GET", f"/v1/rounds/{ROUND}/proof").json()
    own = {item["envelope_id"] for item in world.send(f"{NORTH}/desk", "GET", f"/v1/rounds/{ROUND}/envelopes").json()["envelopes"]}
    assert proof["batches"][0]["envelopes"].keys() == own
    assert not own & other["batches"][0]["envelopes"].keys()
    for key in (f"{PRISON}/custodian", f"{POLICE}/custodian", f"{NORTH}/custodian", OPERATOR, f"{STATISTICS}/statistician"):
        assert world.send(key, "GET", f"/v1/rounds/{ROUND}/proof").status_code == 403


def test_what_no_head_covers_yet_is_to_be_asked_again(world):
    refused = world.send(f"{NORTH}/desk", "GET", f"/v1/rounds/{ROUND}/proof")
    assert refused.status_code == 409
    assert "verify again after the next" in refused.json()["detail"]
    sign(world)
    mint(world)
    assert world.send(f"{NORTH}/desk", "GET", f"/v1/rounds/{ROUND}/proof").status_code == 409
    sign(world, 1)
    assert world.send(f"{NORTH}/desk", "GET", f"/v1/rounds/{ROUND}/proof").is_success


def test_an_acceptance_is_proven_to_its_sender_alone(world):
    sender, contents = Sender(world), parts_of()
    document = world.sign(sender.key_id, "submission/1", sender.manifest(contents))
    place = f"/v1/rounds/{ROUND}/submissions/{SignedDocument.model_validate(document).digest}"
    assert world.send(sender.key_id, "PUT", place, document).is_success
    sign(world)
    assert world.send(sender.key_id, "GET", f"{place}/proof").status_code == 409
    digest, receipt = sender.submit(contents)
    sign(world, 1)
    accepted_at = read_receipt(receipt.content)[1].accepted_at
    proof = SubmissionProof.model_validate(world.send(sender.key_id, "GET", f"{place}/proof").json())
    log, leaf = proof.head.body["submissions"], submission_leaf(ROUND, PRISON, digest, accepted_at)
    assert is_under(log["root"], leaf, index=proof.place.index, size=log["size"], path=proof.place.path)
    assert world.send(f"{POLICE}/custodian", "GET", f"{place}/proof").status_code == 404


def test_every_authority_has_one_leaf_in_each_release(world):
    mint(world)
    mint(world, 24)
    with Session(world.store) as session:
        assert len(release_leaves(session)) == len(set(release_leaves(session))) == 4
        assert submission_leaves(session) == []


def test_the_service_verifies_its_whole_log(world):
    mint(world)
    sign(world)
    mint(world, 24)
    sign(world, 25)
    found = verify_log(world.store, world.settings, world.app.state.service.agreed)
    assert (found.heads, found.batches) == (2, 4)


def altered(world, statement):
    with world.store.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE envelope SET sealed = substr(sealed, 2)", "envelopes: those of round"),
        ("DELETE FROM envelope WHERE envelope_id = (SELECT min(envelope_id) FROM envelope)", "envelopes: those of round"),
        ("UPDATE envelope SET minted_at = '2020-01-01T00:00:00Z'", "envelopes: those of round"),
    ],
)
def test_an_altered_envelope_is_found(world, statement, said):
    mint(world)
    sign(world)
    altered(world, statement)
    with pytest.raises(AlarmError, match=said):
        verify_log(world.store, world.settings, world.app.state.service.agreed)


def test_a_head_of_another_past_is_found_even_where_the_chain_is_made_anew(world):
    """Somebody who can write to the log makes its chain hold again; the heads that were signed before do not."""
    mint(world)
    sign(world)
    rewrite(world, MINTED, lambda event: {**event, "detail": {"batches": dict.fromkeys(event["detail"]["batches"], GENESIS)}})
    with pytest.raises(AlarmError, match="heads: that of entry"):
        verify_log(world.store, world.settings, world.app.state.service.agreed)


def rewrite(world, kind, change):
    """Write the whole log anew in the copy of a fresh database, events of one kind changed, every hash right."""
    from linkage.store.models import AuditEntry

    with Session(world.store) as session, session.begin():
        rows = [(row.seq, dict(row.event)) for row in session.query(AuditEntry).order_by(AuditEntry.seq)]
        drop_triggers(session)
        previous = GENESIS
        for seq, event in rows:
            made = AuditEvent.model_validate(change(event) if event["kind"] == kind else event)
            previous = chain(previous, made)
            row = session.get_one(AuditEntry, seq)
            row.event, row.hash = made.model_dump(), previous


def drop_triggers(session):
    if session.get_bind().dialect.name == "sqlite":
        for (name,) in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'")).all():
            session.execute(text(f"DROP TRIGGER {name}"))
    else:
        session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))


def test_a_head_that_was_cut_out_is_missed(world):
    for hours in range(3):
        sign(world, hours)
    with Session(world.store) as session, session.begin():
        append(session, AuditEvent(kind="head-signed", round_id="", actor="x", at="2030-01-01T00:00:00Z", detail=_first_detail(session)))
    with pytest.raises(AlarmError, match="heads: one does not follow"):
        verify_log(world.store, world.settings, world.app.state.service.agreed)


def _first_detail(session):
    return events(session, "head-signed")[0]["detail"]
