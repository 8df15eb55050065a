"""The comparison itself: every filter of a part with every filter of the other side. Pure."""

import numpy as np
import numpy.typing as npt

from linkage.search.engine import Filters

Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]


def reaching(part: Filters, other: Filters, *, cut: float, part_is_left: bool, limit: int) -> Found:
    """Return rows of the part, rows of the other side and Dice scores of the pairs that reach the cut, at most `limit`, in order of rows."""
    bits, other_bits = np.unpackbits(part, axis=1).astype(np.float32), np.unpackbits(other, axis=1).astype(np.float32)
    ones, other_ones = bits.sum(axis=1, dtype=np.float64)[:, None], other_bits.sum(axis=1, dtype=np.float64)[None, :]
    score = 2 * (bits @ other_bits.T).astype(np.float64) / (ones + other_ones)
    slack = 2 * (ones if part_is_left else other_ones) * (1 / cut - 1)  # anonlink looks no further than this difference in length
    rows, others = np.nonzero((score >= cut) & (np.abs(ones - other_ones) <= slack))
    return rows[:limit].astype(np.int64), others[:limit].astype(np.int64), score[rows, others][:limit]
