"""What is published: a row for every place and age, out of a noised table alone. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.aggregate import ALL_AGES, NATION, Age, Cell, NoisedTable
from schemas.geography import Place, authority, countries, nation, regions

LANGUAGES: Final = ("en", "cy")
AGES: Final[tuple[Age, ...]] = ("0-4", "5-9", "10-14", "15+", "unknown")  # as they are read


class Level(StrEnum):
    """What kind of place a row is of."""

    NATION = "nation"
    COUNTRY = "country"
    REGION = "region"
    AUTHORITY = "authority"


@dataclass(frozen=True)
class Row:
    """One published count: where, of what age, the number, its interval for the noise, and `u` where that reaches further than half of the number."""

    level: Level
    place: Place
    age: Age
    value: int
    lower: int
    upper: int
    mark: str


def published_rows(table: NoisedTable, names: Mapping[str, str]) -> list[Row]:
    """Return the rows of what is published: the nation, countries, regions and authorities, each for all ages; then each by age.

    Args:
        table: as `parties.statistics.fetch_table` gave it.
        names: area code → name, for areas that the published table of places does not have.
    """
    rows = [published_row(cell, names) for cell in table.adjusted]
    return sorted(rows, key=lambda row: row.age != ALL_AGES)  # the sort keeps what is equal in order


def published_row(cell: Cell, names: Mapping[str, str]) -> Row:
    """Return one published count as a row; `names` as in `published_rows`."""
    return _row(level_of(cell.area), cell, names)


def measured_rows(table: NoisedTable, names: Mapping[str, str]) -> list[Row]:
    """Return what was measured, nation, regions and authorities: unbiased, maybe negative, not adding up.

    Wales is measured as a region; so is what lies in a country and in no region of it that is known.
    """
    return [_row(Level.REGION if cell.area in countries() else level_of(cell.area), cell, names) for cell in table.cells]


def of_level(rows: Iterable[Row], level: Level) -> list[Row]:
    """Return the rows of one kind of place."""
    return [row for row in rows if row.level is level]


def of_all_ages(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that are of children of all ages."""
    return [row for row in rows if row.age == ALL_AGES]


def region_code(place: Place) -> str:
    """Return the region that an authority lies in, Wales's code for those in Wales; empty where it is not known."""
    return place.within


def is_within(place: Place, whole: Place) -> bool:
    """Say whether an authority lies in a region, a country, or the nation."""
    region = regions().get(place.within)
    country = region.within if region else next(code for code in countries() if code[0] == place.code[0])
    return whole.code in (place.within, country, NATION)


def level_of(code: str) -> Level:
    """Return what kind of place a code stands for; Wales is a country."""
    if code == NATION:
        return Level.NATION
    if code in countries():
        return Level.COUNTRY
    return Level.REGION if code in regions() else Level.AUTHORITY


def _row(level: Level, cell: Cell, names: Mapping[str, str]) -> Row:
    return Row(level, _place(cell.area, names), cell.age, cell.value, cell.lower, cell.upper, cell.mark)


def _place(code: str, names: Mapping[str, str]) -> Place:
    named = names.get(code, code)
    known = nation() if code == NATION else countries().get(code) or regions().get(code) or authority(code)
    return known or Place(code, named, named)
