"""Pools: one organisation's adults or children as the service knows them: persons, and the filters of each. Pure."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from linkage.search.engine import MAX_PAIRS, Engine, FilterPairs, Filters
from schemas.agreement import PROJECTIONS, Projection
from schemas.byte_columns import Ids

NO_PERSON = -1  # a filter that belongs to nobody: it fills a gap


@dataclass(frozen=True)
class Pool:
    """One organisation's persons of one population.

    `persons` are 16-byte ids; `filters[p]` has shape (rows, bytes) and `owner[p]` the person's number of each row.
    """

    organisation: str
    persons: Ids
    filters: dict[Projection, Filters]
    owner: dict[Projection, npt.NDArray[np.int64]]

    def has(self, projection: Projection) -> npt.NDArray[np.bool_]:
        """Return, for each person, whether it has a filter in `projection`."""
        present = np.zeros(len(self.persons), dtype=np.bool_)
        owners = self.owner[projection]
        present[owners[owners != NO_PERSON]] = True
        return present


@dataclass(frozen=True)
class PersonPairs:
    """Candidate pairs of persons, ordered: their numbers in each pool, and a score per projection.

    `scores` has shape (pairs, projections); 0 is "below the cut", NaN is "one of them has no such filter".
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]


def make_pool(organisation: str, encodings: dict[Projection, tuple[Ids, Filters]], joins: tuple[Ids, Ids]) -> Pool:
    """Return the pool of (pseudonyms, filters) per projection and the joins (persons, pseudonyms)."""
    persons, numbers = np.unique(joins[0], return_inverse=True)
    person_of = {pseudonym.tobytes(): number for pseudonym, number in zip(joins[1], numbers.tolist(), strict=True)}
    owner = {
        projection: np.array([person_of.get(item.tobytes(), NO_PERSON) for item in pseudonyms], dtype=np.int64)
        for projection, (pseudonyms, _) in encodings.items()
    }
    return Pool(organisation, persons, {projection: filters for projection, (_, filters) in encodings.items()}, owner)


def search_pools(engine: Engine, left: Pool, right: Pool, *, cut: float, top_k: int, max_pairs: int = MAX_PAIRS) -> PersonPairs:
    """Return the union over projections of the pairs of persons whose best filters reach the cut.

    Raises:
        AgreementError: over `max_pairs` pairs of filters of one projection reach it.
    """
    width = max(len(right.persons), 1)
    found = {
        projection: _best_pairs(
            engine.candidate_pairs(left.filters[projection], right.filters[projection], cut=cut, top_k=top_k, max_pairs=max_pairs),
            (left.owner[projection], right.owner[projection]),
            width,
        )
        for projection in PROJECTIONS
    }
    keys = reduce(np.union1d, (pair_keys for pair_keys, _ in found.values()))
    pair_left, pair_right = keys // width, keys % width
    scores = np.zeros((len(keys), len(PROJECTIONS)))
    for column, projection in enumerate(PROJECTIONS):
        pair_keys, best = found[projection]
        scores[np.searchsorted(keys, pair_keys), column] = best
        absent = ~(left.has(projection)[pair_left] & right.has(projection)[pair_right])
        scores[absent, column] = np.nan
    return PersonPairs(pair_left, pair_right, scores)


def _best_pairs(
    pairs: FilterPairs, owners: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], width: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return pairs of persons, as left * width + right, and the best score of their filters."""
    person_left, person_right = owners[0][pairs.left], owners[1][pairs.right]
    real = (person_left != NO_PERSON) & (person_right != NO_PERSON)
    distinct, position = np.unique(person_left[real] * width + person_right[real], return_inverse=True)
    best = np.zeros(len(distinct))
    np.maximum.at(best, position, pairs.score[real])
    return distinct, best


def compare_persons(left: Pool, left_person: int, right: Pool, right_person: int) -> npt.NDArray[np.float64]:
    """Return the best Dice score of two given persons per projection, NaN where one has no such filter."""
    scores = np.full(len(PROJECTIONS), np.nan)
    for column, projection in enumerate(PROJECTIONS):
        rows = left.filters[projection][left.owner[projection] == left_person]
        others = right.filters[projection][right.owner[projection] == right_person]
        if len(rows) and len(others):
            scores[column] = _dice(rows, others).max()
    return scores


def _dice(rows: Filters, others: Filters) -> npt.NDArray[np.float64]:
    bits, other_bits = np.unpackbits(rows, axis=1).astype(np.int64), np.unpackbits(others, axis=1).astype(np.int64)
    total: npt.NDArray[np.float64] = 2 * (bits @ other_bits.T) / (bits.sum(axis=1)[:, None] + other_bits.sum(axis=1)[None, :])
    return total
