"""A round's noised counts made to add up: areas to the nation, whole, none below 0. Follows from noised integers alone. Pure."""

from collections.abc import Sequence

import numpy as np

from linkage.disclosure.integers import whole_tables
from linkage.disclosure.least_squares import estimate
from linkage.disclosure.measuring import interval, mark
from linkage.disclosure.noise import NATION_PER_MILLE, PER_MILLE, Plan
from linkage.disclosure.strategy import Domain, Measurement, Query
from schemas.aggregate import Cell

_TOTALS = (
    Query(level=0, by_age=False, by_sex=False, per_mille=NATION_PER_MILLE),
    Query(level=1, by_age=False, by_sex=False, per_mille=PER_MILLE - NATION_PER_MILLE),
)


def adjusted(cells: Sequence[Cell], noise: Plan) -> list[Cell]:
    """Return the cells, nation first, as they are published: adjusted values with intervals and marks.

    Args:
        cells: as measured, the nation first.
        noise: how noisy each query was.
    """
    domain = Domain(parents=((0,) * (len(cells) - 1),) if len(cells) > 1 else (), ages=1, sexes=1)
    values = [np.array([cell.value for cell in level], dtype=np.int64).reshape(-1, 1, 1) for level in (cells[:1], cells[1:])]
    scales = (noise.nation_scale, noise.areas_scale)
    measured = [Measurement(*item) for item in zip(_TOTALS, values, scales, strict=True)]
    estimates = estimate(measured[: domain.levels], domain)
    whole = np.concatenate([table.ravel() for table in whole_tables([item.cells for item in estimates], domain)])
    deviations = np.concatenate([item.deviations(query).ravel() for item, query in zip(estimates, _TOTALS, strict=False)])
    return [_cell(cell.area, int(value), float(deviation)) for cell, value, deviation in zip(cells, whole, deviations, strict=True)]


def _cell(area: str, value: int, deviation: float) -> Cell:
    lower, upper = interval(value, deviation)
    return Cell(area=area, value=value, lower=lower, upper=upper, mark="u" if mark(value, deviation) else "")
