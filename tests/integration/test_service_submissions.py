"""Submissions over the service's API, on both databases: what is refused, and what a custodian gets."""

import hashlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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
    table_of,
)

from schemas.canonical import canonical_json, digest_of
from schemas.encoding_set import CHUNK_BYTES
from schemas.receipt import CONTEXT as RECEIPT_CONTEXT
from schemas.receipt import RECEIPT_BYTES, read_receipt
from schemas.roster import Role, identity_of
from schemas.signature import check_signed_by


@pytest.fixture
def world(tmp_path, database_url):
    made = make_world(tmp_path, database_url)
    made.open_round()
    yield made
    made.store.dispose()


def refusal(response: httpx.Response, status: int, title: str) -> str:
    problem = response.json()
    assert (response.status_code, problem["title"], problem["status"]) == (status, title, status), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert "\n" not in problem["detail"]
    return problem["detail"]


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
    sender.put_chunk(digest_of(body), "ties.arrow", 0, parts["ties.arrow"])
    assert "ties.arrow" not in sender.announce(body).json()["missing"]
    assert "10 chunk(s) are missing" in refusal(sender.accept(digest_of(body)), 422, "SubmissionError")


def test_a_chunk_again_is_fine_and_other_bytes_are_a_conflict(world):
    sender, parts = Sender(world), parts_of()
    body = sender.manifest(parts)
    sender.announce(body)
    place = (digest_of(body), "ties.arrow", 0)
    assert sender.put_chunk(*place, parts["ties.arrow"]).status_code == 204
    before = world.snapshot()
    assert sender.put_chunk(*place, parts["ties.arrow"]).status_code == 204
    refusal(sender.put_chunk(*place, bytes(len(parts["ties.arrow"]))), 409, "SubmissionError")
    assert world.snapshot() == before


@pytest.mark.parametrize(
    ("name", "index", "content", "status", "detail"),
    [
        ("ties.arrow", 0, b"short", 422, "want"),
        ("ties.arrow", 1, b"more", 422, "counted from 0"),
        ("ties.arrow", -1, b"more", 422, "counted from 0"),
        ("elsewhere.arrow", 0, b"x", 422, "no part of that name"),
        ("..%2F..%2Fsettings.json", 0, b"x", 404, "no such address"),
    ],
)
def test_a_chunk_that_the_manifest_does_not_name_is_refused(world, name, index, content, status, detail):
    sender = Sender(world)
    body = sender.manifest(parts_of())
    sender.announce(body)
    before = world.snapshot()
    response = sender.put_chunk(digest_of(body), name, index, content)
    assert response.status_code == status
    assert detail in response.json()["detail"]
    assert world.snapshot() == before


def test_large_parts_travel_in_chunks(world):
    rows = 3
    sender = Sender(world)
    canaries = table_of(
        "canaries.arrow", {"label": [f"adults.A.{row}" for row in range(40_000)], "clk": [random_bytes(128, str(row)) for row in range(40_000)]}
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


CHANGES = {
    "wrong round": ({"round_id": "round-2"}, "round_id is not this round's"),
    "wrong round digest": ({"round_digest": "0" * 64}, "round_digest is not this round's"),
    "other roster": ({"roster_digest": "0" * 64}, "roster_digest is not this round's"),
    "other agreement": ({"agreement_digest": "0" * 64}, "agreement_digest is not this round's"),
    "somebody else": ({"organisation": NORTH}, "organisation is not this round's"),
    "other normaliser": ({"normaliser": "kinlink-normaliser/0"}, "normaliser is not the agreed"),
    "other schemas": ({"schemas_digest": "0" * 64}, "linkage schemas are not the agreed"),
    "too many quarantined": ({"quarantined_per_mille": 51}, "more rows are quarantined"),
    "malformed": ({"parts": []}, "malformed at parts"),
    "unknown field": ({"extra": 1}, "malformed at extra"),
    "parts missing": ({"parts": [{"name": "ties.arrow", "rows": 0, "size": 1, "sha256": "0" * 64}]}, "is missing"),
}


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES.keys())
def test_a_manifest_that_does_not_belong_is_refused(world, case):
    changes, detail = case
    sender = Sender(world)
    before = world.snapshot()
    assert detail in refusal(sender.announce(sender.manifest(parts_of(), **changes)), 422, "SubmissionError")
    assert world.snapshot() == before


def test_a_manifest_signed_by_another_or_for_another_purpose_is_refused(world):
    sender = Sender(world)
    before = world.snapshot()
    refusal(sender.announce(sender.manifest(parts_of()), signed_by=f"{NORTH}/custodian"), 401, "AuthenticationError")
    refusal(sender.announce(sender.manifest(parts_of()), context="round/1"), 401, "AuthenticationError")
    assert world.snapshot() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"body": 1}', b'\xff\xfe{"a":1}'])
def test_a_body_that_is_no_document_is_refused(world, content):
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
    sender.put_parts(digest_of(body), {"ties.arrow": parts["ties.arrow"]})
    world.now = NOW + moved
    before = world.snapshot()
    assert detail in refusal(sender.announce(sender.manifest(parts_of("two"))), 409, "RoundError")
    refusal(sender.put_chunk(digest_of(body), "standings.arrow", 0, parts["standings.arrow"]), 409, "RoundError")
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
    for path, size in ((submission, 64 * 1024), (f"{submission}/parts/ties.arrow/chunks/0", 8 * 1024 * 1024)):
        assert f"over {size} bytes" in refusal(world.send(sender.key_id, "PUT", path, bytes(size + 1)), 413, "SubmissionError")
    response = world.send(sender.key_id, "POST", f"{submission}/accept", bytes(256 * 1024 + 1))
    refusal(response, 413, "SubmissionError")
    assert world.snapshot() == before


def _clk(index: int, row: bytes) -> bytes:
    filters = [random_bytes(128, str(number)) for number in range(3)]
    filters[index] = row
    return table_of("adults.A.arrow", {"pseudonym": [random_bytes(16, f"oneadults.A.arrow{row}") for row in range(3)], "clk": filters})


UNKNOWN = [bytes(16)] * 3
WHOLE = {
    "empty filter": ("adults.A.arrow", _clk(0, bytes(128)), "one is constant"),
    "full filter": ("adults.A.arrow", _clk(2, b"\xff" * 128), "one is constant"),
    "no Arrow file": ("adults.A.arrow", b"nothing of the kind", "not a readable Arrow IPC file"),
    "cut short": ("adults.A.arrow", _clk(0, b"a" * 128)[:-40], "not a readable Arrow IPC file"),
    "other columns": ("adults.A.arrow", table_of("canaries.arrow", {"label": ["a", "b", "c"], "clk": [b"a" * 128] * 3}), "columns are not"),
    "pseudonym twice": ("adults.A.arrow", table_of("adults.A.arrow", {"pseudonym": UNKNOWN, "clk": [b"a" * 128] * 3}), "a pseudonym stands twice"),
    "stray tie": ("ties.arrow", table_of("ties.arrow", {"adult": UNKNOWN, "child": UNKNOWN}), "an adult is not in this submission"),
    "stray standing": ("standings.arrow", table_of("standings.arrow", {"child": UNKNOWN, "standing": [1] * 3}), "a child is not in this"),
    "unknown standing": (
        "standings.arrow",
        table_of("standings.arrow", {"child": [random_bytes(16, f"onechildren{row}") for row in range(3)], "standing": [9] * 3}),
        "a standing is not a known one",
    ),
    "joined twice": (
        "adults.joins.arrow",
        table_of("adults.joins.arrow", {"person": UNKNOWN, "pseudonym": [random_bytes(16, "oneadults.A.arrow0")] * 3}),
        "a pseudonym is joined twice",
    ),
    "stray join": (
        "adults.joins.arrow",
        table_of("adults.joins.arrow", {"person": UNKNOWN, "pseudonym": [random_bytes(16, f"stray{row}") for row in range(3)]}),
        "a pseudonym is not in this submission",
    ),
}


@pytest.mark.parametrize("case", WHOLE.values(), ids=WHOLE.keys())
def test_a_submission_with_a_bad_part_is_refused_whole(world, case):
    name, content, detail = case
    sender = Sender(world)
    sender.submit(parts_of("before"))
    parts = parts_of() | {name: content}
    body = sender.manifest(parts)
    sender.announce(body)
    sender.put_parts(digest_of(body), parts)
    before = world.snapshot()
    said = refusal(sender.accept(digest_of(body)), 422, "SubmissionError")
    assert detail in said
    assert name in said
    assert world.snapshot() == before


def test_a_part_with_another_digest_or_row_count_is_refused(world):
    sender, parts = Sender(world), parts_of()
    for field, value, detail in (("sha256", "0" * 64, "SHA-256 differs"), ("rows", 4, "row count differs")):
        body = sender.manifest(parts)
        next(part for part in body["parts"] if part["name"] == "ties.arrow")[field] = value
        sender.announce(body)
        sender.put_parts(digest_of(body), parts)
        assert detail in refusal(sender.accept(digest_of(body)), 422, "SubmissionError")


def test_a_party_whose_canaries_differ_is_refused(world):
    Sender(world).submit(parts_of())
    _, response = Sender(world, NORTH).submit(parts_of("north", canary="drifted"))
    assert "canaries.arrow: differs" in refusal(response, 422, "SubmissionError")
    _, response = Sender(world, POLICE).submit(parts_of("police"))
    assert response.status_code == 200


def test_another_organisations_submission_is_as_unknown_as_one_that_is_not_there(world):
    digest, _ = Sender(world).submit(parts_of())
    path = f"/v1/rounds/{ROUND}/submissions/"
    theirs = world.send(f"{NORTH}/custodian", "GET", path + digest)
    absent = world.send(f"{NORTH}/custodian", "GET", path + "0" * 64)
    assert refusal(theirs, 404, "NotPermittedError") == refusal(absent, 404, "NotPermittedError")
    assert Sender(world, NORTH).put_chunk(digest, "ties.arrow", 0, b"x").content == absent.content


def request_parts(world, **changes):
    """A request of the prison service for its round, signed, as method, URL, headers and body."""
    headers = httpx.Headers({"content-type": "application/json"})
    url = f"https://127.0.0.1:8443/v1/rounds/{ROUND}"
    key_id = changes.pop("key_id", f"{PRISON}/custodian")
    world.sender(key_id, **changes).sign("GET", url, headers, b"")
    return headers


def test_a_replayed_request_is_refused(world):
    headers = request_parts(world)
    path = f"/v1/rounds/{ROUND}"
    assert world.client.get(path, headers=headers).status_code == 200
    assert "nonce was used before" in refusal(world.client.get(path, headers=headers), 401, "AuthenticationError")


def test_a_nonce_is_spent_even_where_the_request_is_refused(world):
    headers = request_parts(world, nonce=lambda: "once")
    world.client.get(f"/v1/rounds/{ROUND}", headers=headers)
    again = request_parts(world, nonce=lambda: "once")
    assert world.client.get(f"/v1/rounds/{ROUND}", headers=again).status_code == 401
    other = request_parts(world, nonce=lambda: "once", key_id=f"{NORTH}/custodian")
    assert world.client.get(f"/v1/rounds/{ROUND}", headers=other).status_code == 200


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"clock": lambda: datetime.now(UTC) - timedelta(seconds=155)}, "signed more than 120 seconds ago"),
        ({"clock": lambda: datetime.now(UTC) + timedelta(seconds=35)}, "signed in the future"),
        ({"key": Ed25519PrivateKey.generate()}, "signature is not valid"),
        ({"key_id": "nobody/custodian", "key": Ed25519PrivateKey.generate()}, "not in the roster, or revoked"),
        ({"key_id": f"{POLICE}/old"}, "not in the roster, or revoked"),
        ({"nonce": lambda: "n" * 65}, "nonce of at most 64"),
    ],
)
def test_a_request_that_is_stale_or_wrongly_signed_is_refused(world, changes, detail):
    response = world.client.get(f"/v1/rounds/{ROUND}", headers=request_parts(world, **changes))
    assert detail in refusal(response, 401, "AuthenticationError")


@pytest.mark.parametrize("seconds", [-115, 25])
def test_a_clock_a_little_off_is_fine(world, seconds):
    headers = request_parts(world, clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert world.client.get(f"/v1/rounds/{ROUND}", headers=headers).status_code == 200


def test_an_unsigned_request_is_refused_everywhere_but_at_health(world):
    assert world.client.get("/v1/health").json() == {"status": "ok", "service": "kinlink"}
    assert "carries no signature" in refusal(world.client.get(f"/v1/rounds/{ROUND}"), 401, "AuthenticationError")
    assert "carries no signature" in refusal(world.client.post("/v1/tokens/redeem", content=b"{}"), 401, "AuthenticationError")


def test_a_request_moved_to_another_path_query_or_body_is_refused(world):
    for path in ("/v1/rounds", f"/v1/rounds/{ROUND}?x=1"):
        refusal(world.client.get(path, headers=request_parts(world)), 401, "AuthenticationError")
    response = world.client.request("GET", f"/v1/rounds/{ROUND}", headers=request_parts(world), content=b"{}")
    assert "body is not the one that was signed" in refusal(response, 401, "AuthenticationError")


def test_a_signature_that_covers_too_little_or_is_for_another_application_is_refused(world, monkeypatch):
    from schemas import request_signing

    monkeypatch.setattr(request_signing, "COVERED", ("@method", "@path", "content-digest"))
    response = world.client.get(f"/v1/rounds/{ROUND}", headers=request_parts(world))
    assert "does not cover" in refusal(response, 401, "AuthenticationError")
    monkeypatch.undo()
    monkeypatch.setattr(request_signing, "TAG", "other/1")
    response = world.client.get(f"/v1/rounds/{ROUND}", headers=request_parts(world))
    assert "not made for Kinlink" in refusal(response, 401, "AuthenticationError")


def test_a_fault_says_nothing_of_itself(world, monkeypatch):
    from linkage.api import submissions

    def fail(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(submissions, "announce", fail)
    sender = Sender(world)
    response = sender.announce(sender.manifest(parts_of()))
    assert "secret" not in refusal(response, 500, "ServiceError")


def test_the_digest_of_a_body_is_what_the_address_names(world):
    sender = Sender(world)
    body = sender.manifest(parts_of())
    assert digest_of(body) == hashlib.sha256(canonical_json(body)).hexdigest()
