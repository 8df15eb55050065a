"""Measured cells: least squares against a plain solver, whole tables that add up, intervals, marks and cost."""

import numpy as np
import pytest
from scipy import stats

from linkage.disclosure import measuring
from linkage.disclosure.integers import shared_out, whole_tables
from linkage.disclosure.least_squares import estimate
from linkage.disclosure.measuring import interval, mark, measure, total_cost
from linkage.disclosure.strategy import AUTHORITY, EIGHT_QUERIES, NATION, REGION, Domain, Measurement, Query, by_level, granted

DOMAIN = Domain(parents=((0, 0, 0), (0, 0, 1, 1, 1, 2)), ages=3, sexes=2)
CAP, MICRO_RHO = 4, 24_356


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def cells(rng, domain=DOMAIN, mean=20):
    return rng.poisson(mean, (domain.places(domain.levels - 1), domain.ages, domain.sexes)).astype(np.int64)


def roughly_measured(exact, domain, rng, queries=EIGHT_QUERIES):
    """Measure with a rounded normal of a scale per query: what follows is arithmetic, so the sampler does not matter."""
    levels = by_level(exact, domain)
    made = []
    for place, query in enumerate(queries):
        values = query.of(levels[query.level])
        scale = 3.0 + place
        made.append(Measurement(query, values + np.rint(rng.normal(0, scale, values.shape)).astype(np.int64), scale))
    return made


def plainly_solved(measurements, domain):
    """Return estimates and covariance of the last level's cells by one dense weighted least-squares problem."""
    size = domain.places(domain.levels - 1) * domain.ages * domain.sexes
    units = np.eye(size, dtype=np.int64).reshape(size, -1, domain.ages, domain.sexes)
    rows = [np.array([item.query.of(by_level(unit, domain)[item.query.level]).ravel() for unit in units]).T for item in measurements]
    weights = np.concatenate([np.full(item.values.size, item.scale**-2) for item in measurements])
    design, said = np.vstack(rows), np.concatenate([item.values.ravel() for item in measurements])
    covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
    return covariance @ design.T @ (weights * said), covariance


def test_two_passes_give_what_a_dense_solver_gives(rng):
    measurements = roughly_measured(cells(rng), DOMAIN, rng)
    expected, covariance = plainly_solved(measurements, DOMAIN)
    last = estimate(measurements, DOMAIN)[-1]
    assert last.cells.ravel() == pytest.approx(expected)
    every_cell = Query(AUTHORITY, by_age=True, by_sex=True, per_mille=0)
    assert last.deviations(every_cell).ravel() ** 2 == pytest.approx(np.diag(covariance))


@pytest.mark.parametrize("query", EIGHT_QUERIES, ids=lambda query: f"{query.level}-{query.by_age}-{query.by_sex}")
def test_deviations_of_sums_are_those_of_the_dense_solver(rng, query):
    measurements = roughly_measured(cells(rng), DOMAIN, rng)
    covariance = plainly_solved(measurements, DOMAIN)[1]
    units = np.eye(len(covariance)).reshape(len(covariance), -1, DOMAIN.ages, DOMAIN.sexes)
    summed = np.array([query.of(by_level(unit, DOMAIN)[query.level]).ravel() for unit in units]).T
    said = estimate(measurements, DOMAIN)[query.level].deviations(query).ravel()
    assert said**2 == pytest.approx(np.diag(summed @ covariance @ summed.T))


def test_without_the_last_level_s_cells_nothing_is_estimated(rng):
    with pytest.raises(ValueError, match="last level's cells must be measured"):
        estimate(roughly_measured(cells(rng), DOMAIN, rng, EIGHT_QUERIES[:-1]), DOMAIN)


@pytest.mark.parametrize("mean", [0, 0.3, 5, 400])
def test_whole_tables_add_up_and_are_never_negative(rng, mean):
    exact = cells(rng, mean=mean)
    for _ in range(5):
        found = whole_tables([item.cells for item in estimate(roughly_measured(exact, DOMAIN, rng), DOMAIN)], DOMAIN)
        for level in (REGION, AUTHORITY):
            assert np.array_equal(DOMAIN.up(found[level], level), found[level - 1])
        assert all(table.dtype == np.int64 and table.min() >= 0 for table in found)


def test_estimates_that_are_whole_already_stay_as_they_are(rng):
    levels = by_level(cells(rng), DOMAIN)
    found = whole_tables([level.astype(float) for level in levels], DOMAIN)
    assert all(np.array_equal(*pair) for pair in zip(found, levels, strict=True))


def test_controlled_rounding_moves_no_cell_by_a_child():
    domain = Domain(parents=((0, 0, 0),), ages=3, sexes=1)
    wanted = np.full((3, 3, 1), 1 / 3)
    found = whole_tables([wanted.sum(axis=0, keepdims=True), wanted], domain)[1]
    assert sorted(found.ravel()) == [0] * 6 + [1] * 3
    assert found.sum(axis=0).ravel().tolist() == found.sum(axis=1).ravel().tolist() == [1, 1, 1]


@pytest.mark.parametrize(("wanted", "total"), [([2.6, 2.6, -4.0], 5), ([-3.0, -2.0, -9.0], 2), ([0.5, 0.5, 7.0], 0), ([1e6, 0.1, 0.1], 3)])
def test_sharing_out_keeps_the_total(wanted, total):
    found = shared_out(np.array(wanted), total)
    assert found.sum() == total
    assert found.min() >= 0


def test_measuring_costs_what_was_granted(rng):
    measurements = measure(cells(rng), DOMAIN, EIGHT_QUERIES, cap=CAP, micro_rho=MICRO_RHO)
    assert total_cost([item.scale for item in measurements], CAP) == MICRO_RHO
    assert [item.values.size for item in measurements] == [1, 6, 3, 18, 6, 18, 12, 36]


def test_measuring_adds_noise_of_the_scale_that_it_says(rng):
    domain = Domain(parents=((0,), (0,) * 1_500))
    exact = cells(rng, domain)
    item = measure(exact, domain, (Query(AUTHORITY, by_age=True, by_sex=True, per_mille=1_000),), cap=CAP, micro_rho=MICRO_RHO)[0]
    squares = float((((item.values - exact) / item.scale) ** 2).sum())
    assert stats.chi2.ppf(1e-10, exact.size) < squares < stats.chi2.isf(1e-10, exact.size)


def test_cells_of_another_domain_are_refused(rng):
    with pytest.raises(ValueError, match="not those of the domain"):
        measure(cells(rng)[1:], DOMAIN, EIGHT_QUERIES, cap=CAP, micro_rho=MICRO_RHO)


def test_shares_beyond_the_whole_are_refused():
    with pytest.raises(ValueError, match="more than the release's rho"):
        granted((*EIGHT_QUERIES, Query(NATION, by_age=False, by_sex=False, per_mille=1)), MICRO_RHO)


@pytest.mark.parametrize("parents", [((0, 1),), ((0, 0), (0, 0)), ((0, 2),)])
def test_a_place_without_parent_or_child_is_refused(parents):
    with pytest.raises(ValueError, match="every place needs a parent"):
        Domain(parents=parents)


def test_a_family_moves_every_query_by_no_more_than_the_cap(rng):
    for _ in range(50):
        exact = cells(rng)
        other = exact.copy()
        for _ in range(CAP):
            other[tuple(rng.integers(exact.shape))] += 1
        for query in EIGHT_QUERIES:
            moved = [query.of(by_level(table, DOMAIN)[query.level]) for table in (exact, other)]
            assert np.linalg.norm((moved[1] - moved[0]).astype(float)) <= CAP


def test_the_interval_is_whole_and_stops_at_nothing():
    assert interval(100, 10.0) == (80, 120)
    assert interval(3, 10.0) == (0, 23)


def test_a_value_is_marked_where_its_interval_reaches_beyond_half_of_it():
    assert [mark(value, 10.0) for value in (0, 39, 40)] == [measuring.UNRELIABLE, measuring.UNRELIABLE, ""]
