"""Compiled loops of the encoder: number the n-grams of texts, and set the bits of their tokens. Pure; nothing keyed stays here.

An n-gram is told by its code, up to three code points of 21 bits, and by its place in the text, 0 where places do not count.
The table that numbers them is open addressing with linear probing; the caller makes it larger when asked to.
Signatures are given, so that importing compiles, or loads what was compiled before; read-only arrays are Arrow's own memory.
"""

import numpy as np
from numba import njit, types

CODE_POINT_BITS = 21
MAX_N = 3  # that many code points fit in a word
FREE = -1
_SPACE = 0x20

_BYTES = types.Array(types.uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(types.int64, 1, "C", readonly=True)
_INDEX = types.Array(types.int32, 1, "C", readonly=True)
_POSITIONS = types.Array(types.uint16, 2, "C", readonly=True)


@njit("int64(uint64, int64, int32[::1], uint64[::1], int32[::1])", cache=True, nogil=True)
def find_slot(code, place, slots, codes, places):
    """Return the slot that holds this n-gram's number, or the free one where it belongs."""
    mixed = (code ^ (np.uint64(place) << np.uint64(40))) * np.uint64(0x9E3779B97F4A7C15)
    mask = np.int64(len(slots) - 1)
    slot = np.int64(mixed >> np.uint64(33)) & mask
    while slots[slot] != FREE and (codes[slots[slot]] != code or places[slots[slot]] != place):
        slot = (slot + 1) & mask
    return slot


@njit("void(int32[::1], uint64[::1], int32[::1], int64)", cache=True, nogil=True)
def fill_slots(slots, codes, places, known):
    """Put the `known` first n-grams into empty slots."""
    for number in range(known):
        slots[find_slot(codes[number], places[number], slots, codes, places)] = number


@njit(types.UniTuple(types.int64, 2)(_BYTES, types.int64), cache=True, nogil=True)
def code_point(content, at):
    """Return the code point of valid UTF-8 that starts at a byte, and where the next one starts."""
    lead = np.int64(content[at])
    if lead < 0x80:
        return lead, at + 1
    size = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    code = lead & (0x7F >> size)
    for byte in range(1, size):
        code = code << 6 | np.int64(content[at + byte]) & 0x3F
    return code, at + size


@njit(
    types.UniTuple(types.int64, 2)(
        _BYTES, _OFFSETS, types.int64, types.int64, types.boolean, types.int32[::1], types.uint64[::1], types.int32[::1], types.int64,
        types.int32[::1], types.int64[::1],
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def number_ngrams(content, offsets, row, n, positional, slots, codes, places, known, ids, ends):
    """Number the n-grams of texts from `row` on, as long as the table has room for all of a text's; a new one gets the next number.

    A text that is not empty has n - 1 spaces put before and after it. Numbers go to `ids`, where each text's end to `ends[row + 1]`.

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
                code, after = _SPACE, after - 1
            window = (window << np.uint64(CODE_POINT_BITS) | np.uint64(code)) & mask
            place += positional
            slot = find_slot(window, place, slots, codes, places)
            if slots[slot] == FREE:
                slots[slot], codes[known], places[known] = known, window, place
                known += 1
            ids[end] = slots[slot]
            end += 1
        row += 1
        ends[row] = end
    return row, known


@njit(
    types.void(types.uint8[:, ::1], _INDEX, types.int64[::1], types.int32[::1], types.int64[::1], types.int64[::1], _POSITIONS),
    cache=True,
    nogil=True,
)
def set_bits(filters, index, ends, ids, first, wanted, positions):
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
