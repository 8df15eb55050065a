"""Slots, requests and answers: what travels in the second look, who sends which, and how much of it. Pure.

The uploader of a pair sends slots for each of its filters before any search; the responder answers requests for its own.
Every table has rows of one size, and every filter the same number of slots, requests and answers, whatever was found.

    SLOTS      pseudonym, nonce, tags, opener "right", join sealed under opener "left"      uploader, with its submission
    REQUESTS   pseudonym, nonce                                                             service to responder, in two waves
    ANSWERS    nonce, tags, opener "left", join sealed under opener "right"                 responder

Beside its slots the prison service sends ATTRIBUTES of every filter of an adult: pseudonym, and what `schemas.attributes` seals.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import pyarrow as pa

from schemas.agreement import PROJECTIONS
from schemas.attributes import ATTRIBUTES_PART, SEALED_ATTRIBUTES_BYTES
from schemas.byte_columns import Bytes2D, fixed_bytes, id_column
from schemas.controls import CONTROLS_PART, SEALED_LISTS
from schemas.encoding_set import PSEUDONYM_BYTES, SCHEMA_OF_PART, Population, SubmissionManifest, read_table
from schemas.errors import SubmissionError
from schemas.roster import Kind
from schemas.sealed_join import OPENER_BYTES, SEALED_JOIN_BYTES
from schemas.second_look import N_TAGS

NONCE_BYTES: Final = 16
TAG_BYTES: Final = 8

Side = Literal["left", "right"]
LEFT: Final = "left"  # the uploader
RIGHT: Final = "right"  # the responder
OTHER_SIDE: Final[Mapping[Side, Side]] = {LEFT: RIGHT, RIGHT: LEFT}

# Which pools are compared, uploader first: precedence is prison service, police, authority, so that the prison service never
# receives a request; authorities are never compared with each other, which would be a list of all children.
SEARCHES: Final[tuple[tuple[Population, Kind, Kind], ...]] = (
    ("adults", Kind.PRISON_SERVICE, Kind.LOCAL_AUTHORITY),
    ("adults", Kind.PRISON_SERVICE, Kind.POLICE),
    ("children", Kind.PRISON_SERVICE, Kind.LOCAL_AUTHORITY),
    ("children", Kind.POLICE, Kind.LOCAL_AUTHORITY),
)


class Volume(NamedTuple):
    """How many nonces a filter has for each kind of counterpart: in the first wave, and kept for the second."""

    first: int
    second: int


WAVES: Final = len(Volume._fields)
Purpose = Literal["referral", "statistics"]
_REFERRAL, _STATISTICS = Volume(3, 1), Volume(1, 0)
VOLUMES: Final[Mapping[Purpose, Mapping[str, Volume]]] = {  # by projection: 16 nonces a record for referrals, 5 for statistics
    "referral": dict.fromkeys("ABCD", _REFERRAL),
    "statistics": {**dict.fromkeys("BCD", _STATISTICS), "A": Volume(1, 1)},
}

_WIDTHS: Final[Mapping[str, int]] = {
    "pseudonym": PSEUDONYM_BYTES,
    "nonce": NONCE_BYTES,
    "tags": N_TAGS * TAG_BYTES,
    "opener": OPENER_BYTES,
    "join": SEALED_JOIN_BYTES,
    "attributes": SEALED_ATTRIBUTES_BYTES,
}


def _schema(*names: str) -> pa.Schema:
    return pa.schema([pa.field(name, pa.binary(_WIDTHS[name]), nullable=False) for name in names])


ANSWERS: Final = _schema("nonce", "tags", "opener", "join")
SLOTS: Final = _schema("pseudonym", "nonce", "tags", "opener", "join")
REQUESTS: Final = _schema("pseudonym", "nonce")
ATTRIBUTES: Final = _schema("pseudonym", "attributes")


# population, projection and kind of responder of every part of slots that some submission has
SLOT_PARTS: Final = tuple(
    dict.fromkeys((population, projection, responder) for population, _, responder in SEARCHES for projection in PROJECTIONS)
)


def slots_part(population: Population, projection: str, responder: Kind) -> str:
    """Return the name of the part with the slots of one projection for one kind of responder."""
    return f"{population}.{projection}.slots.{responder}.arrow"


ALL_PARTS: Final[Mapping[str, pa.Schema]] = {
    **SCHEMA_OF_PART,
    CONTROLS_PART: SEALED_LISTS,
    ATTRIBUTES_PART: ATTRIBUTES,
    **{slots_part(*part): SLOTS for part in SLOT_PARTS},
}


def requests_name(population: Population, projection: str, uploader: Kind) -> str:
    """Return the name of one table of requests, and of the answers to them: of whose slots, and of which filters."""
    return f"{population}.{projection}.{uploader}"


def kind_rows(manifest: SubmissionManifest, uploader: Kind) -> dict[str, int]:
    """Return the parts that a submission has for its kind of uploader, slots and attributes, and how many rows each must have."""
    attributes = {ATTRIBUTES_PART: manifest.rows("adults") * len(PROJECTIONS)} if uploader is Kind.PRISON_SERVICE else {}
    return attributes | {
        slots_part(population, projection, responder): manifest.rows(population) * sum(VOLUMES["referral"][projection])
        for population, kind, responder in SEARCHES
        if kind is uploader
        for projection in PROJECTIONS
    }


def check_kind_parts(manifest: SubmissionManifest, uploader: Kind) -> None:
    """Check that a submission has the slots and attributes that its kind of organisation sends, in the agreed number, and no others.

    Raises:
        SubmissionError: naming the part.
    """
    wanted = kind_rows(manifest, uploader)
    sent = {part.name: part.rows for part in manifest.parts if part.name not in {*SCHEMA_OF_PART, CONTROLS_PART}}
    for name in sorted({*wanted, *sent}):
        if sent.get(name) != wanted.get(name):
            raise SubmissionError(
                f"manifest: part {name} is missing, not asked for, or has another number of rows; run `kinlink party submit` again"
            )


def byte_table(schema: pa.Schema, columns: Mapping[str, Bytes2D]) -> pa.Table:
    """Return arrays of shape (rows, width) as a table of `schema`."""
    return pa.Table.from_arrays([id_column(columns[name]) for name in schema.names], schema=schema)


def byte_columns(table: pa.Table) -> dict[str, Bytes2D]:
    """Return every column of a table of slots, requests or answers as an array of shape (rows, width)."""
    return {name: fixed_bytes(table[name], _WIDTHS[name]) for name in table.column_names}


def read_byte_table(content: bytes | memoryview, schema: pa.Schema, *, part: str, rows: int) -> dict[str, Bytes2D]:
    """Return the columns of a file of slots, requests or answers, of exactly `rows` rows.

    Raises:
        SubmissionError: it is not such a file, or has another number of rows.
    """
    return byte_columns(read_table(content, schema, part=part, rows=rows))
