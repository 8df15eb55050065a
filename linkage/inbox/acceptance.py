"""The checks of a submission: of its manifest before a part arrives, and of the whole before it is accepted. Pure.

Nothing here looks at what a filter may say; only at form, size, digests, and whether references stay inside.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from linkage.search.engine import check_filters
from linkage.second_look.requests import slot_nonces
from schemas.agreement import PROJECTIONS, Agreement, check_padded, check_scope
from schemas.attributes import ATTRIBUTES_PART
from schemas.byte_columns import Bytes2D, as_ids, fixed_bytes
from schemas.canonical import digest, short
from schemas.commitment import records_root
from schemas.controls import CONTROLS_PART, sealed_list_bytes
from schemas.encoding_set import (
    CLK_BYTES,
    ENCODING_PARTS,
    POPULATIONS,
    PSEUDONYM_BYTES,
    Part,
    SubmissionManifest,
    check_manifest,
    read_table,
)
from schemas.errors import SubmissionError
from schemas.round_manifest import RoundManifest
from schemas.signature import SignedDocument, malformed_at
from schemas.slots import ALL_PARTS, SLOT_PARTS, VOLUMES, byte_columns, slots_part

AGAIN = "encode and submit again"
Canaries = Mapping[str, bytes]


def read_manifest(document: SignedDocument) -> SubmissionManifest:
    """Return the manifest in `document`, once it holds together by itself.

    Raises:
        SubmissionError: it is malformed or incomplete.
    """
    try:
        manifest = SubmissionManifest.model_validate(document.body)
    except ValidationError as error:
        raise SubmissionError(f"manifest: malformed at {malformed_at(error)}; run `kinlink party submit` again") from None
    check_manifest(manifest)
    return manifest


def check_belongs(manifest: SubmissionManifest, round_digest: str, round_manifest: RoundManifest, organisation: str) -> None:
    """Check that a manifest is of this round and of this organisation.

    Raises:
        SubmissionError: naming what differs.
    """
    expected = {
        "organisation": organisation,
        "round_id": round_manifest.round_id,
        "round_digest": round_digest,
        "roster_digest": round_manifest.roster_digest,
        "agreement_digest": round_manifest.agreement_digest,
    }
    for name, value in expected.items():
        if getattr(manifest, name) != value:
            raise SubmissionError(f"manifest: {name} is not this round's ({short(value)}); collect the round's manifest and {AGAIN}")


def check_agreed(manifest: SubmissionManifest, agreement: Agreement) -> None:
    """Check that a submission was made as the agreement says.

    Raises:
        SubmissionError: another normaliser, other tables of it or other linkage schemas, too many rows for the profile, a size that
            was not agreed, too many quarantined, or no list of controls where some were agreed on.
    """
    if manifest.normaliser != agreement.encoding.normaliser:
        raise SubmissionError(f"manifest: normaliser is not the agreed {agreement.encoding.normaliser}; update Kinlink and {AGAIN}")
    if manifest.normaliser_digest != agreement.encoding.normaliser_digest:
        raise SubmissionError(
            f"manifest: normaliser_digest is {short(manifest.normaliser_digest)}, agreed is {short(agreement.encoding.normaliser_digest)}: its tables differ; update Kinlink and {AGAIN}"
        )
    if manifest.schemas_digest != agreement.encoding.schemas_digest:
        raise SubmissionError(
            f"manifest: linkage schemas are not the agreed {short(agreement.encoding.schemas_digest)}; update Kinlink and {AGAIN}"
        )
    check_scope(agreement, max(part.rows for part in manifest.parts if part.name in ENCODING_PARTS))
    for population in POPULATIONS:
        check_padded(agreement, manifest.rows(population))
    if manifest.quarantined_per_mille > agreement.quarantine_per_mille:
        raise SubmissionError("manifest: more rows are quarantined than the agreement allows; mend the extract, then submit again")
    if agreement.probing.audit_sample and any(manifest.part(name).records_root is None for name in ENCODING_PARTS):
        raise SubmissionError(f"manifest: records_root of a part is missing, and records are audited; {AGAIN}")
    lists = [part.rows for part in manifest.parts if part.name == CONTROLS_PART]
    if lists != [1] * bool(agreement.controls.families):
        raise SubmissionError(f"manifest: part {CONTROLS_PART} is missing, not asked for, or has another number of rows; {AGAIN}")


def check_submission(manifest: SubmissionManifest, read: Callable[[Part], bytes], *, families: int) -> Canaries:
    """Check a whole submission and return its canaries' filters by label.

    Args:
        manifest: what the custodian says it sent.
        read: gives the bytes of one part; each is read once.
        families: how many control families were agreed on.

    Raises:
        SubmissionError: the first part, and the rule that it breaks.
    """
    pseudonyms = {}
    for name in ENCODING_PARTS:
        part = manifest.part(name)
        pseudonyms[name] = fixed_bytes(check_part(part, read(part))["pseudonym"], PSEUDONYM_BYTES)
    for population, projection, responder in SLOT_PARTS:
        name = slots_part(population, projection, responder)
        for part in (item for item in manifest.parts if item.name == name):
            own = pseudonyms[f"{population}.{projection}.arrow"]
            check_slots(check_part(part, read(part)), own, each=sum(VOLUMES["referral"][projection]), part=name)
    for part in (item for item in manifest.parts if item.name == ATTRIBUTES_PART):
        check_attributes(check_part(part, read(part)), [pseudonyms[f"adults.{projection}.arrow"] for projection in PROJECTIONS])
    if families:
        part = manifest.part(CONTROLS_PART)
        check_list(check_part(part, read(part)), families)
    canaries = manifest.part("canaries.arrow")
    return _canaries(check_part(canaries, read(canaries)))


def check_part(part: Part, content: bytes) -> pa.Table:
    """Return the table of one part, once size, digest, format and filters hold.

    Raises:
        SubmissionError: one of them does not.
    """
    if len(content) != part.size:
        raise SubmissionError(f"part {part.name}: size differs from the manifest; {AGAIN}")
    if digest(content) != part.sha256:
        raise SubmissionError(f"part {part.name}: SHA-256 differs from the manifest; {AGAIN}")
    table = read_table(content, ALL_PARTS[part.name], part=part.name, rows=part.rows)
    if "clk" in table.column_names:
        try:
            check_filters(fixed_bytes(table["clk"], CLK_BYTES))
        except SubmissionError as error:
            raise SubmissionError(f"part {part.name}: {error}") from None
    if part.records_root is not None and (part.name not in ENCODING_PARTS or records_root(table) != part.records_root):
        raise SubmissionError(f"part {part.name}: records_root is not that of its rows; {AGAIN}")
    if part.name in ENCODING_PARTS:
        _check_distinct(table["pseudonym"], f"part {part.name}: a pseudonym stands twice")
    return table


def check_canaries(own: Canaries, others: Canaries) -> None:
    """Check that the shared invented people were encoded byte for byte as another party did.

    Raises:
        SubmissionError: they were not, so matching would fail in silence.
    """
    if own != others:
        raise SubmissionError(
            f"part canaries.arrow: differs from the other parties'; compare Kinlink's version and the round key with them, then {AGAIN}"
        )


def check_slots(slots: pa.Table, pseudonyms: Bytes2D, *, each: int, part: str) -> None:
    """Check that a part has `each` slots for every pseudonym of its projection, and no others.

    Raises:
        SubmissionError: it has not, or a nonce stands twice.
    """
    try:
        slot_nonces(byte_columns(slots.select(["pseudonym", "nonce"])), pseudonyms, each=each)
    except SubmissionError as error:
        raise SubmissionError(f"part {part}: {error}") from None


def check_attributes(table: pa.Table, pseudonyms: Sequence[Bytes2D]) -> None:
    """Check that every filter of an adult has its attributes, and nobody else.

    Raises:
        SubmissionError: that is not so; an absent one would say that the filter is a fill.
    """
    own, filters = as_ids(fixed_bytes(table["pseudonym"], PSEUDONYM_BYTES)), as_ids(np.concatenate(pseudonyms))
    if not np.array_equal(np.sort(own), np.sort(filters)):
        raise SubmissionError(f"part {ATTRIBUTES_PART}: want one row for every filter of an adult, and no other; {AGAIN}")


def check_list(table: pa.Table, families: int) -> None:
    """Check that the sealed list of controls has the one size that a list has.

    Raises:
        SubmissionError: it has another.
    """
    if len(table["sealed"][0].as_py()) != sealed_list_bytes(families):
        raise SubmissionError(f"part {CONTROLS_PART}: the list has another size than was agreed; {AGAIN}")


def _canaries(table: pa.Table) -> Canaries:
    labels = table["label"].to_pylist()
    if not labels:
        raise SubmissionError(f"part canaries.arrow: empty; {AGAIN}")
    _check_distinct(table["label"], "part canaries.arrow: a label stands twice")
    return dict(zip(labels, table["clk"].to_pylist(), strict=True))


def _check_distinct(column: pa.ChunkedArray, rule: str) -> None:
    if len(column.unique()) < len(column):
        raise SubmissionError(f"{rule}; {AGAIN}")
