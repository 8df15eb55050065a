"""The service's rounds over its API, on both databases: opening, seeing, approving, releasing, redeeming."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyarrow as pa
import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from linkage.inbox.vault import Vault
from linkage.rounds import advance, close_due
from linkage.states import State
from linkage.store.audit import broken_at
from linkage.store.models import Finding, Round
from linkage.worker import LINKS, LINKS_BLOB
from schemas.audit import AuditEvent, first_break
from schemas.encoding_set import write_table
from schemas.roster import Role, identity_of
from schemas.signature import SignedDocument, check_signed_by
from schemas.token import TokenBody, envelope_id, read_token, token_context
from tests.integration.service_world import (
    ENVELOPES,
    HOLDER,
    NORTH,
    NOW,
    PRISON,
    ROUND,
    SERVICE,
    SOUTH,
    STATISTICS,
    Sender,
    World,
    b64,
    make_world,
    parts_of,
    refusal,
    text,
)

OPERATOR, OTHER_OPERATOR = f"{SERVICE}/operator-1", f"{SERVICE}/operator-2"
CHILD = "c" * 32
RELEASED = {"state": "released", "waiting": 0}


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    yield made
    made.store.dispose()


def released(world: World) -> None:
    world.open_round()
    digest = world.set_findings([(NORTH, CHILD), (SOUTH, "d" * 32)])
    world.approve(1, digest)
    world.approve(2, digest)
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == RELEASED


def token_of(world: World, authority: str) -> str:
    return next(body for body in tokens_of(world, authority) if not body.is_dummy).token


def tokens_of(world: World, authority: str) -> list[TokenBody]:
    digest = world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}").json()["round_digest"]
    key, context = world.agreements.sealing[f"{authority}/desk"], token_context(digest, authority)
    return [read_token(key.open(item.sealed, context)) for item in world.envelopes() if item.authority == authority]


def test_a_round_opens_once_and_the_same_manifest_changes_nothing(world):
    first, before = world.open_round(), None
    before = world.snapshot()
    again = world.open_round()
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["state"] == "open"
    assert world.snapshot() == before


OTHER_MANIFESTS = [
    ({"roster_digest": "0" * 64}, "names roster 000000000000, the service has"),
    ({"agreement_digest": "0" * 64}, "names agreement 000000000000, the service has"),
    ({"scope": "elsewhere"}, "purpose or scope"),
    ({"closes_at": text(NOW - timedelta(days=1))}, "closes before it opens"),
    ({"opens_at": "tomorrow"}, "malformed at opens_at"),
]


def test_a_round_of_another_agreement_is_refused(world):
    before = world.snapshot()
    for changes, detail in OTHER_MANIFESTS:
        assert detail in refusal(world.open_round(**changes), 422, "AgreementError")
    assert world.snapshot() == before


def test_another_round_of_the_same_name_is_refused(world):
    world.open_round()
    response = world.open_round(closes_at=text(NOW + timedelta(days=8)))
    assert (response.status_code, response.json()["title"]) == (409, "RoundError")


def test_an_unknown_round_is_not_found(world):
    response = world.send(OPERATOR, "GET", "/v1/rounds/nowhere")
    assert (response.status_code, response.json()["title"]) == (404, "RoundError")


def test_what_everyone_else_sees_of_a_round_is_the_same_bytes_whatever_a_search_found(world):
    world.open_round()
    Sender(world).submit(parts_of())
    world.post(OPERATOR, f"/v1/rounds/{ROUND}/close")
    others = [f"{PRISON}/custodian", f"{NORTH}/custodian", f"{NORTH}/desk", f"{HOLDER}/key-holder", f"{STATISTICS}/statistician"]
    paths = [f"/v1/rounds/{ROUND}", "/v1/rounds"]

    def seen() -> list[tuple[bytes, list[tuple[str, str]]]]:
        answers = [world.send(key_id, "GET", path) for key_id in others for path in paths]
        return [(answer.content, sorted(answer.headers.items())) for answer in answers]

    closed = seen()
    digest = world.set_findings([])
    assert seen() == closed
    world.set_findings([(NORTH, CHILD)])
    assert seen() == closed
    assert set(world.send(others[0], "GET", paths[0]).json()) == {"round_id", "round_digest", "manifest", "state"}
    assert digest.encode() not in b"".join(content for content, _ in closed)


def test_a_custodian_is_refused_in_the_same_words_whatever_a_search_found(world):
    world.open_round()
    sender = Sender(world)
    world.post(OPERATOR, f"/v1/rounds/{ROUND}/close")
    closed = sender.announce(sender.manifest(parts_of())).content
    world.set_findings([(NORTH, CHILD)])
    assert sender.announce(sender.manifest(parts_of())).content == closed


def test_operators_see_who_is_missing_and_counts_in_tens(world):
    world.open_round()
    assert world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}").json()["counts"] == dict.fromkeys(
        ("pairs", "opened", "findings", "releasable", "review")
    )
    Sender(world).submit(parts_of())
    world.set_findings([(NORTH, CHILD)])
    seen = world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}").json()
    assert seen["accepted"] == [PRISON]
    assert NORTH in seen["missing"]
    assert seen["counts"] == {"pairs": 50, "opened": None, "findings": 10, "releasable": 10, "review": 0}
    assert seen["state"] == "awaiting-approval"


def test_closing_twice_is_one_closing(world):
    world.open_round()
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/close").json() == {"state": "closed"}
    before = world.snapshot()
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/close").json() == {"state": "closed"}
    assert world.snapshot() == before


def test_a_share_reaches_its_recipient_alone_and_does_not_change(world):
    world.open_round()
    path = f"/v1/rounds/{ROUND}/shares/{PRISON}"
    assert world.send(f"{HOLDER}/key-holder", "PUT", path, {"sealed": b64(b"share")}).status_code == 200
    assert world.send(f"{HOLDER}/key-holder", "PUT", path, {"sealed": b64(b"share")}).status_code == 200
    assert world.send(f"{HOLDER}/key-holder", "PUT", path, {"sealed": b64(b"other")}).status_code == 409
    mine = world.send(f"{PRISON}/custodian", "GET", f"/v1/rounds/{ROUND}/shares").json()
    assert [(item["holder"], base64.b64decode(item["sealed"])) for item in mine["shares"]] == [(HOLDER, b"share")]
    assert world.send(f"{NORTH}/custodian", "GET", f"/v1/rounds/{ROUND}/shares").json() == {"shares": []}


def test_a_malformed_share_is_refused(world):
    world.open_round()
    path = f"/v1/rounds/{ROUND}/shares/"
    for body in ({"sealed": "?"}, {"sealed": ""}, {}, {"sealed": b64(bytes(9000))}):
        refusal(world.send(f"{HOLDER}/key-holder", "PUT", path + PRISON, body), 422, "SubmissionError")
    refusal(world.send(f"{HOLDER}/key-holder", "PUT", path + STATISTICS, {"sealed": b64(b"share")}), 422, "SubmissionError")


def test_a_release_needs_two_operators_and_one_of_them_twice_is_one(world):
    world.open_round()
    digest = world.set_findings([(NORTH, CHILD)])
    assert world.approve(1, digest).json() == {"approvals": 1, "needed": 2}
    assert world.approve(1, digest).json() == {"approvals": 1, "needed": 2}
    refused = world.post(OPERATOR, f"/v1/rounds/{ROUND}/release")
    assert (refused.status_code, refused.json()["title"]) == (403, "NotPermittedError")
    assert "1 of 2" in refused.json()["detail"]
    assert world.envelopes() == []
    assert world.approve(2, digest).json() == {"approvals": 2, "needed": 2}
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == RELEASED
    before = world.snapshot()
    assert world.post(OTHER_OPERATOR, f"/v1/rounds/{ROUND}/release").json() == RELEASED
    assert world.snapshot() == before


def test_an_approval_of_other_findings_does_not_count(world):
    world.open_round()
    first = world.set_findings([(NORTH, CHILD)])
    world.approve(1, first)
    second = world.set_findings([(SOUTH, CHILD)])
    assert world.approve(2, first).status_code == 409
    assert world.approve(2, second).json() == {"approvals": 1, "needed": 2}
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").status_code == 403


def test_an_approval_that_somebody_wrote_into_the_database_does_not_count(world):
    world.open_round()
    digest = world.set_findings([(NORTH, CHILD)])
    world.approve(1, digest)
    with world.store.begin() as connection:
        connection.execute(sql(f"INSERT INTO approval SELECT round_id, '{OTHER_OPERATOR}', findings_digest, document FROM approval"))
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").status_code == 403


def test_an_operator_cannot_approve_in_anothers_name(world):
    world.open_round()
    body = {"round_id": ROUND, "findings_digest": world.set_findings([]), "action": "release"}
    document = world.sign(OTHER_OPERATOR, "approval/1", body)
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/approvals", document).status_code == 401


def test_a_round_that_awaits_nothing_is_neither_approved_nor_released(world):
    world.open_round()
    assert world.approve(1, "0" * 64).status_code == 409
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").status_code == 409


def test_a_desk_collects_its_own_envelopes_after_release_only(world):
    world.open_round()
    desk = f"{NORTH}/desk"
    assert world.send(desk, "GET", f"/v1/rounds/{ROUND}/envelopes").json() == {"envelopes": []}
    digest = world.set_findings([(NORTH, CHILD), (SOUTH, "d" * 32)])
    world.approve(1, digest)
    world.approve(2, digest)
    world.post(OPERATOR, f"/v1/rounds/{ROUND}/release")
    mine = world.send(desk, "GET", f"/v1/rounds/{ROUND}/envelopes").json()["envelopes"][0]
    sealed = world.send(desk, "GET", f"/v1/rounds/{ROUND}/envelopes/{mine['envelope_id']}")
    assert len(sealed.content) == mine["size"]
    assert sealed.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("found", [0, 1, ENVELOPES])
def test_every_authority_gets_equally_many_envelopes_of_one_size_whatever_was_found(world, found):
    world.open_round()
    digest = world.set_findings([(NORTH, f"{number:032x}") for number in range(1, found + 1)])
    world.approve(1, digest)
    world.approve(2, digest)
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == RELEASED
    listed = {name: world.send(f"{name}/desk", "GET", f"/v1/rounds/{ROUND}/envelopes").json()["envelopes"] for name in (NORTH, SOUTH)}
    assert {name: len(items) for name, items in listed.items()} == {NORTH: ENVELOPES, SOUTH: ENVELOPES}
    assert len({item["size"] for items in listed.values() for item in items}) == 1
    assert sum(not body.is_dummy for body in tokens_of(world, NORTH)) == found
    assert all(body.is_dummy for body in tokens_of(world, SOUTH))
    shown = world.send(OPERATOR, "GET", "/v1/audit").json()["events"][-2:]
    assert NORTH not in repr(shown)


def test_a_dummy_is_redeemed_as_any_other(world):
    released(world)
    body = next(body for body in tokens_of(world, NORTH) if body.is_dummy)
    assert world.post(f"{NORTH}/desk", "/v1/tokens/redeem", {"token": body.token}).json()["redeemed"] is True
    assert world.post(f"{NORTH}/desk", "/v1/tokens/redeem", {"token": body.token}).status_code == 409


def test_what_is_over_waits_a_day_and_the_surest_go_first(world):
    world.open_round()
    children = [f"{number:032x}" for number in range(1, ENVELOPES + 2)]
    digest = world.set_findings([(NORTH, child) for child in children])
    with Session(world.store) as session, session.begin():
        session.get_one(Finding, (ROUND, NORTH, children[-1])).weight_centibits = 2_000
    world.approve(1, digest)
    world.approve(2, digest)
    first = world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json()
    assert first == {"state": "released", "waiting": 10}
    assert {body.child for body in tokens_of(world, NORTH)} == {children[-1], *children[: ENVELOPES - 1]}
    world.now = NOW + timedelta(hours=23)
    before = world.snapshot()
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == first
    assert world.snapshot() == before
    world.now = NOW + timedelta(hours=24)
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == RELEASED
    assert {body.child for body in tokens_of(world, NORTH) if not body.is_dummy} == {*children}
    assert len(tokens_of(world, NORTH)) == len(tokens_of(world, SOUTH)) == 2 * ENVELOPES
    world.now = NOW + timedelta(days=3)
    after = world.snapshot()
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == RELEASED
    assert world.snapshot() == after


def passing_on(world):
    """Release a child of the north whom the south knows too, and is on stand-by for; return the envelope of the north."""
    world.open_round()
    digest = world.set_findings([(NORTH, CHILD)])
    first = envelope_id(ROUND, NORTH, CHILD)
    with Session(world.store) as session, session.begin():
        session.add(
            Finding(
                round_id=ROUND, authority=SOUTH, child="d" * 32, weight_centibits=900, grade="B", decision="stand-by", stands_by_for=first
            )
        )
    world.approve(1, digest)
    world.approve(2, digest)
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == RELEASED
    return first


def acknowledge(world, became, desk=f"{NORTH}/desk"):
    return world.post(desk, f"/v1/rounds/{ROUND}/acknowledgements", {"envelopes": became})


def passed_on(world, after):
    """Release again some days later; return whether the south got a token of the child, and check that nobody can see it by a number."""
    world.now = NOW + timedelta(days=after)
    answer = world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json()
    assert answer == RELEASED
    assert len(tokens_of(world, NORTH)) == len(tokens_of(world, SOUTH))
    children = [body.child for body in tokens_of(world, SOUTH) if not body.is_dummy]
    assert children in ([], ["d" * 32])
    return bool(children)


@pytest.mark.parametrize(
    ("became", "days", "goes_on"), [(None, 4, False), (None, 5, True), ("waits", 5, True), ("keeps", 27, False), ("moved", 1, True)]
)
def test_a_child_who_moved_or_whom_nobody_acknowledged_in_time_is_passed_on_once(world, became, days, goes_on):
    first = passing_on(world)
    if became is not None:
        assert acknowledge(world, {first: became}).json() == {"acknowledged": True}
    assert passed_on(world, days) is goes_on
    assert passed_on(world, days + goes_on) is goes_on  # a day later, when it could be minted again, there is one token still


def test_who_acknowledges_late_but_before_the_next_release_keeps_the_child(world):
    first = passing_on(world)
    world.now = NOW + timedelta(days=6)
    acknowledge(world, {first: "keeps"})
    assert not passed_on(world, 6)


def test_a_child_who_moved_stays_moved_and_the_same_words_again_change_nothing(world):
    first = passing_on(world)
    acknowledge(world, {first: "moved"})
    before = world.snapshot()
    acknowledge(world, {first: "keeps"})
    acknowledge(world, {first: "moved"})
    assert world.snapshot() == before


@pytest.mark.parametrize(
    ("body", "status", "title"),
    [
        ({"envelopes": {"0" * 64: "keeps"}}, 404, "NotPermittedError"),
        ({"envelopes": {"0" * 64: "elsewhere"}}, 422, "SubmissionError"),
        ({"envelopes": []}, 422, "SubmissionError"),
        ({"envelopes": {}, "reason": "refuge"}, 422, "SubmissionError"),
    ],
)
def test_an_acknowledgement_of_nothing_that_there_is_changes_nothing(world, body, status, title):
    first = passing_on(world)
    before = world.snapshot()
    if "0" * 64 in body["envelopes"]:
        body = {"envelopes": {first: "moved", **body["envelopes"]}}
    refusal(world.post(f"{NORTH}/desk", f"/v1/rounds/{ROUND}/acknowledgements", body), status, title)
    assert world.snapshot() == before


def test_nobody_speaks_for_another_authoritys_envelope(world):
    first = passing_on(world)
    before = world.snapshot()
    refusal(acknowledge(world, {first: "moved"}, f"{SOUTH}/desk"), 403, "NotPermittedError")
    assert world.snapshot() == before


def test_another_authoritys_envelope_is_refused(world):
    released(world)
    other = next(item for item in world.envelopes() if item.authority == SOUTH)
    response = world.send(f"{NORTH}/desk", "GET", f"/v1/rounds/{ROUND}/envelopes/{other.envelope_id}")
    assert (response.status_code, response.json()["title"]) == (403, "NotPermittedError")
    assert response.json()["detail"].startswith("envelope is sealed to another authority")
    assert world.send(f"{NORTH}/desk", "GET", f"/v1/rounds/{ROUND}/envelopes/{'0' * 64}").status_code == 404


def test_a_token_is_redeemed_once_by_its_own_authority(world):
    released(world)
    body = {"token": token_of(world, NORTH)}
    refused = world.post(f"{SOUTH}/desk", "/v1/tokens/redeem", body)
    assert (refused.status_code, refused.json()["title"]) == (403, "NotPermittedError")
    first = world.post(f"{NORTH}/desk", "/v1/tokens/redeem", body)
    assert first.json()["redeemed"] is True
    before = world.snapshot()
    second = world.post(f"{NORTH}/desk", "/v1/tokens/redeem", body)
    assert (second.status_code, second.json()["title"]) == (409, "TokenError")
    assert f"already redeemed on {text(world.now)}" in second.json()["detail"]
    assert world.snapshot() == before


def test_an_unknown_malformed_or_expired_token_is_refused(world):
    released(world)
    desk = f"{NORTH}/desk"
    assert world.post(desk, "/v1/tokens/redeem", {"token": "0" * 64}).status_code == 404
    assert world.post(desk, "/v1/tokens/redeem", {"token": "xyz"}).status_code == 409
    body = {"token": token_of(world, NORTH)}
    world.now = NOW + timedelta(days=29)
    late = world.post(desk, "/v1/tokens/redeem", body)
    assert (late.status_code, late.json()["title"]) == (409, "TokenError")
    assert "expired" in late.json()["detail"]


def test_of_two_desks_that_redeem_one_token_at_once_one_succeeds(world):
    released(world)
    body = {"token": token_of(world, NORTH)}
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: world.post(f"{NORTH}/desk", "/v1/tokens/redeem", body).status_code, range(4)))
    assert sorted(answers) == [200, 409, 409, 409]


def test_the_service_keeps_no_token(world):
    released(world)
    token = token_of(world, NORTH)
    assert token not in repr(world.snapshot())
    assert repr(bytes.fromhex(token)) not in repr(world.snapshot())


def test_a_table_before_findings_is_refused(world):
    world.open_round()
    response = world.post(f"{STATISTICS}/statistician", f"/v1/rounds/{ROUND}/tables", {})
    assert (response.status_code, response.json()["title"]) == (409, "RoundError")


def test_a_table_is_signed_by_the_service_and_is_the_same_bytes_ever_after(world):
    world.open_round()
    world.set_findings([(NORTH, CHILD)])
    with Session(world.store) as session:
        links = pa.table([[b"p" * 16], [b"c" * 16], [NORTH], [0]], schema=LINKS)
        Vault(world.settings, session.get_one(Round, ROUND)).write_blob(LINKS_BLOB, write_table(links))
    answers = [world.post(f"{STATISTICS}/statistician", f"/v1/rounds/{ROUND}/tables", {}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    service = identity_of(world.agreements.agreed.roster.service(), Role.SERVICE)
    check_signed_by(SignedDocument.model_validate(answers[0].json()), "table/1", service.key_id, service.signing_key)


def test_what_was_changed_before_a_step_is_kept_by_it(world):
    world.open_round()
    event = AuditEvent(kind="tested", round_id=ROUND, actor="worker", at=text(NOW))
    with Session(world.store) as session, session.begin():
        session.get_one(Round, ROUND).counts = {"pairs": 10}
        advance(session, ROUND, State.CLOSED, event)
    with Session(world.store) as session:
        round_ = session.get_one(Round, ROUND)
        assert (round_.state, round_.counts) == ("closed", {"pairs": 10})


def test_the_audit_log_is_a_chain_that_operators_can_check(world):
    released(world)
    events = world.send(OPERATOR, "GET", "/v1/audit").json()["events"]
    assert [item["event"]["kind"] for item in events][:1] == ["round-opened"]
    assert first_break((AuditEvent.model_validate(item["event"]), item["hash"]) for item in events) is None
    assert world.send(OPERATOR, "GET", f"/v1/audit?after={events[-2]['seq']}").json()["events"] == events[-1:]
    with Session(world.store) as session:
        assert broken_at(session) is None


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET hash = 'x'", "DELETE FROM audit_entry"])
def test_the_audit_log_is_append_only(world, statement):
    assert world.open_round().is_success
    with pytest.raises(DBAPIError, match="append-only"), world.store.begin() as connection:
        connection.execute(sql(statement))


def closing(world):
    service = world.app.state.service
    return close_due(world.store, service.agreed, actor=service.signer.key_id, now=world.now)


def last_event(world):
    return world.send(OPERATOR, "GET", "/v1/audit?after=0").json()["events"][-1]["event"]


def test_a_round_closes_on_time_without_those_who_are_late_and_says_with_how_many(world):
    world.open_round()
    assert Sender(world).submit(parts_of())[1].status_code == 200
    world.now = NOW + timedelta(days=7, seconds=-1)
    assert closing(world) == []
    world.now = NOW + timedelta(days=7)
    assert (closing(world), closing(world)) == ([ROUND], [])
    status = world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}").json()
    assert (status["state"], status["coverage"], status["accepted"]) == ("closed", {"custodians": 4, "accepted": 1}, [PRISON])
    event = last_event(world)
    assert (event["kind"], event["detail"]) == ("round-closed", status["coverage"])


def test_a_cancelled_round_goes_no_further_and_says_why(world):
    world.open_round()
    cancelled = f"/v1/rounds/{ROUND}/cancel"
    assert "too-few-submissions" in refusal(world.post(OPERATOR, cancelled, {"reason": "they asked, and named a child"}), 409, "RoundError")
    for key_id in (OPERATOR, OTHER_OPERATOR):
        assert world.post(key_id, cancelled, {"reason": "key-lost"}).json() == {"state": "cancelled"}
    assert (last_event(world)["kind"], last_event(world)["detail"]) == ("round-cancelled", {"reason": "key-lost"})
    world.now = NOW + timedelta(days=8)
    assert closing(world) == []
    refusal(world.post(OPERATOR, f"/v1/rounds/{ROUND}/waves/1"), 409, "RoundError")
    refusal(world.post(OPERATOR, f"/v1/rounds/{ROUND}/release"), 409, "RoundError")
    assert world.send(f"{PRISON}/custodian", "GET", f"/v1/rounds/{ROUND}").json()["state"] == "closed"


def test_a_released_round_cannot_be_cancelled(world):
    released(world)
    refusal(world.post(OPERATOR, f"/v1/rounds/{ROUND}/cancel", {"reason": "key-lost"}), 409, "RoundError")
    assert world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}").json()["state"] == "released"
