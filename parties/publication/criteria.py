"""What must hold of a publication, written before any of it was published, and said in the bulletin with pass or fail. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from parties.publication.places import Level, Row, of_level, region_code
from schemas.aggregate import NATION, NoisedTable


@dataclass(frozen=True)
class Criterion:
    """One rule, by its name in `wording.py`, and whether it holds."""

    name: str
    holds: bool


def criteria(table: NoisedTable, rows: Sequence[Row]) -> list[Criterion]:
    """Return every rule and whether it holds of what is published."""
    areas = of_level(rows, Level.AUTHORITY)
    whole = of_level(rows, Level.NATION)
    codes = [row.place.code for row in rows]
    return [
        Criterion("every place once", len(codes) == len(set(codes)) and [row.place.code for row in whole] == [NATION]),
        Criterion("same places as measured", [cell.area for cell in table.cells] == [cell.area for cell in table.adjusted]),
        Criterion("none below zero", all(row.value >= 0 and row.lower >= 0 for row in rows)),
        Criterion("areas add up", len(whole) == 1 and whole[0].value == sum(row.value for row in areas)),
        Criterion("regions add up", all(_adds_up(row, areas) for row in of_level(rows, Level.REGION))),
        Criterion("intervals hold their counts", all(row.lower <= row.value <= row.upper for row in rows)),
        Criterion("wide intervals are marked", all(row.mark for row in rows if _is_wide(row))),
        Criterion("privacy is stated", table.micro_rho > 0 and table.epsilon_per_mille > 0 and len(table.epsilon_per_mille_at) >= 1),
    ]


def _adds_up(region: Row, areas: Sequence[Row]) -> bool:
    return region.value == sum(row.value for row in areas if region_code(row.place) == region.place.code)


def _is_wide(row: Row) -> bool:
    """Say whether the interval reaches further than half of the count; it was rounded up by less than one."""
    return 2 * (row.upper - row.value - 1) > row.value
