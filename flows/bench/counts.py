"""How far published counts are off: Kinlink's estimator beside plainer ones, at the same rho, on an invented nation.

All noise comes from the sampler that releases use. Places, sizes and shares are invented; no figure stands for anybody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from linkage.disclosure.integers import whole_tables
from linkage.disclosure.least_squares import Estimates, estimate
from linkage.disclosure.measuring import interval, measure
from linkage.disclosure.strategy import AUTHORITY, EIGHT_QUERIES, NATION, REGION, Domain, Measurement, Numbers, Query, Reals, by_level
from validation.synthetic.nation import nation_counts

CAP, MICRO_RHO = 4, 24_356  # epsilon 1 at delta 1e-6
REGIONS = 10
_NAMES = ("nation", "nation x age x sex", "region", "region x age x sex", "authority", "authority x age", "authority x sex", "detail")
TABLES: dict[str, Query] = dict(zip(_NAMES, EIGHT_QUERIES, strict=True))
EQUAL = tuple(Query(query.level, query.by_age, query.by_sex, 125) for query in EIGHT_QUERIES)
TOP_DOWN = tuple(Query(level, by_age=True, by_sex=True, per_mille=333) for level in (NATION, REGION, AUTHORITY))
AUTHORITY_SIDE = (Query(AUTHORITY, by_age=True, by_sex=True, per_mille=1_000),)


def invented(places: int, seed: int) -> tuple[Domain, Numbers]:
    """Return a nation of ten regions and `places` authorities of uneven size, and its exact counts."""
    domain = Domain(parents=((0,) * REGIONS, tuple(place % REGIONS for place in range(places))))
    return domain, nation_counts(places, seed)


@dataclass
class Errors:
    """What was seen of one method: squared errors of each table, repetition by repetition; seconds of each."""

    squares: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TABLES})
    seconds: list[float] = field(default_factory=list)

    def rmse(self, table: str) -> float:
        """Return the root of the mean squared error of the table's values, in children."""
        return float(np.sqrt(np.mean(self.squares[table])))


@dataclass
class Outcome:
    """What a run of one nation found. `covered` is the share of intervals that hold the exact value; `held` whether all tables added up."""

    places: int
    methods: dict[str, Errors]
    exact_deviation: dict[str, float] = field(default_factory=dict)
    covered: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TABLES})
    held: list[bool] = field(default_factory=list)


def compare(places: int, *, seed: int, repetitions: int, tell: Callable[[int], None]) -> Outcome:
    """Publish the invented nation `repetitions` times by every method and return the errors; `tell` hears of each repetition."""
    domain, cells = invented(places, seed)
    exact = by_level(cells, domain)
    outcome = Outcome(places, {name: Errors() for name in ("kinlink", *PLAINER)})
    for repetition in range(repetitions):
        _kinlink(outcome, cells, exact, domain)
        for name, (queries, publish) in PLAINER.items():
            started = perf_counter()
            published = publish(measured(cells, domain, queries), domain)
            _note(outcome.methods[name], published, exact, started)
        tell(repetition + 1)
    return outcome


def measured(cells: Numbers, domain: Domain, queries: Sequence[Query]) -> list[Measurement]:
    """Measure the queries at the rho that all methods have."""
    return measure(cells, domain, queries, cap=CAP, micro_rho=MICRO_RHO)


def _kinlink(outcome: Outcome, cells: Numbers, exact: list[Numbers], domain: Domain) -> None:
    started = perf_counter()
    estimates = estimate(measured(cells, domain, EIGHT_QUERIES), domain)
    published = whole_tables([item.cells for item in estimates], domain)
    _note(outcome.methods["kinlink"], {name: query.of(published[query.level]) for name, query in TABLES.items()}, exact, started)
    outcome.held.append(_adds_up(published, domain))
    for name, query in TABLES.items():
        deviations = estimates[query.level].deviations(query)
        outcome.exact_deviation[name] = float(np.sqrt(np.mean(deviations**2)))
        outcome.covered[name].append(_covered(query.of(published[query.level]), query.of(exact[query.level]), deviations))


def _covered(published: np.ndarray, exact: np.ndarray, deviations: Reals) -> float:
    bounds = (interval(int(value), float(deviation)) for value, deviation in zip(published.ravel(), deviations.ravel(), strict=True))
    return float(np.mean([low <= value <= high for (low, high), value in zip(bounds, exact.ravel(), strict=True)]))


def _adds_up(published: list[Numbers], domain: Domain) -> bool:
    sums = all(np.array_equal(domain.up(published[level], level), published[level - 1]) for level in range(1, domain.levels))
    return sums and all(table.dtype == np.int64 and table.min() >= 0 for table in published)


def _note(errors: Errors, published: dict[str, np.ndarray], exact: list[Numbers], started: float) -> None:
    errors.seconds.append(perf_counter() - started)
    for name, query in TABLES.items():
        errors.squares[name].append(float(np.mean((published[name] - query.of(exact[query.level])) ** 2.0)))


def _as_measured(measurements: list[Measurement], _: Domain) -> dict[str, np.ndarray]:
    return {name: item.values for name, item in zip(TABLES, measurements, strict=True)}


def _consistent(measurements: list[Measurement], domain: Domain) -> dict[str, np.ndarray]:
    estimates: list[Estimates] = estimate(measurements, domain)
    whole = whole_tables([item.cells for item in estimates], domain)
    return {name: query.of(whole[query.level]) for name, query in TABLES.items()}


def _summed(measurements: list[Measurement], domain: Domain) -> dict[str, np.ndarray]:
    levels = by_level(measurements[0].values, domain)
    return {name: query.of(levels[query.level]) for name, query in TABLES.items()}


PLAINER: dict[str, tuple[tuple[Query, ...], Callable[[list[Measurement], Domain], dict[str, np.ndarray]]]] = {
    "independent noise": (EQUAL, _as_measured),
    "plain top-down": (TOP_DOWN, _consistent),
    "authority-side": (AUTHORITY_SIDE, _summed),
}
