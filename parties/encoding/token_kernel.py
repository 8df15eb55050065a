"""Compiled loops of the encoder: number the n-grams of texts, and set the bits of their tokens. Pure; nothing keyed stays here.

An n-gram is told by its code, up to three code points of 21 bits, and by its place in the text, 0 where places do not count.
The table that numbers them is open addressing with linear probing; the caller makes it larger when asked to.
Signatures are given, so that importing compiles, or loads what was compiled before; read-only arrays are Arrow's own memory.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

CODE_POINT_BITS = 21
MAX_N = 3  # that many code points fit in a word
FREE = -1

_SPACE = 0x20
_TWO_BYTES, _THREE_BYTES, _FOUR_BYTES = 0xC0, 0xE0, 0xF0  # first bytes in UTF-8 are at least that
_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)  # spreads codes over a table: Knuth, The Art of Computer Programming, section 6.4

_CONTENT = "Array(uint8, 1, 'C', True)"
_OFFSETS = "Array(int64, 1, 'C', True)"
_INDEX = "Array(int32, 1, 'C', True)"
_POSITIONS = "Array(uint16, 2, 'C', True)"
_TABLE = "int32[::1], uint64[::1], int32[::1]"

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int32]
Places = NDArray[np.int64]
Codes = NDArray[np.uint64]


@njit(f"int64(uint64, int64, {_TABLE})", cache=True, nogil=True)
def find_slot(code: np.uint64, place: int, slots: Numbers, codes: Codes, places: Numbers) -> np.int64:
    """Return the slot that holds this n-gram's number, or the free one where it belongs."""
    mixed = (code ^ (np.uint64(place) << np.uint64(40))) * _FIBONACCI
    mask = np.int64(len(slots) - 1)
    slot = np.int64(mixed >> np.uint64(33)) & mask
    while slots[slot] != FREE and (codes[slots[slot]] != code or places[slots[slot]] != place):
        slot = (slot + 1) & mask
    return slot


@njit(f"void({_TABLE}, int64)", cache=True, nogil=True)
def fill_slots(slots: Numbers, codes: Codes, places: Numbers, known: int) -> None:
    """Put the `known` first n-grams into empty slots."""
    for number in range(known):
        slots[find_slot(codes[number], places[number], slots, codes, places)] = number


@njit(f"UniTuple(int64, 2)({_CONTENT}, int64)", cache=True, nogil=True)
def code_point(content: Bytes, at: int) -> tuple[np.int64, np.int64]:
    """Return the code point of valid UTF-8 that starts at a byte, and where the next one starts."""
    code = np.int64(content[at])
    if code < _TWO_BYTES:
        return code, np.int64(at + 1)
    size = 2 + (code >= _THREE_BYTES) + (code >= _FOUR_BYTES)
    code &= 0x7F >> size
    for byte in range(1, size):
        code = code << 6 | np.int64(content[at + byte]) & 0x3F
    return code, np.int64(at + size)


@njit(f"UniTuple(int64, 2)({_CONTENT}, {_OFFSETS}, int64, int64, int64, {_TABLE}, int64, int32[::1], int64[::1])", cache=True, nogil=True)
def number_ngrams(  # noqa: PLR0917 - numba's have no names
    content: Bytes, offsets: Places, row: int, n: int, step: int, slots: Numbers, codes: Codes, places: Numbers, known: int,
    ids: Numbers, ends: Places,
) -> tuple[int, int]:  # fmt: skip
    """Number the n-grams of texts from `row` on, as long as the table has room for all of a text's; a new one gets the next number.

    A text that is not empty has n - 1 spaces put before and after it. `step` is 1 where places count, else 0. Numbers go to
    `ids`, where each text's end to `ends[row + 1]`.

    Returns:
        The first row that was not done, and how many n-grams are known.
    """
    mask = (np.uint64(1) << np.uint64(CODE_POINT_BITS * n)) - np.uint64(1)
    blank = np.uint64(0)
    for _ in range(n - 1):
        blank = blank << np.uint64(CODE_POINT_BITS) | np.uint64(_SPACE)
    while row < len(offsets) - 1:
        at, stop, end = offsets[row], offsets[row + 1], ends[row]
        if known + (stop - at) + n > len(codes):
            break
        window, place, after = blank, 0, n - 1 if stop > at else 0
        while at < stop or after:
            if at < stop:
                code, at = code_point(content, at)
            else:
                code, after = np.int64(_SPACE), after - 1
            window = (window << np.uint64(CODE_POINT_BITS) | np.uint64(code)) & mask
            place += step
            slot = find_slot(window, place, slots, codes, places)
            if slots[slot] == FREE:
                slots[slot], codes[known], places[known] = known, window, place
                known += 1
            ids[end] = slots[slot]
            end += 1
        row += 1
        ends[row] = end
    return row, known


@njit(f"void(uint8[:, ::1], {_INDEX}, int64[::1], int32[::1], int64[::1], int64[::1], {_POSITIONS})", cache=True, nogil=True)
def set_bits(  # noqa: PLR0917 - numba's have no names
    filters: NDArray[np.uint8], index: Numbers, ends: Places, ids: Numbers, first: Places, wanted: Places, positions: NDArray[np.uint16]
) -> None:
    """Set the bits of each record's tokens in its row of `filters`, first bit highest in its byte.

    Args:
        filters: shape (n, bytes).
        index: each record's text, shape (n,).
        ends: where each text's tokens end in `ids`, with a 0 before, shape (texts + 1,).
        ids: tokens, shape (tokens of all texts,).
        first: where each text's part of `wanted` starts, shape (texts,).
        wanted: how many bits the tokens of a text get, in order.
        positions: bits of each token; only as many as wanted are used.
    """
    for row in range(len(index)):
        text = index[row]
        start = ends[text]
        for number in range(ends[text + 1] - start):
            token = ids[start + number]
            for place in range(wanted[first[text] + number]):
                position = positions[token, place]
                filters[row, position >> 3] |= np.uint8(0x80 >> (position & 7))
