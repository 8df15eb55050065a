"""What a custodian submits: named parts, each an Arrow IPC file, under a signed manifest. Pure: bytes in, tables out.

Parts of one submission:

    adults.A.arrow … adults.D.arrow         pseudonym (16 bytes), clk (128 bytes)
    children.A.arrow … children.D.arrow     the same
    canaries.arrow                          label, clk: shared invented people, byte-equal across parties
    controls.arrow                          the sealed list of planted controls, where some were agreed on: see schemas/controls.py
    adults.A.slots.police.arrow …           slots for the second look, for each kind of responder: see schemas/slots.py

Every projection of a population has the same number of rows: where a record lacks a field, an encoded invented
person fills the gap. Rows of each part are in an order of their own.
"""

import io
import re
from collections.abc import Iterable, Mapping
from typing import IO, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from schemas.agreement import FILTER_BITS, PROJECTIONS
from schemas.errors import SubmissionError

CONTEXT = "submission/1"
PSEUDONYM_BYTES = 16
CLK_BYTES = FILTER_BITS // 8
CHUNK_BYTES = 4 * 1024 * 1024
MAX_CHUNK_BYTES = 8 * 1024 * 1024
MAX_PART_BYTES = 16 * 1024**3
MAX_MANIFEST_BYTES = 64 * 1024
MAX_ROWS = 50_000_000

Population = Literal["adults", "children"]
POPULATIONS: tuple[Population, ...] = ("adults", "children")

ENCODINGS = pa.schema(
    [pa.field("pseudonym", pa.binary(PSEUDONYM_BYTES), nullable=False), pa.field("clk", pa.binary(CLK_BYTES), nullable=False)]
)
CANARIES = pa.schema([pa.field("label", pa.string(), nullable=False), pa.field("clk", pa.binary(CLK_BYTES), nullable=False)])

ENCODING_PARTS = tuple(f"{population}.{projection}.arrow" for population in POPULATIONS for projection in PROJECTIONS)
PART_NAME = re.compile(
    rf"^({'|'.join(POPULATIONS)})\.[{''.join(PROJECTIONS)}](\.slots\.(police|local-authority))?\.arrow$|^(canaries|controls|adults\.attributes)\.arrow$"
)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Model):
    """One file of a submission."""

    name: str = Field(pattern=PART_NAME.pattern)
    rows: int = Field(ge=0, le=MAX_ROWS)
    size: int = Field(ge=1, le=MAX_PART_BYTES, description="bytes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    records_root: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="of an encoding part: root of a Merkle tree over its rows"
    )

    @property
    def chunks(self) -> int:
        """How many chunks of `CHUNK_BYTES` the part travels in."""
        return -(-self.size // CHUNK_BYTES)

    def chunk_size(self, index: int) -> int:
        """Return the size in bytes of chunk `index`, counted from 0."""
        return min(CHUNK_BYTES, self.size - index * CHUNK_BYTES)


class SubmissionManifest(_Model):
    """What one custodian says of its submission; signed by its custodian key."""

    round_id: str = Field(max_length=64)
    round_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    roster_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    agreement_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    organisation: str = Field(max_length=64)
    normaliser: str = Field(max_length=32)
    normaliser_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    schemas_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    quarantined_per_mille: int = Field(ge=0, le=1_000)
    self_check_digest: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="of the custodian's own report, where it made one"
    )
    self_check_verdict: Literal["PASS", "WARN"] | None = Field(default=None, description="of that report; a FAIL is never sent")
    parts: list[Part] = Field(min_length=1, max_length=32)

    def rows(self, population: Population) -> int:
        """Return how many filters each projection of a population has.

        Raises:
            SubmissionError: the manifest has no such part.
        """
        return self.part(f"{population}.{PROJECTIONS[0]}.arrow").rows

    def part(self, name: str) -> Part:
        """Return the part called `name`.

        Raises:
            SubmissionError: the manifest has no such part.
        """
        found = next((item for item in self.parts if item.name == name), None)
        if found is None:
            raise SubmissionError("manifest: no part of that name; send the parts that the manifest lists")
        return found


def check_manifest(manifest: SubmissionManifest) -> None:
    """Check what can be checked before any part arrives.

    Raises:
        SubmissionError: a part is listed twice, an encoding part is missing, or projections differ in rows.
    """
    names = [part.name for part in manifest.parts]
    if len(set(names)) < len(names):
        raise SubmissionError("manifest: a part is listed twice; run `kinlink party submit` again")
    missing = [name for name in (*ENCODING_PARTS, "canaries.arrow") if name not in names]
    if missing:
        raise SubmissionError(f"manifest: part {missing[0]} is missing; run `kinlink party submit` again")
    for population in POPULATIONS:
        if len({manifest.part(f"{population}.{projection}.arrow").rows for projection in PROJECTIONS}) > 1:
            raise SubmissionError(f"manifest: the projections of {population} differ in rows; run `kinlink party submit` again")


def write_table(table: pa.Table) -> bytes:
    """Return `table` as an Arrow IPC file."""
    sink = io.BytesIO()
    write_blocks(sink, table.schema, [table])
    return sink.getvalue()


def write_blocks(sink: IO[bytes] | io.RawIOBase, schema: pa.Schema, blocks: Iterable[pa.Table]) -> int:
    """Write tables, one after the other, as one Arrow IPC file; return how many rows they have."""
    rows = 0
    with pa.ipc.new_file(sink, schema) as writer:
        for block in blocks:
            writer.write_table(block)
            rows += block.num_rows
    return rows


def read_table(content: bytes | memoryview, schema: pa.Schema, *, part: str, rows: int) -> pa.Table:
    """Return the table in `content`, an Arrow IPC file of exactly `schema` and `rows`.

    Raises:
        SubmissionError: it is not such a file, has another schema or row count, or holds a null.
    """
    try:
        table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        raise SubmissionError(f"part {part}: not a readable Arrow IPC file; encode and submit again") from None
    if not table.schema.equals(schema):
        raise SubmissionError(f"part {part}: columns are not those of this format version; update Kinlink and submit again")
    if table.num_rows != rows:
        raise SubmissionError(f"part {part}: row count differs from the manifest; encode and submit again")
    if any(column.null_count for column in table.columns):
        raise SubmissionError(f"part {part}: a value is missing; encode and submit again")
    return table


SCHEMA_OF_PART: Mapping[str, pa.Schema] = {**dict.fromkeys(ENCODING_PARTS, ENCODINGS), "canaries.arrow": CANARIES}
