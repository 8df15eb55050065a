"""What protects a child when its envelope is opened: one table from the codes of its record to what the desk does. Pure.

A protected child stays in the pool, so that no sibling or namesake becomes the best match; the token is used up by rule, here.
Codes are the authority's own and never leave its node. Of several codes the strictest counts.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

from schemas.attributes import Attributes

SEPARATOR: Final = " "


class Opening(IntEnum):
    """What becomes of an opened envelope, the milder first."""

    ROUTED = 0  # by the routing table
    PEOPLE_FIRST = 1  # by the routing table, once two people approve: an earlier referral was of the wrong child
    RESTRICTED = 2  # to children's social care alone, in a document without the child's name, once two people approve
    NOT_SHOWN = 3  # to nobody: the token is used up, and one audit row is all there is
    UNKNOWN = 4  # a code that the table does not know: nothing is done before somebody has mended the record


HELD: Final = frozenset({Opening.PEOPLE_FIRST, Opening.RESTRICTED})  # until two people approve
PROTECTION: Final[Mapping[str, Opening]] = {
    "adopted": Opening.NOT_SHOWN,
    "witness_protection": Opening.NOT_SHOWN,
    "objection_upheld": Opening.NOT_SHOWN,
    "with_parent_in_unit": Opening.NOT_SHOWN,  # a child in a mother-and-baby unit is with its parent
    "refuge": Opening.RESTRICTED,
    "contact_order": Opening.RESTRICTED,
    "domestic_abuse": Opening.RESTRICTED,
    "sensitive": Opening.RESTRICTED,
}


BY_THE_PRISON_SERVICE: Final = "contact_order"  # as the routing table reads its mark


def opening_for(receptions: Sequence[Attributes] | None) -> Opening:
    """Return what becomes of an envelope by what the prison service says of the receptions behind it; None is what cannot be read."""
    if receptions is None:
        return Opening.PEOPLE_FIRST
    return Opening.RESTRICTED if any(item.is_restricted for item in receptions) else Opening.ROUTED


def opening_of(protection: str) -> Opening:
    """Return what becomes of a child's envelope, from the codes of its record with a space between them."""
    return max((PROTECTION.get(code, Opening.UNKNOWN) for code in protection.split(SEPARATOR) if code), default=Opening.ROUTED)


def is_restricted(protection: str) -> bool:
    """Say whether children's social care alone may read of a child."""
    return opening_of(protection) is Opening.RESTRICTED
