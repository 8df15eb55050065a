"""How far a round's own table is off: six queries over the real authorities, noised, weighed, and made to add up. On an invented nation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from flows.bench.counts import CAP, MICRO_RHO
from linkage.disclosure.integers import whole_tables
from linkage.disclosure.least_squares import estimate
from linkage.disclosure.measuring import half_width, measure
from linkage.disclosure.places import AUTHORITY, COUNTRY, NATION, REGION, SIX_QUERIES, Places
from linkage.disclosure.strategy import Numbers, Query, by_level
from schemas.geography import authorities
from schemas.joins import AgeBand
from validation.synthetic.nation import nation_counts

_LEVELS = {"nation": NATION, "country": COUNTRY, "region": REGION, "authority": AUTHORITY}
TABLES = {
    name + (" x age" if by_age else ""): Query(level, by_age=by_age, by_sex=False, per_mille=0)
    for name, level in _LEVELS.items()
    for by_age in (False, True)
}


@dataclass(frozen=True)
class Released:
    """Of each table: the root of the mean squared error, in children, and the share of 95 % intervals that hold the exact count."""

    rmse: dict[str, float]
    covered: dict[str, float]


def release(*, seed: int, repetitions: int, tell: Callable[[int], None]) -> Released:
    """Publish an invented nation `repetitions` times as a round's table is; `tell` hears of each."""
    domain = Places(tuple(authorities())).domain
    cells = _cells(seed)
    exact = by_level(cells, domain)
    squares: dict[str, list[float]] = {name: [] for name in TABLES}
    held: dict[str, list[float]] = {name: [] for name in TABLES}
    for repetition in range(repetitions):
        estimates = estimate(measure(cells, domain, SIX_QUERIES, cap=CAP, micro_rho=MICRO_RHO), domain)
        whole = whole_tables([item.cells for item in estimates], domain)
        for name, query in TABLES.items():
            off = cast("Numbers", query.of(whole[query.level])) - cast("Numbers", query.of(exact[query.level]))
            reach = np.vectorize(half_width)(estimates[query.level].deviations(query))
            squares[name].append(float(np.mean(off**2)))
            held[name].append(float(np.mean(np.abs(off) <= reach)))
        tell(repetition + 1)
    rmse = {name: float(np.sqrt(np.mean(values))) for name, values in squares.items()}
    return Released(rmse, {name: float(np.mean(values)) for name, values in held.items()})


def _cells(seed: int) -> Numbers:
    """Return the invented counts of the authorities by age, all ages known, in the order of `AgeBand`."""
    by_age = nation_counts(len(authorities()), seed).sum(axis=2)
    cells = np.zeros((len(by_age), len(AgeBand), 1), dtype=np.int64)
    cells[:, AgeBand.UNDER_5 :, 0] = by_age
    return cells
