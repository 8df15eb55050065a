"""The circumstances in which the children of one authority are, so that a demo's referrals take every branch of the routing table.

An invented population has few children in care and none in another nation. The desk of one authority reads a copy of its list in which
every circumstance is as frequent as any other; nothing else of the population, and nothing that is encoded, changes.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from validation.synthetic.custodians import school_urn, under_five_area

SPREAD_AT: Final = "W06000015"  # the authority whose desk has them all
Row = dict[str, str]

_SILENT: Final = (
    "school_urn", "under_five_area", "education", "case_holder", "responsible_authority", "nation", "expected_on", "care_leaver", "protection",
)  # fmt: skip
_ELSEWHERE: Final = "E06000023"
_AT_SCHOOL: Final = {"school_urn": school_urn(SPREAD_AT, 1)}


class Circumstance(NamedTuple):
    """What a record says of a child, all else being silent; born on the first of January so many years ago, or expected to be."""

    branch: str
    says: Mapping[str, str]
    years: int = 10


CIRCUMSTANCES: Final = (
    Circumstance("restricted", _AT_SCHOOL | {"protection": "refuge"}),
    Circumstance("care leaver", {"care_leaver": "yes"}, 17),
    Circumstance("eighteen: the case closes with a hand-over", {}, 18),
    Circumstance("looked after by another authority", {"responsible_authority": _ELSEWHERE, "standing": "looked_after"}),
    Circumstance("looked after", {"standing": "looked_after", "legal_status": "section_31"}),
    Circumstance("in another nation", {"nation": "scotland"}),
    Circumstance("unborn", {}, -1),
    Circumstance("open to social care", {"legal_status": "child_in_need"}),
    Circumstance("educated at home", {"education": "home_educated"}),
    Circumstance("educated otherwise than at school", {"education": "eotas"}, 14),
    Circumstance("excluded from school", {"education": "excluded"}, 14),
    Circumstance("in no education", {"education": "none"}, 16),
    Circumstance("on a school's roll", _AT_SCHOOL | {"education": "school"}),
    Circumstance("under five and not on roll", {"under_five_area": under_five_area(SPREAD_AT, 1)}, 2),
    Circumstance("sixteen or seventeen, on no roll", {}, 17),
    Circumstance("nothing known", {}),
)
POSTS: Final = (("responsible_authority", _ELSEWHERE), ("other_nation", "scotland"))  # that an invented directory lacks


def in_circumstance(row: Mapping[str, str], today: date) -> Row:
    """Return a child's row as its desk reads it: in the circumstance that its record id falls to."""
    circumstance = CIRCUMSTANCES[crc32(row["child_id"].encode()) % len(CIRCUMSTANCES)]
    silent = dict.fromkeys(_SILENT, "") | {"legal_status": "none", "standing": "resident"}
    birthday = f"{today.year - circumstance.years}-01-01"
    born = {"date_of_birth": birthday} if birthday <= today.isoformat() else {"date_of_birth": "", "expected_on": birthday}
    return {**row, **silent, **born, **circumstance.says}


def spread(lists: Path, today: date) -> None:
    """Write a desk's lists anew: its children spread over all circumstances, and the posts that these ask for added to its directory."""
    _rewrite(lists / "children.csv", lambda rows: (in_circumstance(row, today) for row in rows))
    _rewrite(lists / "directory.csv", _with_posts)


def _with_posts(rows: Iterator[Row]) -> Iterator[Row]:
    row: Row = {}
    for row in rows:
        yield row
    for role, place in POSTS:  # whoever is last holds these, too
        yield row | {"role": role, "area_or_school": place, "position": "holder"}


def _rewrite(path: Path, change: Callable[[Iterator[Row]], Iterator[Row]]) -> None:
    """Put a changed copy of a list in its place, row by row."""
    beside = path.with_suffix(".part")
    with path.open(encoding="utf-8", newline="") as source, beside.open("w", encoding="utf-8", newline="") as sink:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(sink, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(change(reader))
    beside.replace(path)
