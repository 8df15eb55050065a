"""Acceptance of a submission: what of a manifest or a part is refused, and in which words."""

from contextlib import nullcontext

import pyarrow as pa
import pytest

from linkage.inbox.acceptance import check_agreed, check_belongs, check_canaries, check_submission, read_manifest
from schemas.agreement import SCOPE_ROWS, SMALL_SCOPE_ROWS, Padding, Probing
from schemas.attributes import ATTRIBUTES_PART
from schemas.canonical import digest as sha256
from schemas.canonical import digest_of
from schemas.commitment import records_root
from schemas.encoding_set import Part, SubmissionManifest
from schemas.errors import SubmissionError
from schemas.roster import Kind
from schemas.round_manifest import RoundManifest
from schemas.signature import SignedDocument
from tests.integration.service_world import NORTH, PRISON, ROWS, make_agreement, parts_of, random_bytes, rows_of, slots_of, table_of

ROUND = RoundManifest(
    round_id="round-1",
    roster_digest="1" * 64,
    agreement_digest="2" * 64,
    purpose="offer support",
    scope="all",
    opens_at="2026-01-01T00:00:00Z",
    closes_at="2026-01-08T00:00:00Z",
)
ROUND_DIGEST = digest_of(ROUND.model_dump())


def manifest_of(contents, **changes):
    listed = [{"name": name, "rows": rows_of(name), "size": len(content), "sha256": sha256(content)} for name, content in contents.items()]
    body = {
        "round_id": "round-1",
        "round_digest": ROUND_DIGEST,
        "roster_digest": "1" * 64,
        "agreement_digest": "2" * 64,
        "organisation": PRISON,
        "normaliser": "kinlink-normaliser/2",
        "normaliser_digest": "c" * 64,
        "schemas_digest": "a" * 64,
        "quarantined_per_mille": 0,
        "parts": listed,
    }
    return body | changes


def check_manifest_of(body):
    manifest = read_manifest(SignedDocument(body=body, signatures=[]))
    check_belongs(manifest, ROUND_DIGEST, ROUND, PRISON)
    check_agreed(manifest, make_agreement("1" * 64))
    return manifest


def check_whole(parts):
    manifest = SubmissionManifest.model_validate(manifest_of(parts))
    return check_submission(manifest, lambda part: parts[part.name], families=0)


@pytest.mark.parametrize(("profile", "most"), [("small-scope", SMALL_SCOPE_ROWS), ("production", SCOPE_ROWS)])
def test_a_pool_has_no_more_rows_than_may_share_a_round_key(profile, most):
    agreement = make_agreement("1" * 64)
    agreement = agreement.model_copy(update={"encoding": agreement.encoding.model_copy(update={"profile": profile})})
    manifest = SubmissionManifest.model_validate(manifest_of(parts_of()))
    of_rows = lambda rows: manifest.model_copy(update={"parts": [*manifest.parts[1:], manifest.parts[0].model_copy(update={"rows": rows})]})  # noqa: E731
    check_agreed(of_rows(most), agreement)
    with pytest.raises(SubmissionError, match=f"over {most:,} rows in a pool.*split the scope"):
        check_agreed(of_rows(most + 1), agreement)


CHANGES = {
    "wrong round": ({"round_id": "round-2"}, "round_id is not this round's"),
    "wrong round digest": ({"round_digest": "0" * 64}, "round_digest is not this round's"),
    "other roster": ({"roster_digest": "0" * 64}, "roster_digest is not this round's"),
    "other agreement": ({"agreement_digest": "0" * 64}, "agreement_digest is not this round's"),
    "somebody else": ({"organisation": NORTH}, "organisation is not this round's"),
    "other normaliser": ({"normaliser": "kinlink-normaliser/0"}, "normaliser is not the agreed"),
    "other tables of the normaliser": ({"normaliser_digest": "d" * 64}, "normaliser_digest is d{12}, agreed is c{12}: its tables differ"),
    "other schemas": ({"schemas_digest": "0" * 64}, "linkage schemas are not the agreed"),
    "too many quarantined": ({"quarantined_per_mille": 51}, "more rows are quarantined"),
    "malformed": ({"parts": []}, "malformed at parts"),
    "unknown field": ({"extra": 1}, "malformed at the top level"),
    "parts missing": ({"parts": [{"name": "canaries.arrow", "rows": 0, "size": 1, "sha256": "0" * 64}]}, "is missing"),
}


@pytest.mark.parametrize("case", list(CHANGES.values()), ids=list(CHANGES))
def test_a_manifest_that_does_not_belong_is_refused(case):
    changes, detail = case
    with pytest.raises(SubmissionError, match=detail) as caught:
        check_manifest_of(manifest_of(parts_of(), **changes))
    assert "\n" not in str(caught.value)


def test_a_manifest_that_belongs_is_read():
    assert check_manifest_of(manifest_of(parts_of(), quarantined_per_mille=50)).organisation == PRISON


def clks(index, row):
    filters = [random_bytes(128, str(number)) for number in range(ROWS)]
    filters[index] = row
    return table_of("adults.A.arrow", {"pseudonym": [random_bytes(16, f"oneadults.A.arrow{item}") for item in range(ROWS)], "clk": filters})


SAME = [random_bytes(16, "oneadults.A.arrow0")] * ROWS
SLOTS_PART = "adults.A.slots.police.arrow"


def slots(**columns):
    """Return the part of slots with some columns changed."""
    table = pa.ipc.open_file(parts_of()[SLOTS_PART]).read_all().to_pydict()
    return table_of(SLOTS_PART, table | {name: change(table[name]) for name, change in columns.items()})


def attributes(change):
    """Return the part of attributes with other pseudonyms."""
    table = pa.ipc.open_file(parts_of()[ATTRIBUTES_PART]).read_all().to_pydict()
    return table_of(ATTRIBUTES_PART, table | {"pseudonym": change(table["pseudonym"])})


BAD_PARTS = {
    "empty filter": ("adults.A.arrow", clks(0, bytes(128)), "one is constant"),
    "full filter": ("adults.A.arrow", clks(2, b"\xff" * 128), "one is constant"),
    "no Arrow file": ("adults.A.arrow", b"nothing of the kind", "not a readable Arrow IPC file"),
    "cut short": ("adults.A.arrow", clks(0, b"a" * 128)[:-40], "not a readable Arrow IPC file"),
    "other columns": ("adults.A.arrow", table_of("canaries.arrow", {"label": ["a"] * ROWS, "clk": [b"a" * 128] * ROWS}), "columns are not"),
    "pseudonym twice": ("adults.A.arrow", table_of("adults.A.arrow", {"pseudonym": SAME, "clk": [b"a" * 128] * ROWS}), "stands twice"),
    "slots of strangers": (SLOTS_PART, slots_of("two", "adults", "A", Kind.POLICE, ROWS), "want 4 for every pseudonym"),
    "slots for one alone": (SLOTS_PART, slots(pseudonym=lambda owners: owners[:1] * len(owners)), "want 4 for every pseudonym"),
    "attributes of strangers": (ATTRIBUTES_PART, parts_of("two")[ATTRIBUTES_PART], "want one row for every filter of an adult"),
    "no attributes of one": (
        ATTRIBUTES_PART,
        attributes(lambda owners: [owners[1], *owners[1:]]),
        "want one row for every filter of an adult",
    ),
    "nonce twice": (SLOTS_PART, slots(nonce=lambda nonces: [nonces[1], *nonces[1:]]), "a nonce stands twice"),
}


@pytest.mark.parametrize("case", list(BAD_PARTS.values()), ids=list(BAD_PARTS))
def test_a_bad_part_is_named_with_the_rule_it_breaks(case):
    name, content, detail = case
    with pytest.raises(SubmissionError, match=detail) as caught:
        check_whole(parts_of() | {name: content})
    assert name in str(caught.value)


@pytest.mark.parametrize(("field", "value", "detail"), [("sha256", "0" * 64, "SHA-256"), ("rows", 5, "row count"), ("size", 9, "size")])
def test_a_part_that_differs_from_the_manifest_is_refused(field, value, detail):
    parts = parts_of()
    manifest = SubmissionManifest.model_validate(manifest_of(parts))
    changed = [part.model_copy(update={field: value}) if part.name == SLOTS_PART else part for part in manifest.parts]
    with pytest.raises(SubmissionError, match=f"{SLOTS_PART}: {detail}"):
        check_submission(manifest.model_copy(update={"parts": changed}), lambda part: parts[part.name], families=0)


def with_root(root):
    """Return the manifest of a submission whose first part commits to that root."""
    manifest = SubmissionManifest.model_validate(manifest_of(parts_of()))
    first = next(part for part in manifest.parts if part.name == "adults.A.arrow")
    return manifest.model_copy(
        update={"parts": [part if part is not first else part.model_copy(update={"records_root": root}) for part in manifest.parts]}
    )


def test_a_root_that_is_not_of_the_rows_is_refused():
    table = pa.ipc.open_file(parts_of()["adults.A.arrow"]).read_all()
    read = lambda part: parts_of()[part.name]  # noqa: E731
    check_submission(with_root(records_root(table)), read, families=0)
    with pytest.raises(SubmissionError, match=r"adults\.A\.arrow: records_root is not that of its rows"):
        check_submission(with_root("0" * 64), read, families=0)


def test_every_encoding_part_commits_to_its_rows_where_they_are_audited():
    agreement, manifest = make_agreement("1" * 64), with_root("0" * 64)
    check_agreed(manifest, agreement)
    audited = agreement.model_copy(update={"probing": Probing(audit_sample=1)})
    with pytest.raises(SubmissionError, match="records_root of a part is missing"):
        check_agreed(manifest, audited)
    roots = {"records_root": "0" * 64}
    check_agreed(manifest.model_copy(update={"parts": [part.model_copy(update=roots) for part in manifest.parts]}), audited)


def test_a_submission_without_canaries_is_refused():
    empty = table_of("canaries.arrow", {"label": [], "clk": []})
    parts = parts_of()
    manifest = SubmissionManifest.model_validate(manifest_of(parts))
    listed = [
        Part(name=part.name, rows=0, size=len(empty), sha256=sha256(empty)) if part.name == "canaries.arrow" else part
        for part in manifest.parts
    ]
    with pytest.raises(SubmissionError, match=r"canaries\.arrow: empty"):
        check_submission(
            manifest.model_copy(update={"parts": listed}),
            lambda part: empty if part.name == "canaries.arrow" else parts[part.name],
            families=0,
        )


def test_canaries_that_differ_in_one_byte_or_label_are_refused():
    own = check_whole(parts_of())
    check_canaries(own, dict(own))
    for other in ({"adults.A.0": bytes(128)}, {}, {**own, "adults.A.1": bytes(128)}):
        with pytest.raises(SubmissionError, match="differs from the other parties'"):
            check_canaries(own, other)


@pytest.mark.parametrize("population", ["adults", "children"])
def test_a_pool_that_is_not_padded_to_an_agreed_size_is_refused(population):
    agreement = make_agreement("1" * 64).model_copy(update={"padding": Padding(smallest_rows=ROWS, step_per_mille=1_000)})
    manifest = SubmissionManifest.model_validate(manifest_of(parts_of()))
    check_agreed(manifest, agreement)
    for rows, refused in ((2 * ROWS, False), (2 * ROWS - 1, True), (ROWS - 1, True)):
        parts = [part.model_copy(update={"rows": rows}) if part.name.startswith(population) else part for part in manifest.parts]
        with pytest.raises(SubmissionError, match="not padded to an agreed size") if refused else nullcontext():
            check_agreed(manifest.model_copy(update={"parts": parts}), agreement)
