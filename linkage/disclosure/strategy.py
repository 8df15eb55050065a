"""What is measured with noise, and how a release's rho is shared among the queries. Tables of facts and policy; no data.

A release is measured by several queries at once, over nested places and over ages and sexes. Shares were found by
minimising the exact variances of what least squares makes of them (authority totals weighted most). They depend on
the domain alone, never on data, so finding them cost no privacy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

NATION, REGION, AUTHORITY = 0, 1, 2
PER_MILLE = 1_000


@dataclass(frozen=True)
class Domain:
    """The published cells: every place by every age band and sex, whoever is in it.

    `parents` has one row per level below the nation: for each place of that level the number of its parent in the level
    above. Places of the last level hold the cells that are counted.
    """

    parents: tuple[tuple[int, ...], ...]
    ages: int = 4
    sexes: int = 2

    def __post_init__(self) -> None:
        """Check that every place has a parent, and every parent a place.

        Raises:
            ValueError: it does not hold, or there is no cell.
        """
        above = 1
        for level in self.parents:
            if set(level) != set(range(above)):
                raise ValueError("domain: every place needs a parent in the level above, and every parent a place below it")
            above = len(level)
        if self.ages < 1 or self.sexes < 1:
            raise ValueError("domain: there must be an age band and a sex")

    @property
    def levels(self) -> int:
        """How many levels there are, the nation's among them."""
        return len(self.parents) + 1

    def places(self, level: int) -> int:
        """Return how many places the level has."""
        return len(self.parents[level - 1]) if level else 1

    def up(self, values: npt.NDArray[np.generic], level: int) -> npt.NDArray[np.generic]:
        """Sum `values` (one row per place of `level`) by the places of the level above."""
        total = np.zeros((self.places(level - 1), *values.shape[1:]), dtype=values.dtype)
        np.add.at(total, np.asarray(self.parents[level - 1]), values)
        return total


@dataclass(frozen=True)
class Query:
    """One table that is measured: the places of a level, by age or not, by sex or not; and its share of rho."""

    level: int
    by_age: bool
    by_sex: bool
    per_mille: int

    def of(self, cells: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return the table's values from the level's cells, places x ages x sexes; a sum leaves an axis of length 1."""
        axes = tuple(axis for axis, kept in ((1, self.by_age), (2, self.by_sex)) if not kept)
        return cast("npt.NDArray[np.generic]", cells.sum(axis=axes, keepdims=True)) if axes else cells


@dataclass(frozen=True, repr=False)
class Measurement:
    """A query's values with noise, places x ages x sexes (1 where summed), and the noise's scale in children."""

    query: Query
    values: Numbers
    scale: float


EIGHT_QUERIES = (
    Query(NATION, by_age=False, by_sex=False, per_mille=64),
    Query(NATION, by_age=True, by_sex=True, per_mille=78),
    Query(REGION, by_age=False, by_sex=False, per_mille=68),
    Query(REGION, by_age=True, by_sex=True, per_mille=82),
    Query(AUTHORITY, by_age=False, by_sex=False, per_mille=156),
    Query(AUTHORITY, by_age=True, by_sex=False, per_mille=108),
    Query(AUTHORITY, by_age=False, by_sex=True, per_mille=190),
    Query(AUTHORITY, by_age=True, by_sex=True, per_mille=254),
)


def granted(queries: Sequence[Query], micro_rho: int) -> list[int]:
    """Return what each query may cost, in millionths of rho: rounded down, and what that leaves of a whole to the last one.

    Raises:
        ValueError: the shares come to more than the whole.
    """
    if sum(query.per_mille for query in queries) > PER_MILLE:
        raise ValueError("strategy: the queries' shares come to more than the release's rho")
    whole = micro_rho * sum(query.per_mille for query in queries) // PER_MILLE
    shares = [micro_rho * query.per_mille // PER_MILLE for query in queries]
    return [*shares[:-1], whole - sum(shares[:-1])]


def by_level(cells: Numbers, domain: Domain) -> list[Numbers]:
    """Return the cells of every level, nation first, from those of the last."""
    levels = [cells]
    for level in range(domain.levels - 1, 0, -1):
        levels.append(cast("Numbers", domain.up(levels[-1], level)))
    return levels[::-1]
