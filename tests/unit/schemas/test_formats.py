"""What travels: envelopes, tokens, receipts, submissions, tables, audit events."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from schemas import receipt, request_signing
from schemas.aggregate import Cell, NoisedTable
from schemas.agreement import PROJECTIONS
from schemas.audit import GENESIS, AuditEvent, chain, first_break
from schemas.encoding_set import (
    CANARIES,
    CHUNK_BYTES,
    ENCODING_PARTS,
    ENCODINGS,
    Part,
    SubmissionManifest,
    check_manifest,
    read_table,
    write_table,
)  # fmt: skip
from schemas.errors import SealError, SubmissionError, TokenError
from schemas.joins import Standing
from schemas.linkage import evidence_model, feature_names, schema_text, schemas_digest
from schemas.receipt import RECEIPT_BYTES, read_receipt, write_receipt
from schemas.roster import Kind
from schemas.sealed import MAX_PLAINTEXT, OVERHEAD, SealingKey, seal
from schemas.signature import public_text, signed
from schemas.slots import ALL_PARTS, REQUESTS, check_kind_parts, kind_rows
from schemas.token import TOKEN_BODY_BYTES, TokenBody, read_token, token_context, write_token

HEX = "ab" * 32
KEY, OTHER = SealingKey.generate(), SealingKey.generate()
TOKEN = {
    "token": HEX, "round_id": "r-1", "authority": "council", "child": "cd" * 16, "own_carer": None, "grade": "A", "expires_at": "2026-12-01T00:00:00Z",
}  # fmt: skip


def flipped(content, at):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_an_envelope_opens_for_its_recipient_and_purpose_and_is_a_fixed_amount_longer():
    envelope = seal(b"text", KEY.public_text(), "purpose")
    assert len(envelope) == len(b"text") + OVERHEAD
    assert KEY.open(envelope, "purpose") == b"text"
    assert SealingKey(KEY.raw()).open(envelope, "purpose") == b"text"


def test_the_same_text_is_sealed_differently_each_time():
    assert seal(b"text", KEY.public_text(), "purpose") != seal(b"text", KEY.public_text(), "purpose")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda envelope: flipped(envelope, -1), "damaged, or sealed to another"),
        (lambda envelope: flipped(envelope, 20), "damaged, or sealed to another"),
        (lambda envelope: flipped(envelope, 0), "not a Kinlink envelope"),
        (lambda envelope: flipped(envelope, 4), "suite this version does not know"),
        (lambda envelope: envelope[:-1], "damaged|cut short"),
        (lambda envelope: envelope[: OVERHEAD - 1], "cut short"),
        (lambda _: b"", "not a Kinlink envelope"),
    ],
)
def test_a_spoilt_envelope_does_not_open(spoil, said):
    with pytest.raises(SealError, match=said):
        KEY.open(spoil(seal(b"text", KEY.public_text(), "purpose")), "purpose")


def test_an_envelope_does_not_open_for_another_recipient_or_purpose():
    envelope = seal(b"text", KEY.public_text(), "purpose")
    for key, info in ((OTHER, "purpose"), (KEY, "another purpose")):
        with pytest.raises(SealError, match="sealed to another organisation or round"):
            key.open(envelope, info)


def test_too_long_a_text_and_a_key_that_is_none_are_refused():
    with pytest.raises(SealError, match="over 65536 bytes"):
        seal(bytes(MAX_PLAINTEXT + 1), KEY.public_text(), "purpose")
    for text in ("", "no base64!", KEY.public_text()[:-8]):
        with pytest.raises(SealError, match="sealing key is malformed"):
            seal(b"", text, "purpose")
    with pytest.raises(SealError, match="want 96 bytes"):
        SealingKey(bytes(95))


def test_private_things_show_nothing():
    assert str(KEY) == repr(KEY) == "SealingKey(…)"
    body = TokenBody.model_validate(TOKEN)
    assert HEX not in repr(body) + str(body) + f"{body}"


@pytest.mark.parametrize(
    "changes", [{}, {"own_carer": "ef" * 16}, {"authority": "a" * 64, "round_id": "b" * 64, "expires_at": "c" * 32, "own_carer": "ef" * 16}]
)
def test_every_token_body_has_one_size(changes):
    body = TokenBody.model_validate({**TOKEN, **changes})
    assert len(write_token(body)) == TOKEN_BODY_BYTES
    assert read_token(write_token(body)) == body


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "wrong size"),
        (b" " * (TOKEN_BODY_BYTES + 1), "wrong size"),
        (b" " * TOKEN_BODY_BYTES, "not a token"),
        (json.dumps({**TOKEN, "grade": "C"}).encode().ljust(TOKEN_BODY_BYTES), "not a token"),
        (json.dumps({**TOKEN, "path": "declared"}).encode().ljust(TOKEN_BODY_BYTES), "not a token"),
        (b"\xff" * TOKEN_BODY_BYTES, "not a token"),
    ],
)
def test_what_is_no_token_is_refused_unquoted(content, said):
    with pytest.raises(TokenError, match=said) as raised:
        read_token(content)
    assert HEX not in str(raised.value)


def test_a_tokens_context_names_round_and_authority():
    assert len({token_context(*given) for given in (("r", "a"), ("r", "b"), ("s", "a"))}) == 3


def receipt_of(**changes):
    body = {"round_id": "r-1", "organisation": "prison", "submission": HEX, "accepted_at": "2026-11-01T00:00:00Z", **changes}
    return signed(Ed25519PrivateKey.generate(), "service/service", receipt.CONTEXT, body)


@pytest.mark.parametrize("changes", [{}, {"round_id": "r" * 64, "organisation": "o" * 64, "accepted_at": "a" * 32}])
def test_every_receipt_has_one_size(changes):
    document = receipt_of(**changes)
    content = write_receipt(document)
    assert len(content) == RECEIPT_BYTES
    assert read_receipt(content)[0] == document


@pytest.mark.parametrize(
    "content", [b"", b" " * RECEIPT_BYTES, b"x" * RECEIPT_BYTES, write_receipt(receipt_of(count=3)), write_receipt(receipt_of())[:-1]]
)
def test_what_is_no_receipt_is_refused(content):
    with pytest.raises(SubmissionError, match="receipt: "):
        read_receipt(content)


def encodings(rows=3):
    return pa.table({"pseudonym": pa.array([bytes([n]) * 16 for n in range(rows)], pa.binary(16)), "clk": pa.array([bytes([n]) * 128 for n in range(rows)], pa.binary(128))}, schema=ENCODINGS)  # fmt: skip


def test_a_part_is_read_as_it_was_written():
    assert read_table(write_table(encodings()), ENCODINGS, part="adults.A.arrow", rows=3).equals(encodings())


@pytest.mark.parametrize(
    ("content", "rows", "said"),
    [
        (b"", 3, "not a readable Arrow IPC file"),
        (write_table(encodings())[:-40], 3, "not a readable Arrow IPC file"),
        (write_table(encodings()), 2, "row count differs"),
        (write_table(pa.table({"pseudonym": ["a"]})), 1, "columns are not those"),
        (write_table(encodings().rename_columns(["clk", "pseudonym"])), 3, "columns are not those"),
        (
            write_table(pa.table({"label": ["a"], "clk": pa.array([bytes(128)], pa.binary(128))}, schema=CANARIES)),
            1,
            "columns are not those",
        ),
    ],
)
def test_a_part_that_is_not_what_the_manifest_says_is_refused_by_name(content, rows, said):
    with pytest.raises(SubmissionError, match=rf"part adults\.A\.arrow: .*{said}"):
        read_table(content, ENCODINGS, part="adults.A.arrow", rows=rows)


def test_a_part_with_a_missing_value_is_refused():
    loose = pa.schema([pa.field("pseudonym", pa.binary(16)), pa.field("nonce", pa.binary(16))])
    table = pa.table({"pseudonym": pa.array([None], pa.binary(16)), "nonce": pa.array([bytes(16)], pa.binary(16))}, schema=loose)
    with pytest.raises(SubmissionError, match=r"columns are not those|a value is missing"):
        read_table(write_table(table), REQUESTS, part="adults.A.prison-service", rows=1)


def part(name, **changes):
    return {"name": name, "rows": 10, "size": 100, "sha256": HEX, **changes}


def manifest(parts=None, **changes):
    parts = [part(name) for name in (*ENCODING_PARTS, "canaries.arrow")] if parts is None else parts
    fields = {
        "round_id": "r-1", "round_digest": HEX, "roster_digest": HEX, "agreement_digest": HEX, "organisation": "prison", "normaliser": "n/1", "normaliser_digest": HEX,
        "schemas_digest": HEX, "quarantined_per_mille": 0, "parts": parts,
    }  # fmt: skip
    return SubmissionManifest.model_validate({**fields, **changes})


def test_a_whole_manifest_is_accepted():
    check_manifest(manifest())
    assert manifest().part("canaries.arrow").rows == 10
    assert set(ALL_PARTS) > {*ENCODING_PARTS, "canaries.arrow"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda parts: [*parts, part("canaries.arrow")], "a part is listed twice"),
        (lambda parts: parts[:-1], "part canaries.arrow is missing"),
        (lambda parts: parts[1:], "part adults.A.arrow is missing"),
        (lambda parts: [part("adults.A.arrow", rows=11), *parts[1:]], "the projections of adults differ in rows"),
    ],
)
def test_a_manifest_that_does_not_add_up_is_refused(change, said):
    with pytest.raises(SubmissionError, match=said):
        check_manifest(manifest(change(manifest().model_dump()["parts"])))


KINDS = (Kind.PRISON_SERVICE, Kind.POLICE, Kind.LOCAL_AUTHORITY)


def with_slots(kind, **changes):
    whole = manifest()
    return manifest(
        [*whole.model_dump()["parts"], *(part(name, rows=changes.get(name, rows)) for name, rows in kind_rows(whole, kind).items())]
    )


def test_the_prison_service_sends_slots_for_both_kinds_the_police_for_authorities_and_authorities_none():
    sent = {kind: kind_rows(manifest(), kind) for kind in KINDS}
    assert [len(sent[kind]) for kind in KINDS] == [13, 4, 0]
    assert set(sent[Kind.POLICE]) == {f"children.{projection}.slots.local-authority.arrow" for projection in PROJECTIONS}
    assert set(sent[Kind.PRISON_SERVICE].values()) == {10 * 4}  # ten filters in each of four projections, four slots each
    for kind in KINDS:
        check_kind_parts(with_slots(kind), kind)


@pytest.mark.parametrize("kind", KINDS[:2])
def test_slots_that_are_missing_too_few_or_another_kinds_are_refused_by_name(kind):
    name = min(kind_rows(manifest(), kind))
    for wrong in (manifest(), with_slots(kind, **{name: 39})):
        with pytest.raises(SubmissionError, match=f"part {name} is missing, not asked for, or has another number of rows"):
            check_kind_parts(wrong, kind)
    with pytest.raises(SubmissionError, match="not asked for"):
        check_kind_parts(with_slots(kind), Kind.LOCAL_AUTHORITY)


@pytest.mark.parametrize(
    "name",
    [
        "../adults.A.arrow",
        "adults.E.arrow",
        "adults.A.arrow\n",
        "ADULTS.A.arrow",
        "canaries.A.arrow",
        "adults.joins.arrow",
        "adults.A.slots.prison-service.arrow",
        "",
    ],
)
def test_a_part_of_another_name_is_refused(name):
    with pytest.raises(ValidationError):
        Part.model_validate(part(name))


def test_an_unknown_part_is_not_in_the_manifest():
    with pytest.raises(SubmissionError, match="no part of that name"):
        manifest().part("adults.A.slots.police.arrow")


@pytest.mark.parametrize(("size", "sizes"), [(1, [1]), (CHUNK_BYTES, [CHUNK_BYTES]), (2 * CHUNK_BYTES + 5, [CHUNK_BYTES, CHUNK_BYTES, 5])])
def test_chunks_cover_a_part_exactly(size, sizes):
    made = Part.model_validate(part("canaries.arrow", size=size))
    assert [made.chunk_size(index) for index in range(made.chunks)] == sizes


def test_the_authority_that_looks_after_a_child_comes_before_the_one_where_it_lives():
    assert sorted(Standing) == [Standing.LOOKED_AFTER, Standing.RESIDENT, Standing.SCHOOL_ONLY, Standing.FORMER]


def events(count=4):
    made, previous = [], GENESIS
    for number in range(count):
        event = AuditEvent(kind="step", round_id="r-1", actor="service/service", at=f"2026-11-0{number + 1}T00:00:00Z")
        previous = chain(previous, event)
        made.append((event, previous))
    return made


def test_a_whole_chain_holds():
    assert first_break(events()) is None
    assert first_break([]) is None


@pytest.mark.parametrize("at", range(4))
def test_a_chain_breaks_where_an_event_was_changed(at):
    made = events()
    made[at] = (made[at][0].model_copy(update={"actor": "somebody"}), made[at][1])
    assert first_break(made) == at


@pytest.mark.parametrize("at", range(3))
def test_a_chain_breaks_where_an_event_was_lost_or_moved(at):
    made = events()
    assert first_break(made[:at] + made[at + 1 :]) == at
    made[at], made[at + 1] = made[at + 1], made[at]
    assert first_break(made) == at


def test_a_noised_count_may_be_negative_and_says_what_it_cost():
    table = NoisedTable(
        round_id="r",
        cap=4,
        micro_rho=24_356,
        epsilon_per_mille=1_001,
        delta="1e-6",
        cells=[Cell(area="W06000015", value=-3, lower=-9, upper=3)],
    )
    assert NoisedTable.model_validate_json(table.model_dump_json()) == table
    with pytest.raises(ValidationError):
        Cell(area="Cardiff", value=1, lower=0, upper=2)


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_linkage_schemas_are_clkhashs_own_format(projection):
    schema = json.loads(schema_text(projection))
    assert (schema["version"], schema["clkConfig"]["l"]) == (3, 1024)
    bits = [feature["hashing"]["strategy"]["bitsPerFeature"] for feature in schema["features"]]
    assert 140 <= sum(bits) <= 190
    assert feature_names(projection) == [feature["identifier"] for feature in schema["features"]]
    assert len(schemas_digest()) == 64


def test_there_is_a_model_for_both_populations():
    assert {"adults", "children"} <= set(evidence_model())


class Request:
    method, url = "PUT", "https://service.example/v1/rounds/r-1?after=2"

    def __init__(self):
        self.headers = {"host": "service.example"}

    def read(self):
        return b"{}"


def test_a_signed_request_covers_what_identifies_it():
    key = Ed25519PrivateKey.generate()
    signer = request_signing.RequestSigner("prison/custodian", key, clock=lambda: datetime(2026, 11, 1, tzinfo=UTC), nonce=lambda: "n-1")
    headers = signer(Request()).headers
    described = headers["Signature-Input"]
    for component in request_signing.COVERED:
        assert f'"{component}"' in described
    for said in ('nonce="n-1"', 'tag="kinlink/1"', 'keyid="prison/custodian"', "created=1793491200"):
        assert said in described
    assert headers["Content-Digest"].startswith("sha-")
    assert headers["content-type"] == request_signing.DEFAULT_CONTENT_TYPE
    assert public_text(key) not in str(headers)
