"""Who a person is in a round, how an authority is related to a child, and how old the child is. Pure.

Which pseudonyms are one person's, and which child belongs to which adult, travels sealed alone: see `schemas.sealed_join`.
"""

from datetime import date
from enum import IntEnum
from typing import Final, NamedTuple

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


class AgeBand(IntEnum):
    """How old a child is, in completed years, on the day that a round opens: all that is counted by."""

    NOT_KNOWN = 0
    UNDER_5 = 1
    FROM_5_TO_9 = 2
    FROM_10_TO_14 = 3
    FROM_15 = 4


_BANDS: Final = ((5, AgeBand.UNDER_5), (10, AgeBand.FROM_5_TO_9), (15, AgeBand.FROM_10_TO_14))  # below so many years


class Relation(NamedTuple):
    """An authority's relation to a child: standing, quarter of the last contact (4 x year + quarter - 1; 0: not said), and the child's age."""

    standing: Standing
    last_contact: int = 0
    age: AgeBand = AgeBand.NOT_KNOWN


def age_band(date_of_birth: str, on: date) -> AgeBand:
    """Return the age on a day of somebody born on an ISO date; a text that is none gives no age, a day to come the youngest."""
    try:
        born = date.fromisoformat(date_of_birth)
    except ValueError:
        return AgeBand.NOT_KNOWN
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next((band for below, band in _BANDS if years < below), AgeBand.FROM_15)


def quarter_of(day: date) -> int:
    """Return a day's quarter, 4 x year + quarter - 1."""
    return 4 * day.year + (day.month - 1) // 3
