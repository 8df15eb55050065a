"""How complete an extract is: the share of rows that fill each column; and, in a prison service's, the record of children, by establishment.

Rule 7(f) of the United Nations' Mandela Rules asks that on admission the names of a prisoner's family be recorded, with children's ages, location and custody or
guardianship status; Bangkok Rule 3 the same of women's children. What is counted is what was written down: that nobody asked is no "no children".
The figures are the custodian's own and stay with it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from parties.extracts.check import EXTRACT_DIRECTORY
from parties.extracts.read import read_extract
from parties.settings import NodeSettings
from schemas.extracts import load_rules

RECEPTIONS, DECLARED = "receptions", "declared_children"
ASKED, GUARDIANSHIP = "children_asked", "guardianship"
PLACE: Final = ("address", "town", "postcode")
WOMEN: Final = "F"


@dataclass
class Declared:
    """Of one establishment, or of all: receptions, of how many it is written down that they were asked, and what is known of declared children."""

    received: int = 0
    asked: int = 0
    declaring: int = 0
    children: int = 0
    with_age: int = 0
    with_location: int = 0
    with_guardianship: int = 0

    def counted(self) -> dict[str, int]:
        """Return the figures by name."""
        return dict(vars(self))


@dataclass(frozen=True)
class Completeness:
    """The share of rows, in per mille, that fill each column, by file; and declared children by establishment, in all, and of women."""

    columns: Mapping[str, Mapping[str, int]]
    establishments: Mapping[str, Declared] = field(default_factory=dict)
    everybody: Declared | None = None
    women: Declared | None = None


def completeness(settings: NodeSettings) -> Completeness:
    """Return how complete the node's extract is.

    Raises:
        ExtractError: a file is missing or unreadable.
    """
    columns = {name: _filled(settings, name) for name in load_rules(settings.kind).files}
    if settings.kind != "prison-service":
        return Completeness(columns)
    establishments: dict[str, Declared] = defaultdict(Declared)
    everybody, women = Declared(), Declared()
    known: dict[str, list[Declared]] = {}
    for row in _rows(settings, RECEPTIONS):
        counted = [establishments[row["establishment"]], everybody, *([women] if row["sex"] == WOMEN else [])]
        known[row["nomis_number"]] = counted
        for one in counted:
            one.received += 1
            one.asked += row.get(ASKED) == "yes"
    declaring = set[str]()
    for row in _rows(settings, DECLARED):
        for one in known.get(row["nomis_number"], []):
            one.declaring += row["nomis_number"] not in declaring
            one.children += 1
            one.with_age += bool(row["date_of_birth"])
            one.with_location += any(row[name] for name in PLACE)
            one.with_guardianship += bool(row.get(GUARDIANSHIP))
        declaring.add(row["nomis_number"])
    return Completeness(columns, dict(sorted(establishments.items())), everybody, women)


def _filled(settings: NodeSettings, name: str) -> dict[str, int]:
    """Return of each column the share of rows that fill it, in per mille; of no rows, nothing."""
    rows, filled = 0, Counter[str]()
    for chunk in read_extract(settings.path(EXTRACT_DIRECTORY), name):
        rows += len(chunk.frame)
        for column in chunk.frame.columns:
            filled[str(column)] += int((chunk.frame[column].fillna("") != "").sum())
    return {column: 1_000 * count // rows for column, count in filled.items()} if rows else {}


def _rows(settings: NodeSettings, name: str) -> Any:
    for chunk in read_extract(settings.path(EXTRACT_DIRECTORY), name):
        yield from chunk.frame.fillna("").to_dict("records")
