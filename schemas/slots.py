"""Slots, requests and answers: what travels in the second look, who sends which, and how much of it. Pure.

The uploader of a pair sends slots for each of its filters before any search; the responder answers requests for its own.
Every table has rows of one size, and every filter the same number of slots, requests and answers, whatever was found.

    SLOTS      pseudonym, nonce, tags, opener "right", join sealed under opener "left"      uploader, with its submission
    REQUESTS   pseudonym, nonce                                                             service to responder, in two waves
    ANSWERS    nonce, tags, opener "left", join sealed under opener "right"                 responder
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import pyarrow as pa

from schemas.byte_columns import Bytes2D, fixed_bytes, id_column
from schemas.encoding_set import PSEUDONYM_BYTES, Population, read_table
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
}


def _schema(*names: str) -> pa.Schema:
    return pa.schema([pa.field(name, pa.binary(_WIDTHS[name]), nullable=False) for name in names])


ANSWERS: Final = _schema("nonce", "tags", "opener", "join")
SLOTS: Final = _schema("pseudonym", "nonce", "tags", "opener", "join")
REQUESTS: Final = _schema("pseudonym", "nonce")


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
