"""What filters and families show without an attack: repeats, weights, parity, rank, neighbours, shapes. Pure.

Shares and means of a whole population; None where there are too few people to say.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from parties.encoding.diffusion import independent_rows
from parties.encoding.keystream import Keystream
from parties.risk.attacked import signs
from parties.risk.traits import near
from schemas.agreement import FILTER_BITS
from schemas.byte_columns import Bytes2D

FAR_OUT = 4.0  # standard deviations of weight
ENOUGH = 100
RANKED = FILTER_BITS + 256  # so many random filters have full rank but for one time in 2**256
ASKED, AMONG = 500, 20_000  # of whom neighbours are looked for, and among whom; projected to the whole pool
SEVERAL = 3
RARE = 10  # families

Measures = dict[str, float | None]


def people_encoded(filters: int, people: int) -> Measures:
    """Return the share of people who have a filter."""
    return {"people_encoded": round(filters / people, 4) if people else None}


def of_filters(clks: Bytes2D, values: Sequence[tuple[str, ...]], stream: Keystream) -> Measures:
    """Return what one projection's filters show.

    Args:
        clks: filters of different values, shape (n, 128); at least `ENOUGH`.
        values: what they are made of.
        stream: draws whose neighbours are counted.
    """
    weights = np.bitwise_count(clks).sum(axis=1, dtype=np.int64)
    distance = np.abs(weights - weights.mean()) / max(float(weights.std()), 1.0)
    distinct = len(np.unique(clks, axis=0))
    return {
        "filters_of_different_values_alike": round(1 - distinct / len(set(values)), 6),
        "weights_far_out": round(float((distance > FAR_OUT).mean()), 5),
        "weights_even": round(float((weights % 2 == 0).mean()), 3) if len(clks) >= RANKED else None,
        "rank_missing": _rank_missing(clks, stream),
        **_neighbours(clks, stream),
    }


def in_rare_family_shapes(ties: Iterable[tuple[int, int]]) -> float | None:
    """Return the share of adults with as many children as fewer than ten adults have; ties are pairs of an adult and a child."""
    children = Counter(adult for adult, _ in ties)
    if len(children) < ENOUGH:
        return None
    families = Counter(children.values())
    return round(sum(count for count in families.values() if count < RARE) / len(children), 4)


def _neighbours(clks: Bytes2D, stream: Keystream) -> Measures:
    """Return how many others are near a filter, and the share that has several, as if the sample were the whole pool."""
    chosen = stream.permutation(len(clks))[:AMONG]
    among = signs(clks[chosen])
    counts = near(among[:ASKED], among).sum(axis=1) - 1  # itself
    scale = max(1.0, (len(clks) - 1) / (len(chosen) - 1))
    return {
        "informative_neighbours": round(float(counts.mean()) * scale, 3),
        "with_three_neighbours": round(float((counts * scale >= SEVERAL).mean()), 3),
    }


def _rank_missing(clks: Bytes2D, stream: Keystream) -> float | None:
    """Return how many bits the others give away: what filters drawn at random lack in rank over GF(2)."""
    drawn = np.unique(clks[stream.permutation(len(clks))[: 2 * RANKED]], axis=0)
    if len(drawn) < RANKED:
        return None
    return float(FILTER_BITS - independent_rows(drawn[stream.permutation(len(drawn))[:RANKED]]))
