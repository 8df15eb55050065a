"""Compiled rank over GF(2): rows of bits in words, reduced in place. Pure.

Signatures are given, so that importing compiles, or loads what was compiled before.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

WORD_BITS = 64


@njit("int64(uint64[:, ::1])", cache=True, nogil=True)
def reduced_rank(rows: NDArray[np.uint64]) -> int:
    """Return how many of `rows`, shape (n, words), are independent; what they held is spoilt."""
    rank = 0
    for column in range(rows.shape[1] * WORD_BITS):
        word, mask = column // WORD_BITS, np.uint64(1) << np.uint64(column % WORD_BITS)
        pivot = rank
        while pivot < len(rows) and not rows[pivot, word] & mask:
            pivot += 1
        if pivot == len(rows):
            continue
        for place in range(word, rows.shape[1]):  # nothing is left of a row before the column's word
            rows[rank, place], rows[pivot, place] = rows[pivot, place], rows[rank, place]
        for row in range(pivot + 1, len(rows)):
            if rows[row, word] & mask:
                for place in range(word, rows.shape[1]):
                    rows[row, place] ^= rows[rank, place]
        rank += 1
    return rank
