"""What must hold of a publication, written before any of it was published, and said in the bulletin with pass or fail. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from parties.publication.places import AGES, Level, Row, is_within, level_of, of_all_ages, of_level
from schemas.aggregate import ALL_AGES, NATION, Cell, NoisedTable


@dataclass(frozen=True)
class Criterion:
    """One rule, by its name in `wording.py`, and whether it holds."""

    name: str
    holds: bool


def criteria(table: NoisedTable, rows: Sequence[Row]) -> list[Criterion]:
    """Return every rule and whether it holds of what is published."""
    whole = of_level(of_all_ages(rows), Level.NATION)
    cells = [(row.place.code, row.age) for row in rows]
    return [
        Criterion("every place once", len(cells) == len(set(cells)) and [row.place.code for row in whole] == [NATION]),
        Criterion("same places as measured", _authorities(table.cells) == _authorities(table.adjusted)),
        Criterion("none below zero", all(row.value >= 0 and row.lower >= 0 for row in rows)),
        Criterion("areas add up", bool(whole) and all(_adds_up(row, rows) for row in of_level(rows, Level.NATION))),
        Criterion("regions add up", all(_adds_up(row, rows) for level in (Level.COUNTRY, Level.REGION) for row in of_level(rows, level))),
        Criterion("ages add up", all(_ages_add_up(row, rows) for row in of_all_ages(rows))),
        Criterion("intervals hold their counts", all(row.lower <= row.value <= row.upper for row in rows)),
        Criterion("wide intervals are marked", all(row.mark for row in rows if _is_wide(row))),
        Criterion("privacy is stated", table.micro_rho > 0 and table.epsilon_per_mille > 0 and len(table.epsilon_per_mille_at) >= 1),
    ]


def _authorities(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    return sorted((cell.area, cell.age) for cell in cells if level_of(cell.area) is Level.AUTHORITY)


def _adds_up(whole: Row, rows: Sequence[Row]) -> bool:
    return whole.value == sum(
        row.value for row in of_level(rows, Level.AUTHORITY) if row.age == whole.age and is_within(row.place, whole.place)
    )


def _ages_add_up(whole: Row, rows: Sequence[Row]) -> bool:
    ages = {row.age: row.value for row in rows if row.place == whole.place and row.level == whole.level and row.age != ALL_AGES}
    return ages.keys() == set(AGES) and whole.value == sum(ages.values())


def _is_wide(row: Row) -> bool:
    """Say whether the interval reaches further than half of the count; it was rounded up by less than one."""
    return 2 * (row.upper - row.value - 1) > row.value
