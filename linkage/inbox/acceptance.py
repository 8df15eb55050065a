"""The checks of a submission: of its manifest before a part arrives, and of the whole before it is accepted. Pure.

Nothing here looks at what a filter may say; only at form, size, digests, and whether references stay inside.
"""

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from linkage.search.engine import check_filters
from schemas.agreement import PROJECTIONS, Agreement
from schemas.byte_columns import fixed_bytes
from schemas.canonical import digest, short
from schemas.encoding_set import CLK_BYTES, ENCODING_PARTS, POPULATIONS, Part, Population, SubmissionManifest, check_manifest, read_table
from schemas.errors import SubmissionError
from schemas.joins import ALL_PARTS, Standing
from schemas.round_manifest import RoundManifest
from schemas.signature import SignedDocument, malformed_at

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
        SubmissionError: another normaliser, other tables of it or other linkage schemas, or too many rows were quarantined.
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
    if manifest.quarantined_per_mille > agreement.quarantine_per_mille:
        raise SubmissionError("manifest: more rows are quarantined than the agreement allows; mend the extract, then submit again")


def check_submission(manifest: SubmissionManifest, read: Callable[[Part], bytes]) -> Canaries:
    """Check a whole submission and return its canaries' filters by label.

    Args:
        manifest: what the custodian says it sent.
        read: gives the bytes of one part; each is read once.

    Raises:
        SubmissionError: the first part, and the rule that it breaks.
    """
    tables = {name: schema.empty_table() for name, schema in ALL_PARTS.items()}
    for part in manifest.parts:
        table = check_part(part, read(part))
        tables[part.name] = table.drop_columns(["clk"]) if part.name in ENCODING_PARTS else table
    for population in POPULATIONS:
        check_joins(population, tables)
    check_ties(tables)
    return _canaries(tables["canaries.arrow"])


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


def check_joins(population: Population, tables: Mapping[str, pa.Table]) -> None:
    """Check that joins name pseudonyms of this submission, and give each to one person.

    Raises:
        SubmissionError: they do not.
    """
    part = f"{population}.joins.arrow"
    joined = tables[part]["pseudonym"]
    _check_distinct(joined, f"part {part}: a pseudonym is joined twice")
    known = pa.chunked_array(
        [chunk for name in PROJECTIONS for chunk in tables[f"{population}.{name}.arrow"]["pseudonym"].chunks], joined.type
    )
    _check_within(joined, known, f"part {part}: a pseudonym is not in this submission")


def check_ties(tables: Mapping[str, pa.Table]) -> None:
    """Check that ties and standings name persons of this submission's joins.

    Raises:
        SubmissionError: they do not, or a standing is unknown or given twice.
    """
    persons = {population: tables[f"{population}.joins.arrow"]["person"] for population in POPULATIONS}
    ties, standings = tables["ties.arrow"], tables["standings.arrow"]
    _check_within(ties["adult"], persons["adults"], "part ties.arrow: an adult is not in this submission")
    _check_within(ties["child"], persons["children"], "part ties.arrow: a child is not in this submission")
    _check_within(standings["child"], persons["children"], "part standings.arrow: a child is not in this submission")
    _check_distinct(standings["child"], "part standings.arrow: a child stands twice")
    levels = pa.chunked_array([pa.array([int(level) for level in Standing], pa.uint8())])
    _check_within(standings["standing"], levels, "part standings.arrow: a standing is not a known one")


def _canaries(table: pa.Table) -> Canaries:
    labels = table["label"].to_pylist()
    if not labels:
        raise SubmissionError(f"part canaries.arrow: empty; {AGAIN}")
    _check_distinct(table["label"], "part canaries.arrow: a label stands twice")
    return dict(zip(labels, table["clk"].to_pylist(), strict=True))


def _check_distinct(column: pa.ChunkedArray, rule: str) -> None:
    if len(column.unique()) < len(column):
        raise SubmissionError(f"{rule}; {AGAIN}")


def _check_within(column: pa.ChunkedArray, known: pa.ChunkedArray, rule: str) -> None:
    if len(column) and not pc.all(pc.is_in(column, value_set=known.combine_chunks())).as_py():
        raise SubmissionError(f"{rule}; {AGAIN}")
