"""The second look's layout: which comparison tags a record has, and at which positions. Pure.

A record has `N_TAGS` comparison tags, whatever it holds: each position belongs to a block, and a block's positions hold tags
of one label. Tags are compared by equality, and only where labels are equal: a forename may stand where another record has
its surname. A position whose component is blank holds random bytes; so do the positions of a block that a record does not
fill. The order within a block of several positions says nothing: its tags are sorted before they leave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

N_BANDS: Final = 4  # of how rare a name is: an exact name stands at the position of its band, so equality shows the band
DOB_DIGITS, YEAR_DIGITS = 8, 4  # YYYYMMDD
PRESENT: Final = "present:"
_PRESENT_FIELDS: Final = ("forename", "surname", "initial", "middle", "year", "day", "postcode", "address", "town", "sex")


@dataclass(frozen=True)
class Block:
    """A run of positions: its label, how many, and whether the order within it means something.

    A block in order is compared position by position; one without by any tag with any.
    """

    label: str
    size: int = 1
    ordered: bool = False


# By name; where a label differs from the name, the block is comparable with others: names may be swapped, an address be old.
BLOCKS: Final[Mapping[str, Block]] = {
    "forename": Block("name", N_BANDS, ordered=True),
    "forename.sound": Block("forename.sound"),
    "forename.initial": Block("forename.initial"),
    "forename.start": Block("forename.start"),
    "forename.root": Block("forename.root", 4),
    "forename.near": Block("forename.near", 8),
    "surname": Block("name", N_BANDS, ordered=True),
    "surname.sound": Block("surname.sound"),
    "surname.near": Block("surname.near", 8),
    "alias.forename": Block("name"),
    "alias.surname": Block("name"),
    "middle": Block("name"),
    "middle.initial": Block("middle.initial"),
    "dob": Block("dob", DOB_DIGITS, ordered=True),
    "dob.swap": Block("dob.swap"),
    "postcode": Block("postcode"),
    "postcode.sector": Block("postcode.sector"),
    "postcode.district": Block("postcode.district"),
    "postcode.former": Block("postcode"),
    "address.number": Block("address.number"),
    "address.street": Block("address.street", 2),
    "town": Block("town"),
    "sex": Block("sex"),
    **{f"{PRESENT}{field}": Block(f"{PRESENT}{field}") for field in _PRESENT_FIELDS},
}


def _positions() -> Mapping[str, slice]:
    found, start = {}, 0
    for name, block in BLOCKS.items():
        found[name] = slice(start, start + block.size)
        start += block.size
    return found


POSITIONS: Final = _positions()
N_TAGS: Final = sum(block.size for block in BLOCKS.values())
LABELS: Final = tuple(
    f"{block.label}.{place}" if name == "dob" else block.label for name, block in BLOCKS.items() for place in range(block.size)
)
