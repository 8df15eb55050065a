"""Submissions over the service's API, on both databases: what is refused, and what a custodian gets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.canonical import digest_of
from schemas.encoding_set import CHUNK_BYTES, CONTEXT
from schemas.receipt import CONTEXT as RECEIPT_CONTEXT
from schemas.receipt import RECEIPT_BYTES, read_receipt
from schemas.roster import Kind, Role, identity_of
from schemas.signature import check_signed_by
from tests.integration.service_world import (
    NORTH,
    NOW,
    POLICE,
    PRISON,
    ROUND,
    SERVICE,
    Sender,
    make_world,
    parts_of,
    random_bytes,
    refusal,
    table_of,
)


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    made.open_round()
    yield made
    made.store.dispose()


def test_an_accepted_submission_is_answered_by_a_receipt_of_fixed_size_the_same_ever_after(world):
    sender = Sender(world)
    digest, response = sender.submit(parts_of())
    assert response.status_code == 200, response.text
    document, receipt = read_receipt(response.content)
    service = identity_of(world.agreements.agreed.roster.service(), Role.SERVICE)
    check_signed_by(document, RECEIPT_CONTEXT, service.key_id, service.signing_key)
    assert (receipt.submission, receipt.organisation, len(response.content)) == (digest, PRISON, RECEIPT_BYTES)
    world.now += timedelta(days=30)
    assert sender.accept(digest).content == response.content
    seen = world.send(sender.key_id, "GET", f"/v1/rounds/{ROUND}/submissions/{digest}").json()
    assert seen == {"state": "accepted", "missing": {}}


def test_missing_chunks_are_named_and_a_submission_without_them_is_not_accepted(world):
    sender, parts = Sender(world), parts_of()
    body = sender.manifest(parts)
    assert sender.announce(body).json() == {"state": "receiving", "missing": {name: [0] for name in parts}}
    sender.put_chunk(digest_of(body), "adults.A.slots.police.arrow", 0, parts["adults.A.slots.police.arrow"])
    assert "adults.A.slots.police.arrow" not in sender.announce(body).json()["missing"]
    assert f"{len(parts) - 1} chunk(s) are missing" in refusal(sender.accept(digest_of(body)), 422, "SubmissionError")


def test_a_chunk_again_is_fine_and_other_bytes_are_a_conflict(world):
    sender, parts = Sender(world), parts_of()
    body = sender.manifest(parts)
    sender.announce(body)
    place = (digest_of(body), "adults.A.slots.police.arrow", 0)
    assert sender.put_chunk(*place, parts["adults.A.slots.police.arrow"]).status_code == 204
    before = world.snapshot()
    assert sender.put_chunk(*place, parts["adults.A.slots.police.arrow"]).status_code == 204
    refusal(sender.put_chunk(*place, bytes(len(parts["adults.A.slots.police.arrow"]))), 409, "SubmissionError")
    assert world.snapshot() == before


OTHER_CHUNKS = [
    ("adults.A.slots.police.arrow/chunks/0", 422, "want"),
    ("adults.A.slots.police.arrow/chunks/1", 422, "counted from 0"),
    ("adults.A.slots.police.arrow/chunks/-1", 422, "a parameter is malformed"),
    ("adults.A.slots.police.arrow/chunks/first", 422, "a parameter is malformed"),
    ("elsewhere.arrow/chunks/0", 422, "no part of that name"),
    ("..%2F..%2Fsettings.json/chunks/0", 404, "no such address"),
]


def test_a_chunk_that_the_manifest_does_not_name_is_refused(world):
    sender = Sender(world)
    body = sender.manifest(parts_of())
    sender.announce(body)
    before = world.snapshot()
    for place, status, detail in OTHER_CHUNKS:
        response = world.send(sender.key_id, "PUT", f"/v1/rounds/{ROUND}/submissions/{digest_of(body)}/parts/{place}", b"short")
        assert response.status_code == status
        assert detail in response.json()["detail"]
    assert world.snapshot() == before


@pytest.mark.slow
def test_large_parts_travel_in_chunks(world):
    rows = 3
    sender = Sender(world)
    canaries = table_of(
        "canaries.arrow",
        {"label": [f"adults.A.{row}" for row in range(40_000)], "clk": [random_bytes(128, str(row)) for row in range(40_000)]},
    )
    parts = parts_of(rows=rows) | {"canaries.arrow": canaries}
    body = sender.manifest(parts)
    next(part for part in body["parts"] if part["name"] == "canaries.arrow")["rows"] = 40_000
    assert sender.announce(body).json()["missing"]["canaries.arrow"] == [0, 1]
    digest = digest_of(body)
    assert sender.put_chunk(digest, "canaries.arrow", 1, canaries[CHUNK_BYTES:]).status_code == 204
    assert sender.announce(body).json()["missing"]["canaries.arrow"] == [0]
    sender.put_parts(digest, parts)
    assert sender.accept(digest).status_code == 200


@pytest.mark.slow
def test_a_later_submission_supersedes_and_the_older_parts_are_destroyed(world):
    sender = Sender(world)
    first, _ = sender.submit(parts_of("one"))
    second, response = sender.submit(parts_of("two"))
    assert response.status_code == 200
    vault = world.settings.path("vault", ROUND, PRISON)
    assert [item.name for item in vault.iterdir()] == [second]
    seen = world.send(sender.key_id, "GET", f"/v1/rounds/{ROUND}/submissions/{first}").json()
    assert seen["state"] == "superseded"
    back, response = sender.submit(parts_of("one"))
    assert (back, response.status_code) == (first, 200)
    assert [item.name for item in vault.iterdir()] == [first]


def test_parts_lie_encrypted_in_files_of_the_owner_alone(world):
    parts = parts_of()
    Sender(world).submit(parts)
    files = [file for file in world.settings.path("vault").rglob("*") if file.is_file()]
    assert len(files) == len(parts)
    assert not any(content[:64] in file.read_bytes() for file in files for content in parts.values())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_manifest_of_another_round_is_refused(world):
    sender = Sender(world)
    before = world.snapshot()
    for changes in (
        {"round_id": "round-2"},
        {"round_digest": "0" * 64},
        {"organisation": NORTH},
        {"quarantined_per_mille": 51},
        {"parts": []},
    ):
        refusal(sender.announce(sender.manifest(parts_of(), **changes)), 422, "SubmissionError")
    assert world.snapshot() == before


def test_a_manifest_signed_by_another_or_for_another_purpose_is_refused(world):
    sender = Sender(world)
    before = world.snapshot()
    refusal(sender.announce(sender.manifest(parts_of()), signed_by=f"{NORTH}/custodian"), 401, "AuthenticationError")
    refusal(sender.announce(sender.manifest(parts_of()), context="round/1"), 401, "AuthenticationError")
    assert world.snapshot() == before


def test_a_manifest_with_one_signature_is_refused_where_two_were_agreed(world):
    service = world.app.state.service
    agreement = service.agreed.agreement.model_copy(update={"manifest_signatures": 2})
    world.app.state.service = replace(service, agreed=replace(service.agreed, agreement=agreement))
    sender = Sender(world)
    body = sender.manifest(parts_of())
    before = world.snapshot()
    assert "signature of data-protection" in refusal(sender.announce(body), 401, "AuthenticationError")
    assert world.snapshot() == before
    document = world.sign(sender.key_id, CONTEXT, body)
    second = world.sign(f"{PRISON}/data-protection", CONTEXT, body)
    document["signatures"] += second["signatures"]
    answer = world.send(sender.key_id, "PUT", f"/v1/rounds/{ROUND}/submissions/{digest_of(body)}", document)
    assert answer.status_code == 200, answer.text


def test_a_body_that_is_no_document_is_refused(world):
    for content in (b"", b"{", b"[]", b'{"body": 1}', b'\xff\xfe{"a":1}'):
        response = world.send(f"{PRISON}/custodian", "PUT", f"/v1/rounds/{ROUND}/submissions/{'0' * 64}", content)
        refusal(response, 422, "SubmissionError")


def test_a_manifest_under_another_address_is_refused(world):
    sender = Sender(world)
    document = world.sign(sender.key_id, "submission/1", sender.manifest(parts_of()))
    response = world.send(sender.key_id, "PUT", f"/v1/rounds/{ROUND}/submissions/{'0' * 64}", document)
    assert "digest is not the one in the address" in refusal(response, 422, "SubmissionError")


@pytest.mark.parametrize(("moved", "detail"), [(timedelta(hours=-2), "opens at"), (timedelta(days=7), "closed")])
def test_a_submission_outside_of_the_window_is_refused(world, moved, detail):
    sender, parts = Sender(world), parts_of()
    body = sender.manifest(parts)
    sender.announce(body)
    sender.put_parts(digest_of(body), {"adults.A.slots.police.arrow": parts["adults.A.slots.police.arrow"]})
    world.now = NOW + moved
    before = world.snapshot()
    assert detail in refusal(sender.announce(sender.manifest(parts_of("two"))), 409, "RoundError")
    refusal(sender.put_chunk(digest_of(body), "adults.A.arrow", 0, parts["adults.A.arrow"]), 409, "RoundError")
    refusal(sender.accept(digest_of(body)), 409, "RoundError")
    assert world.snapshot() == before


def test_a_closed_round_takes_nothing_more(world):
    sender = Sender(world)
    world.post(f"{SERVICE}/operator-1", f"/v1/rounds/{ROUND}/close")
    assert "closed" in refusal(sender.announce(sender.manifest(parts_of())), 409, "RoundError")


def test_bodies_over_their_limit_are_refused(world):
    sender = Sender(world)
    before = world.snapshot()
    submission = f"/v1/rounds/{ROUND}/submissions/{'0' * 64}"
    for path, size in ((submission, 64 * 1024), (f"{submission}/parts/adults.A.arrow/chunks/0", 8 * 1024 * 1024)):
        assert f"over {size} bytes" in refusal(world.send(sender.key_id, "PUT", path, bytes(size + 1)), 413, "SubmissionError")
    response = world.send(sender.key_id, "POST", f"{submission}/accept", bytes(256 * 1024 + 1))
    refusal(response, 413, "SubmissionError")
    assert world.snapshot() == before


def test_a_submission_with_a_bad_part_is_refused_whole(world):
    sender = Sender(world)
    sender.submit(parts_of("before"))
    parts = parts_of() | {"adults.A.slots.police.arrow": b"nothing of the kind"}
    body = sender.manifest(parts)
    sender.announce(body)
    sender.put_parts(digest_of(body), parts)
    before = world.snapshot()
    assert "part adults.A.slots.police.arrow: not a readable Arrow IPC file" in refusal(
        sender.accept(digest_of(body)), 422, "SubmissionError"
    )
    assert world.snapshot() == before


def test_a_party_whose_canaries_differ_is_refused(world):
    Sender(world).submit(parts_of())
    _, response = Sender(world, NORTH).submit(parts_of("north", canary="drifted", kind=Kind.LOCAL_AUTHORITY))
    assert "canaries.arrow: differs" in refusal(response, 422, "SubmissionError")
    _, response = Sender(world, POLICE).submit(parts_of("police", kind=Kind.POLICE))
    assert response.status_code == 200


def test_another_organisations_submission_is_as_unknown_as_one_that_is_not_there(world):
    digest, _ = Sender(world).submit(parts_of())
    path = f"/v1/rounds/{ROUND}/submissions/"
    theirs = world.send(f"{NORTH}/custodian", "GET", path + digest)
    absent = world.send(f"{NORTH}/custodian", "GET", path + "0" * 64)
    assert refusal(theirs, 404, "NotPermittedError") == refusal(absent, 404, "NotPermittedError")
    assert Sender(world, NORTH).put_chunk(digest, "adults.A.slots.police.arrow", 0, b"x").content == absent.content


def test_a_fault_says_nothing_of_itself(world, monkeypatch):
    from linkage.api import submissions

    def fail(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(submissions, "announce", fail)
    sender = Sender(world)
    response = sender.announce(sender.manifest(parts_of()))
    assert "secret" not in refusal(response, 500, "ServiceError")
