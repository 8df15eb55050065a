"""How alike two filters must be to be looked at: less in small pools, where few strangers reach far. Pure.

Likeness of unrelated filters is near normal, so its mean and spread, measured on some of the very filters, say how many strangers
reach any cut. As many may as there are places to look at them: below that cut, strangers would push out the true pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from linkage.search.engine import Filters
from schemas.agreement import Search

SAMPLE_ROWS = 1_000  # of each side: a million pairs, of which at most a thousand are of one person
FEWEST_ROWS = 50  # with fewer, likeness of strangers cannot be measured beside that of the same people
MOST_OFTEN = 0.5
ROOM = 2  # half of what `max_pairs` allows is left to look-alikes


@dataclass(frozen=True)
class Noise:
    """Dice coefficients of unrelated filters: their mean and standard deviation."""

    mean: float
    deviation: float


def computed_cut(terms: Search, left: Sequence[Filters], right: Sequence[Filters]) -> float:
    """Return the cut at which `terms.strangers` unrelated filters are expected for each filter; never above the agreed one.

    Args:
        terms: what was agreed.
        left: filters of every pool of one side, shape (rows, bytes) each.
        right: filters of every pool of the other.
    """
    agreed = terms.cut_per_mille / 1_000
    rows = sum(map(len, left)), sum(map(len, right))
    if terms.strangers == 0 or min(rows) < FEWEST_ROWS:
        return agreed
    noise = measured(left, right)
    share = min(terms.strangers / max(rows), terms.max_pairs / ROOM / (rows[0] * rows[1]), MOST_OFTEN)
    return min(agreed, noise.mean + noise.deviation * NormalDist().inv_cdf(1 - share))


def measured(left: Sequence[Filters], right: Sequence[Filters]) -> Noise:
    """Return the likeness of filters of both sides, measured on every pair of `SAMPLE_ROWS` of each, which lie evenly among all.

    Rows are in a keyed order, so that evenly is at random; nearly all pairs are of two people.
    """
    one, other = (_bits(_sample(side)) for side in (left, right))
    together = one.sum(axis=1)[:, None] + other.sum(axis=1)
    dice = 2 * (one @ other.T) / np.maximum(together, 1)
    return Noise(float(dice.mean()), float(dice.std()))


def _sample(pools: Sequence[Filters]) -> Filters:
    """Return rows that lie evenly among those of all pools."""
    ends = np.cumsum([len(pool) for pool in pools])
    places = np.unique(np.linspace(0, ends[-1] - 1, min(SAMPLE_ROWS, ends[-1]), dtype=np.int64))
    owner = np.searchsorted(ends, places, side="right")
    return np.stack([pools[pool][place - ends[pool]] for pool, place in zip(owner.tolist(), places.tolist(), strict=True)])


def _bits(filters: Filters) -> npt.NDArray[np.float32]:
    return np.unpackbits(filters, axis=1).astype(np.float32)
