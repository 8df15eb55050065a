"""Search by `anonlink`, in this process. Pure."""

import numpy as np
from bitarray import bitarray

from linkage.search.anonlink_library import load_anonlink
from linkage.search.engine import FilterPairs, Filters, check_filters


class AnonlinkEngine:
    """Exact all-pairs search with anonlink's accelerated Dice coefficient."""

    def candidate_pairs(self, left: Filters, right: Filters, *, cut: float, top_k: int) -> FilterPairs:
        """Return the pairs with Dice at least `cut`; see `Engine`."""
        check_filters(left)
        check_filters(right)
        if not len(left) or not len(right):
            return _ordered([], [], [])
        anonlink = load_anonlink()
        scores, _, (rows_left, rows_right) = anonlink.candidate_generation.find_candidate_pairs(
            (_bitarrays(left), _bitarrays(right)),
            anonlink.similarities.dice_coefficient_accelerated,
            cut,
            k=top_k,
        )
        return _ordered(rows_left, rows_right, scores)


def _bitarrays(filters: Filters) -> list[bitarray]:
    rows = []
    for row in filters:
        bits = bitarray()
        bits.frombytes(row.tobytes())
        rows.append(bits)
    return rows


def _ordered(left: object, right: object, score: object) -> FilterPairs:
    rows_left, rows_right = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
    order = np.lexsort((rows_right, rows_left))
    return FilterPairs(rows_left[order], rows_right[order], np.array(score, dtype=np.float64)[order])
