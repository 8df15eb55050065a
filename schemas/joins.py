"""Who a person is in a round, and how an authority is related to a child. Pure.

Which pseudonyms are one person's, and which child belongs to which adult, travels sealed alone: see `schemas.sealed_join`.
"""

from datetime import date
from enum import IntEnum
from typing import NamedTuple

from schemas.agreement import Projection
from schemas.encoding_set import PSEUDONYM_BYTES

PERSON_BYTES = PSEUDONYM_BYTES
# A person's id is the pseudonym of the person's first filter, in the first of these projections that has one: so who is named
# by a tie can be looked at in the second wave, and nothing more travels for it.
NAMING: tuple[Projection, ...] = ("A", "D", "B", "C")


class Standing(IntEnum):
    """An authority's relation to a child; the lower number is the one that acts."""

    LOOKED_AFTER = 0
    RESIDENT = 1
    SCHOOL_ONLY = 2
    FORMER = 3


class Relation(NamedTuple):
    """An authority's relation to a child: standing, and quarter of the last contact (4 x year + quarter - 1; 0: not said)."""

    standing: Standing
    last_contact: int = 0


def quarter_of(day: date) -> int:
    """Return a day's quarter, 4 x year + quarter - 1."""
    return 4 * day.year + (day.month - 1) // 3
