"""Compiled diffusion: filters turned so that a word holds one bit of 64 records, and every XOR is of whole words. Pure.

Eight such words lie side by side, 512 records, so that a processor's widest registers are filled.
Signatures are given, so that importing compiles, or loads what was compiled before; read-only arrays may come from anywhere.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LANES = 8
WORD_BITS = 64
BLOCK_RECORDS = LANES * WORD_BITS
FIRST_HIGHEST = 7  # a byte's first bit is its highest: bit b of a filter is bit b ^ 7 of its little-endian word
_FILTERS = "Array(uint64, 2, 'C', True)"
_POSITIONS = "Array(uint32, 2, 'C', True)"
_WORDS = "uint64[:, ::1]"

Words = NDArray[np.uint64]


@njit(f"void({_WORDS})", cache=True, nogil=True)
def transpose(squares: Words) -> None:
    """Swap rows and columns of eight squares of 64 words by 64 bits, side by side: shape (64, 8).

    Source: Warren, Hacker's Delight (2nd edition), section 7-3.
    """
    width, mask = 32, np.uint64(0x00000000FFFFFFFF)
    while width:
        for row in range(WORD_BITS):
            if row & width == 0:
                for lane in range(LANES):
                    upper, lower = squares[row, lane], squares[row + width, lane]
                    swapped = (upper >> np.uint64(width) ^ lower) & mask
                    squares[row, lane] = upper ^ swapped << np.uint64(width)
                    squares[row + width, lane] = lower ^ swapped
        width >>= 1
        mask ^= mask << np.uint64(width)


@njit(f"void({_FILTERS}, int64, {_WORDS})", cache=True, nogil=True)
def turn(filters: Words, first: int, turned: Words) -> None:
    """Turn the 512 records from `first` on: row b of `turned` gets bit b of each; 0 where there is no record."""
    for word in range(filters.shape[1]):
        squares = turned[word * WORD_BITS : (word + 1) * WORD_BITS]
        for lane in range(LANES):
            for number in range(WORD_BITS):
                record = first + lane * WORD_BITS + number
                squares[number, lane] = filters[record, word] if record < len(filters) else np.uint64(0)
        transpose(squares)


@njit(f"void({_WORDS}, {_WORDS}, int64)", cache=True, nogil=True)
def turn_back(turned: Words, filters: Words, first: int) -> None:
    """Write what lies in `turned`, which is spoilt, as the 512 records from `first` on, as far as there are so many."""
    for word in range(filters.shape[1]):
        squares = turned[word * WORD_BITS : (word + 1) * WORD_BITS]
        transpose(squares)
        for lane in range(LANES):
            for number in range(WORD_BITS):
                record = first + lane * WORD_BITS + number
                if record < len(filters):
                    filters[record, word] = squares[number, lane]


@njit(f"void({_FILTERS}, {_POSITIONS}, {_WORDS})", cache=True, nogil=True)
def diffuse_words(filters: Words, positions: NDArray[np.uint32], diffused: Words) -> None:
    """Fill `diffused` with the XOR of the bits of `filters` that `positions` names.

    Args:
        filters: bits in little-endian words, shape (n, words).
        positions: for each bit of the output its bits of the input, as they lie in the words, shape (bits, t).
        diffused: the same for the output, shape (n, words), with room for all bits; those past the last become 0.
    """
    turned = np.empty((filters.shape[1] * WORD_BITS, LANES), dtype=np.uint64)
    mixed = np.empty((diffused.shape[1] * WORD_BITS, LANES), dtype=np.uint64)
    for first in range(0, len(filters), BLOCK_RECORDS):
        turn(filters, first, turned)
        mixed[:] = np.uint64(0)
        for bit in range(len(positions)):
            for number in range(positions.shape[1]):
                for lane in range(LANES):
                    mixed[bit ^ FIRST_HIGHEST, lane] ^= turned[positions[bit, number], lane]
        turn_back(mixed, diffused, first)
