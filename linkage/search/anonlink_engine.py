"""Search by `anonlink`, in this process: the reference, and what is left where compiled code does not run. Pure."""

from collections.abc import Iterator

import numpy as np
from bitarray import bitarray

from linkage.search.anonlink_library import load_anonlink
from linkage.search.engine import FilterPairs, Filters
from linkage.search.parts import PartsEngine, Split


class AnonlinkEngine(PartsEngine):
    """Exact all-pairs search with anonlink's accelerated Dice coefficient."""

    def compare_parts(self, split: Split) -> Iterator[FilterPairs]:
        """Yield the pairs of each part."""
        for first, end in split.ranges:
            part = split.part(first, end)
            left, right = (part, split.other) if split.part_is_left else (split.other, part)
            scores, _, (rows_left, rows_right) = load_anonlink().candidate_generation.find_candidate_pairs(
                (_bitarrays(left), _bitarrays(right)), load_anonlink().similarities.dice_coefficient_accelerated, split.cut, k=None
            )
            yield _ordered(rows_left, rows_right, scores, part_is_left=split.part_is_left)


def _bitarrays(filters: Filters) -> list[bitarray]:
    rows = []
    for row in filters:
        bits = bitarray()
        bits.frombytes(row.tobytes())
        rows.append(bits)
    return rows


def _ordered(left: object, right: object, score: object, *, part_is_left: bool) -> FilterPairs:
    rows_left, rows_right = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
    order = np.lexsort((rows_right, rows_left) if part_is_left else (rows_left, rows_right))
    return FilterPairs(rows_left[order], rows_right[order], np.array(score, dtype=np.float64)[order])
