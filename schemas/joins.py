"""Joins and family ties: which pseudonyms are one person's, which child belongs to which adult. Pure.

The one place where a person is put together from its projections. Today these tables travel in the clear inside a
submission, so the linkage service learns every person's join and every family's shape (SECURITY.md lists this as open).
They will travel sealed, opened by second-look answers for real pairs only; nothing outside this module reads them.

    adults.joins.arrow, children.joins.arrow   person (16), pseudonym (16): one row per filter
    ties.arrow                                 adult (16), child (16): persons of this submission
    standings.arrow                            child (16), standing (uint8): the authority's relation to the child
"""

from collections.abc import Mapping
from enum import IntEnum

import pyarrow as pa

from schemas.encoding_set import POPULATIONS, PSEUDONYM_BYTES, SCHEMA_OF_PART

PERSON_BYTES = PSEUDONYM_BYTES


class Standing(IntEnum):
    """An authority's relation to a child; the lower number is the one that acts."""

    LOOKED_AFTER = 0
    RESIDENT = 1
    SCHOOL_ONLY = 2
    FORMER = 3


ACTING_STANDINGS = (Standing.LOOKED_AFTER, Standing.RESIDENT)

_ID = pa.binary(PERSON_BYTES)
JOINS = pa.schema([pa.field("person", _ID, nullable=False), pa.field("pseudonym", _ID, nullable=False)])
TIES = pa.schema([pa.field("adult", _ID, nullable=False), pa.field("child", _ID, nullable=False)])
STANDINGS = pa.schema([pa.field("child", _ID, nullable=False), pa.field("standing", pa.uint8(), nullable=False)])

JOIN_PARTS: Mapping[str, pa.Schema] = {
    **{f"{population}.joins.arrow": JOINS for population in POPULATIONS},
    "ties.arrow": TIES,
    "standings.arrow": STANDINGS,
}
ALL_PARTS: Mapping[str, pa.Schema] = {**SCHEMA_OF_PART, **JOIN_PARTS}
