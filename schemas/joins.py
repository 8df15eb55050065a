"""Who a person is in a round, and how an authority is related to a child. Pure.

Which pseudonyms are one person's, and which child belongs to which adult, travels sealed alone: see `schemas.sealed_join`.
"""

from enum import IntEnum

from schemas.encoding_set import PSEUDONYM_BYTES

PERSON_BYTES = PSEUDONYM_BYTES


class Standing(IntEnum):
    """An authority's relation to a child; the lower number is the one that acts."""

    LOOKED_AFTER = 0
    RESIDENT = 1
    SCHOOL_ONLY = 2
    FORMER = 3


ACTING_STANDINGS = (Standing.LOOKED_AFTER, Standing.RESIDENT)
