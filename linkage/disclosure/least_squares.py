"""The best estimate of every cell from all measurements at once, and its exact variance. Pure, and no solver.

Turned into an orthonormal basis (total, age, sex, age by sex), the places' tables fall apart into independent trees of
numbers: a query adds precision to some of a place's components and to no other. Each tree is solved exactly in two
passes: up, a place's own measurement is weighed against the sum of its children's; down, what the parent gained is
shared among the children by their variances.

Source: Hay, Rastogi, Miklau & Suciu (2010), consistency in hierarchies, here with unequal variances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from linkage.disclosure.strategy import Domain, Measurement, Query, Reals


@dataclass(frozen=True, repr=False)
class Estimates:
    """Estimates of one level's cells, places x ages x sexes, and the variances of their components.

    Children add up to parents but for rounding in floating point; values may be negative and are not whole.
    """

    cells: Reals
    component_variances: Reals

    def deviations(self, query: Query) -> Reals:
        """Return the standard deviation of every value of the query's table, of its shape; the noise's share alone."""
        _, ages, sexes = self.component_variances.shape
        by_age = _contributions(ages, kept=query.by_age)
        by_sex = _contributions(sexes, kept=query.by_sex)
        return cast("Reals", np.sqrt(np.einsum("ai,sj,pij->pas", by_age, by_sex, self.component_variances)))


def estimate(measurements: Sequence[Measurement], domain: Domain) -> list[Estimates]:
    """Return every level's estimates, nation first: of all that add up, the linear unbiased ones of least variance.

    Raises:
        ValueError: the cells of the last level were not measured, so that nothing can be said of them.
    """
    combined = [_combined([item for item in measurements if item.query.level == level], domain, level) for level in range(domain.levels)]
    if not np.all(combined[-1][1] > 0):
        raise ValueError("strategy: the last level's cells must be measured by every age and sex")
    values, variances = _smoothed(_upward(combined, domain), domain)
    age, sex = _basis(domain.ages), _basis(domain.sexes)
    return [Estimates(np.einsum("ai,sj,pij->pas", age, sex, value), variance) for value, variance in zip(values, variances, strict=True)]


def _basis(size: int) -> Reals:
    """Return an orthonormal basis in columns, the constant one first."""
    full = np.column_stack([np.ones(size), np.eye(size)[:, 1:]])
    basis = np.linalg.qr(full)[0]
    return cast("Reals", basis * np.sign(basis[0, 0]))


def _contributions(size: int, *, kept: bool) -> Reals:
    """Return what each component's variance adds to a value's: per value of the axis, or to their sum."""
    if kept:
        return _basis(size) ** 2
    return cast("Reals", np.eye(1, size) * size)  # the sum is √size times the constant component


def _combined(measurements: Sequence[Measurement], domain: Domain, level: int) -> tuple[Reals, Reals]:
    """Return the weighted means of the level's components, and their precisions; a precision of 0 is "not measured"."""
    shape = (domain.places(level), domain.ages, domain.sexes)
    weighted, precision = np.zeros(shape), np.zeros(shape)
    for item in measurements:
        ages, sexes = item.values.shape[1:]
        age, sex = _basis(ages), _basis(sexes)
        rotated = np.einsum("ai,sj,pas->pij", age, sex, item.values.astype(np.float64))
        summed = (domain.ages // ages) * (domain.sexes // sexes)  # cells in one value
        weight = summed / item.scale**2
        weighted[:, :ages, :sexes] += weight * rotated / np.sqrt(summed)
        precision[:, :ages, :sexes] += weight
    return np.divide(weighted, precision, out=np.zeros(shape), where=precision > 0), precision


@dataclass(frozen=True, repr=False)
class _Passed:
    """After the pass up: estimates from below and at the place itself; and the sums of the children's, by the parent's level."""

    values: list[Reals]
    variances: list[Reals]
    sums: list[Reals]
    sum_variances: list[Reals]


def _upward(combined: Sequence[tuple[Reals, Reals]], domain: Domain) -> _Passed:
    value, precision = combined[-1]
    passed = _Passed([value], [1 / precision], [], [])
    for level in range(domain.levels - 1, 0, -1):
        total = cast("Reals", domain.up(passed.values[0], level))
        variance = cast("Reals", domain.up(passed.variances[0], level))
        own, own_precision = combined[level - 1]
        together = own_precision + 1 / variance
        passed.values.insert(0, (own_precision * own + total / variance) / together)
        passed.variances.insert(0, 1 / together)
        passed.sums.insert(0, total)
        passed.sum_variances.insert(0, variance)
    return passed


def _smoothed(passed: _Passed, domain: Domain) -> tuple[list[Reals], list[Reals]]:
    values, variances = [passed.values[0]], [passed.variances[0]]
    for level in range(1, domain.levels):
        parent = np.asarray(domain.parents[level - 1])
        gained = (values[-1] - passed.sums[level - 1])[parent]
        learnt = (passed.sum_variances[level - 1] - variances[-1])[parent]
        share = passed.variances[level] / passed.sum_variances[level - 1][parent]
        values.append(passed.values[level] + share * gained)
        variances.append(passed.variances[level] - share**2 * learnt)
    return values, variances
