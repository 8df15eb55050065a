"""A round's noised counts made to add up: ages to totals, areas to what they lie in, whole, none below 0. Follows from noised integers alone. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from linkage.disclosure.integers import whole_tables
from linkage.disclosure.least_squares import estimate
from linkage.disclosure.measuring import half_width, interval, mark
from linkage.disclosure.places import COUNTRY, REGION, SIX_QUERIES, Places
from linkage.disclosure.strategy import Measurement, Numbers, Query
from schemas.aggregate import AGES, ALL_AGES, Age, Cell


def as_cells(measurements: Iterable[Measurement], places: Places) -> list[Cell]:
    """Return measurements as they are stored and shown: a cell for every value, with the interval of its own noise."""
    return [
        Cell(area=area, age=age, value=value, lower=value - half_width(item.scale), upper=value + half_width(item.scale))
        for item in measurements
        for area, age, value in _valued(item.query, item.values, places)
    ]


def adjusted(cells: Sequence[Cell], places: Places, scales: Sequence[float]) -> list[Cell]:
    """Return the cells of every place and age, nation first, as they are published: adjusted values with intervals and marks.

    Args:
        cells: as measured, of `SIX_QUERIES`.
        places: the tree of the areas.
        scales: of each query's noise.
    """
    measured = {(cell.area, cell.age): cell.value for cell in cells}
    measurements = [Measurement(query, _values(query, measured, places), scale) for query, scale in zip(SIX_QUERIES, scales, strict=True)]
    estimates, domain = estimate(measurements, places.domain), places.domain
    whole = whole_tables([item.cells for item in estimates], domain)
    found = []
    for level in range(domain.levels):
        for by_age in (False, True):
            query = Query(level, by_age=by_age, by_sex=False, per_mille=0)
            deviations = estimates[level].deviations(query).ravel()
            valued = _valued(query, query.of(whole[level]), places)
            found += [
                _cell(*item, float(deviation))
                for item, deviation in zip(valued, deviations, strict=True)
                if _is_published(level, item[0], places)
            ]
    return found


def _valued(query: Query, values: np.ndarray, places: Places) -> Iterator[tuple[str, Age, int]]:
    """Yield area, age and value of every cell of a query's table."""
    for area, row in zip(places.codes[query.level], values[:, :, 0].tolist(), strict=True):
        for age, value in zip(AGES if query.by_age else (ALL_AGES,), row, strict=True):
            yield area, age, int(value)


def _values(query: Query, measured: Mapping[tuple[str, Age], int], places: Places) -> Numbers:
    ages = AGES if query.by_age else (ALL_AGES,)
    rows = [[measured[area, age] for age in ages] for area in places.codes[query.level]]
    return np.array(rows, dtype=np.int64)[:, :, np.newaxis]


def _is_published(level: int, area: str, places: Places) -> bool:
    """Say whether a place stands for itself: Wales is a country, and the rest of a country is none."""
    return level != REGION or area not in places.codes[COUNTRY]


def _cell(area: str, age: Age, value: int, deviation: float) -> Cell:
    lower, upper = interval(value, deviation)
    return Cell(area=area, age=age, value=value, lower=lower, upper=upper, mark="u" if mark(value, deviation) else "")
