"""What a filter shows of itself: weight, place, near neighbours. Whether it tells which filters are one person's. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parties.risk.attacked import Signs

NEAR = 5.0  # standard deviations above noise: filters that are alike for a reason
Trait = NDArray[np.float64]


def weights(seen: Signs) -> Trait:
    """Return how many bits of each filter are set."""
    return np.asarray((seen.sum(axis=1) + seen.shape[1]) / 2, dtype=np.float64)


def places(seen: Signs) -> Trait:
    """Return where each filter lies in its file."""
    return np.arange(len(seen), dtype=np.float64)


def degrees(seen: Signs) -> Trait:
    """Return how many other filters are near each."""
    return np.asarray(near(seen, seen).sum(axis=1) - 1, dtype=np.float64)


def group_sizes(seen: Signs) -> Trait:
    """Return how many filters hang together with each by way of near ones."""
    from scipy.sparse.csgraph import connected_components

    _, group = connected_components(near(seen, seen), directed=False)
    return np.asarray(np.bincount(group)[group], dtype=np.float64)


TRAITS: Final[Mapping[str, Callable[[Signs], Trait]]] = {
    "weight": weights, "place": places, "degree": degrees, "group size": group_sizes,
}  # fmt: skip


def near(left: Signs, right: Signs) -> NDArray[np.bool_]:
    """Return which filters are more alike than noise makes them, shape (left, right); a filter is near itself."""
    likeness = left @ right.T / np.sqrt(left.shape[1])
    found: NDArray[np.bool_] = likeness > np.median(likeness) + NEAR
    return found


def paired_by(left: Trait, right: Trait, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return for each filter on the left the one on the right with the same rank of a trait; ties are drawn."""
    ranks = [np.lexsort((rng.random(len(trait)), trait)) for trait in (left, right)]
    guesses = np.empty(len(left), dtype=np.int64)
    guesses[ranks[0]] = ranks[1]
    return guesses
