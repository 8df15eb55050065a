"""What is published: a row for every place, out of a noised table alone. Pure.

Regions and countries are sums of what was published of their authorities, so they cost no privacy. Their interval is that of a sum of independent
noise, as measured; adjusting only makes it safer, for least squares adds no variance.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.aggregate import NATION, Cell, NoisedTable
from schemas.geography import Place, authority, countries, nation, regions

LANGUAGES: Final = ("en", "cy")
UNRELIABLE: Final = "u"


class Level(StrEnum):
    """What kind of place a row is of."""

    NATION = "nation"
    COUNTRY = "country"
    REGION = "region"
    AUTHORITY = "authority"


@dataclass(frozen=True)
class Row:
    """One published count: where, the number, its interval for the noise, and `u` where that reaches further than half of the number."""

    level: Level
    place: Place
    value: int
    lower: int
    upper: int
    mark: str


def published_rows(table: NoisedTable, names: Mapping[str, str]) -> list[Row]:
    """Return a row for the nation, for each country and region that has an authority here, and for each authority, in this order.

    Args:
        table: as `parties.statistics.fetch_table` gave it.
        names: area code → name, for areas that the published table of places does not have.
    """
    whole, *areas = table.adjusted
    places = {
        cell.area: authority(cell.area) or Place(cell.area, names.get(cell.area, cell.area), names.get(cell.area, cell.area))
        for cell in areas
    }
    halves = {cell.area: _half(cell) for cell in table.cells}
    rows = [_row(Level.NATION, nation(), whole)]
    for level, known, of in ((Level.COUNTRY, countries(), _country_of), (Level.REGION, regions(), _region_of)):
        for code, place in known.items():
            within = [cell for cell in areas if of(places[cell.area]) == code]
            if within and not (level is Level.REGION and code in countries()):  # Wales is a country
                rows.append(_sum(level, place, within, halves))
    return [*rows, *(_row(Level.AUTHORITY, places[cell.area], cell) for cell in areas)]


def measured_rows(table: NoisedTable, names: Mapping[str, str]) -> list[Row]:
    """Return the same places as measured: unbiased, maybe negative, not adding up."""
    known = {NATION: nation(), **{cell.area: authority(cell.area) for cell in table.cells[1:]}}
    levels = (Level.NATION, *(Level.AUTHORITY for _ in table.cells[1:]))
    return [
        _row(level, known[cell.area] or Place(cell.area, names.get(cell.area, cell.area), names.get(cell.area, cell.area)), cell)
        for level, cell in zip(levels, table.cells, strict=True)
    ]


def of_level(rows: Iterable[Row], level: Level) -> list[Row]:
    """Return the rows of one kind of place."""
    return [row for row in rows if row.level is level]


def region_code(place: Place) -> str:
    """Return the region that an authority lies in, Wales's code for those in Wales; empty where it is not known."""
    return _region_of(place)


def _region_of(place: Place) -> str:
    return place.within


def _country_of(place: Place) -> str:
    region = regions().get(place.within)
    return region.within if region else ""


def _sum(level: Level, place: Place, cells: Sequence[Cell], halves: Mapping[str, float]) -> Row:
    value, half = sum(cell.value for cell in cells), math.ceil(math.hypot(*(halves[cell.area] for cell in cells)))
    return Row(level, place, value, max(0, value - half), value + half, UNRELIABLE if 2 * half > value else "")


def _row(level: Level, place: Place, cell: Cell) -> Row:
    return Row(level, place, cell.value, cell.lower, cell.upper, cell.mark)


def _half(cell: Cell) -> float:
    return (cell.upper - cell.lower) / 2
