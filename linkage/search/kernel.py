"""The comparison itself, compiled: every filter of a part with every filter of the other side. Pure.

A part is turned into *bit planes*, tile by tile: plane `b` of a tile is bit `b` of its 512 filters, side by side in 512 lanes. The
intersections of one filter of the other side with a whole tile are then the sum of the planes at that filter's bits, counted in
all lanes at once by carry-save adders, one vector for each binary digit of the count. Lanes whose count may reach the cut are scored
again, one by one, in the arithmetic that decides.

The work is in proportion to the bits of the other side's filters and to nothing else: plain and diffused filters, any cut and any
length take the same path, so there is no algorithm to choose and no prefix or order of bits to tune. With 512-bit vectors a plane costs a
load and two instructions for 512 pairs: about 1,000 for a diffused filter of 1,024 bits, where AND, count and add would be 3,072.

Source of the adders: Harley and Seal's, in Warren (2012), Hacker's Delight, 2nd edition, section 5-1. Of the rule on lengths: anonlink 0.15.3.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from linkage.search.engine import WORD_BYTES, Filters

WORD = 64
TILE_WORDS = 8  # one 512-bit register, or two or four smaller ones
TILE_ROWS = TILE_WORDS * WORD
STEPS = (64, 16)  # planes added in one round: many while there are many
DIGITS = 12  # of a count, which is below `WIDEST_BITS`: no filter has all bits set
BLOCK_ROWS = 1_024  # filters of the other side whose set bits are listed at a time, 2 MiB
FIRST_ROOM = 4_096  # pairs

Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]
Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.uint16]
Counts = npt.NDArray[np.int64]


class _Sides(NamedTuple):
    """Both sides' filters as words, shape (rows, words), and how many bits each has set."""

    part: Words
    part_ones: Counts
    other: Words
    other_ones: Counts


class _Rule(NamedTuple):
    """Which pairs count: the cut, by what anonlink multiplies a left filter's bits, and after how many pairs to stop."""

    cut: float
    slack: float
    part_is_left: bool
    limit: int


class _Pairs(NamedTuple):
    """Pairs found so far: arrays with room for more, and how much of them is used, shape (1,)."""

    rows: Counts
    others: Counts
    scores: npt.NDArray[np.float64]
    used: Counts


_I64 = ir.IntType(WORD)
_LANES = ir.VectorType(_I64, TILE_WORDS)


def reaching(part: Filters, other: Filters, *, cut: float, part_is_left: bool, limit: int) -> Found:
    """Return the pairs that reach the cut, in order: rows of the part, rows of the other side, Dice scores.

    Args:
        part: filters, shape (rows, bytes), checked by `check_filters`.
        other: filters of the same length.
        cut: smallest Dice coefficient, in (0, 1].
        part_is_left: whether the part belongs to the left side.
        limit: stop soon after more than so many are found.
    """
    words, other_words = _words(part), _words(other)
    sides = _Sides(words, _ones_of_rows(words), other_words, _ones_of_rows(other_words))
    pairs = _search(sides, _planes(words), _Rule(cut, 2 * (1 / cut - 1), part_is_left, limit))
    found = pairs.used[0]
    order = np.lexsort((pairs.others[:found], pairs.rows[:found]))
    return pairs.rows[order], pairs.others[order], pairs.scores[order]


def _words(filters: Filters) -> Words:
    """Return filters as words; a copy where they are read-only or oddly placed, for which the search would be compiled once more."""
    return np.require(np.ascontiguousarray(filters).view(np.uint64), requirements=["C", "A", "W"])


def _planes(words: Words) -> Words:
    """Return the planes of each tile and an empty one, shape (tiles, bits + 1, words), from where a cache line begins."""
    shape = (-(-len(words) // TILE_ROWS), words.shape[1] * WORD + 1, TILE_WORDS)
    room = np.empty(math.prod(shape) + TILE_WORDS, dtype=np.uint64)
    offset = -(room.ctypes.data // WORD_BYTES) % TILE_WORDS
    planes = room[offset : offset + math.prod(shape)].reshape(shape)
    _turn(words, planes)
    return planes


def _compiled(function: Callable[..., Any]) -> Any:
    """Return `function` compiled at its first call, and kept on disk for the next process where there is a place for it.

    What is kept is dropped when this file changes, and only then: compiled code uses nothing that other modules define.
    """
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba finds no folder that it may write
        return njit(nogil=True)(function)


def _instructions(generator: Callable[..., Any]) -> Any:
    """Return the function, for compiled code alone, whose types and LLVM instructions `generator` gives."""
    return intrinsic(generator)


@_instructions
def _ones_of(_context: Any, word: Any) -> Any:
    """Return how many bits of a word are set."""
    return types.uint64(word), lambda _c, builder, _s, args: builder.ctpop(args[0])


@_instructions
def _lowest_of(_context: Any, word: Any) -> Any:
    """Return the place of the lowest bit set of a word."""
    return types.uint64(word), lambda _c, builder, _s, args: builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))


@_instructions
def _lanes_reaching(_context: Any, planes: Any, places: Any, begin: Any, end: Any, bound: Any, lanes: Any) -> Any:  # noqa: PLR0917
    """Set in `lanes` where the sum of the planes at some places is at least `bound`; return whether it is anywhere.

    `planes` has shape (bits + 1, words); `places`, from `begin` to `end`, are numbers of planes, and so many that the last of `STEPS`
    divides them.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def data(argument: int) -> Any:
            return context.make_array(signature.args[argument])(context, builder, args[argument]).data

        vectors = builder.bitcast(data(0), _LANES.as_pointer())
        digits = [cgutils.alloca_once_value(builder, _every_lane(0)) for _ in range(DIGITS)]
        first, length = args[2], builder.sub(args[3], args[2])
        for step in STEPS:
            end = builder.add(args[2], builder.and_(length, _I64(-step)))
            with cgutils.for_range_slice(builder, first, end, _I64(step), intp=_I64) as (at, _):
                here = [_plane(builder, vectors, data(1), builder.add(at, _I64(number))) for number in range(step)]
                _carry(builder, digits[step.bit_length() - 1 :], _summed(builder, digits, here))
            first = end
        reached = _at_least(builder, digits, args[4])
        builder.store(reached, builder.bitcast(data(5), _LANES.as_pointer())).align = WORD_BYTES
        whole = ir.IntType(TILE_ROWS)
        return builder.icmp_unsigned("!=", builder.bitcast(reached, whole), whole(0))

    return types.boolean(planes, places, begin, end, bound, lanes), generate


def _plane(builder: Any, vectors: Any, places: Any, at: Any) -> Any:
    place = builder.zext(builder.load(builder.gep(places, [at])), _I64)
    plane = builder.load(builder.gep(vectors, [place]))
    plane.align = WORD_BYTES
    return plane


def _summed(builder: Any, digits: list[Any], planes: list[Any]) -> Any:
    """Add planes, a power of two of them, to the digits below that power; return the carry above."""
    if len(planes) == 1:
        return planes[0]
    half = len(planes) // 2
    one, two = (_summed(builder, digits, planes[:half]), _summed(builder, digits, planes[half:]))
    digit = digits[half.bit_length() - 1]
    total, carry = _added(builder, builder.load(digit), one, two)
    builder.store(total, digit)
    return carry


def _added(builder: Any, digit: Any, one: Any, two: Any) -> tuple[Any, Any]:
    """Return sum and carry of three bits in every lane, written so that LLVM sees one instruction each and waits for `digit` last."""
    differs = builder.xor(one, two)
    carry = builder.xor(builder.and_(builder.xor(digit, one), differs), one)
    return builder.xor(digit, differs), carry


def _carry(builder: Any, digits: list[Any], carry: Any) -> None:
    for digit in digits:
        before = builder.load(digit)
        builder.store(builder.xor(before, carry), digit)
        carry = builder.and_(before, carry)


def _at_least(builder: Any, digits: list[Any], bound: Any) -> Any:
    """Return the lanes whose count is at least `bound`: digit by digit from the lowest, the higher one decides."""
    one_lane = builder.insert_element(_LANES(None), bound, _I64(0))
    bounds = builder.shuffle_vector(one_lane, one_lane, ir.Constant(ir.VectorType(ir.IntType(32), TILE_WORDS), None))
    reached = _every_lane(2**WORD - 1)
    for number, digit in enumerate(digits):
        count = builder.load(digit)
        wanted = builder.icmp_unsigned("!=", builder.and_(bounds, _every_lane(1 << number)), _every_lane(0))
        reached = builder.select(wanted, builder.and_(reached, count), builder.or_(reached, count))
    return reached


def _every_lane(word: int) -> Any:
    return ir.Constant(_LANES, [word] * TILE_WORDS)


@_compiled
def _search(sides: _Sides, planes: Words, rule: _Rule) -> _Pairs:
    """Return the pairs that reach the cut, and a few over the limit if there are: block by block, tile by tile, record by record."""
    bits = planes.shape[1] - 1
    places, ends = np.empty(BLOCK_ROWS * bits, np.uint16), np.zeros(BLOCK_ROWS + 1, np.int64)
    lanes, rows = np.empty(TILE_WORDS, np.uint64), np.empty(TILE_ROWS, np.int64)
    counts = _smallest_counts(rule.cut, 2 * bits)
    room = (np.empty(FIRST_ROOM, np.int64), np.empty(FIRST_ROOM, np.int64), np.empty(FIRST_ROOM, np.float64))
    pairs: _Pairs = _Pairs(room[0], room[1], room[2], np.zeros(1, np.int64))
    for first in range(0, len(sides.other), BLOCK_ROWS):
        _list_places(sides.other[first : first + BLOCK_ROWS], places, ends)
        for tile in range(len(planes)):
            fewest = sides.part_ones[tile * TILE_ROWS : (tile + 1) * TILE_ROWS].min()
            bounds = counts[fewest + sides.other_ones[first : first + BLOCK_ROWS]]
            record = _next_reaching(planes[tile], places, ends, bounds, 0, lanes)
            while record < len(bounds):
                pairs = _with_room(pairs)
                _keep_reaching(rows[: _list_rows(lanes, tile * TILE_ROWS, rows)], first + record, sides, rule, pairs)
                if pairs.used[0] > rule.limit:
                    return pairs
                record = _next_reaching(planes[tile], places, ends, bounds, record + 1, lanes)
    return pairs


@_compiled
def _next_reaching(planes: Words, places: Places, ends: Counts, bounds: Counts, record: int, lanes: Words) -> int:  # noqa: PLR0917
    """Return the first record of a block, from `record` on, that may reach the cut with rows of a tile, and set `lanes` where."""
    while record < len(bounds) and not _lanes_reaching(planes, places, ends[record], ends[record + 1], bounds[record], lanes):
        record += 1
    return record


@_compiled
def _list_rows(lanes: Words, first_row: int, rows: Counts) -> int:
    """Write the rows that lanes stand for; return how many."""
    count = 0
    for word in range(TILE_WORDS):
        left = lanes[word]
        while left:
            rows[count] = first_row + word * WORD + np.int64(_lowest_of(left))
            left &= left - np.uint64(1)
            count += 1
    return count


@_compiled
def _keep_reaching(rows: Counts, record: int, sides: _Sides, rule: _Rule, pairs: _Pairs) -> None:
    """Add the pairs of one record with some rows that reach the cut.

    anonlink first compares lengths, with a difference allowed that is rounded: of a filter inside another, right at the cut, it may
    see nothing.
    """
    other_ones = sides.other_ones[record]
    for row in rows:
        ones = sides.part_ones[row]
        score = 2.0 * _in_common(sides.part[row], sides.other[record]) / (ones + other_ones)
        allowed = (ones if rule.part_is_left else other_ones) * rule.slack
        if score >= rule.cut and abs(ones - other_ones) <= allowed:
            at = pairs.used[0]
            pairs.rows[at], pairs.others[at], pairs.scores[at] = row, record, score
            pairs.used[0] += 1


@_compiled
def _with_room(pairs: _Pairs) -> _Pairs:
    """Return the pairs with room for another tile's."""
    if pairs.used[0] + TILE_ROWS <= len(pairs.rows):
        return pairs
    return _Pairs(_doubled(pairs.rows), _doubled(pairs.others), _doubled(pairs.scores), pairs.used)


@_compiled
def _doubled(values: Any) -> Any:
    longer = np.empty(2 * len(values), values.dtype)
    longer[: len(values)] = values
    return longer


@_compiled
def _in_common(one: Words, two: Words) -> np.int64:
    """Return how many bits are set in both filters."""
    count = np.int64(0)
    for word in range(len(one)):
        count += np.int64(_ones_of(one[word] & two[word]))
    return count


@_compiled
def _ones_of_rows(words: Words) -> Counts:
    """Return how many bits each filter has set."""
    counts = np.empty(len(words), np.int64)
    for row in range(len(words)):
        counts[row] = _in_common(words[row], words[row])
    return counts


@_compiled
def _smallest_counts(cut: float, most: int) -> Counts:
    """Return the fewest bits in common with which two filters reach the cut, for each number that they have set together, up to `most`."""
    counts, count = np.empty(most + 1, np.int64), 0
    for together in range(1, most + 1):
        while 2.0 * count / together < cut:
            count += 1
        counts[together] = count
    return counts


@_compiled
def _list_places(filters: Words, places: Places, ends: Counts) -> None:
    """Write the numbers of the bits that each filter has set, filled up with the empty plane's, and where each filter's end."""
    at, empty = 0, filters.shape[1] * WORD
    for row in range(len(filters)):
        for word in range(filters.shape[1]):
            left = filters[row, word]
            while left:
                places[at] = word * WORD + np.int64(_lowest_of(left))
                left &= left - np.uint64(1)
                at += 1
        while at % STEPS[-1]:
            places[at] = empty
            at += 1
        ends[row + 1] = at


@_compiled
def _turn(filters: Words, planes: Words) -> None:
    """Write the bit planes of every tile: 64 filters by 64 bits at a time."""
    planes[:, -1] = 0
    square = np.empty(WORD, np.uint64)
    for tile in range(len(planes)):
        for lane_word in range(TILE_WORDS):
            first = tile * TILE_ROWS + lane_word * WORD
            rows = max(0, min(WORD, len(filters) - first))
            for word in range(filters.shape[1]):
                square[rows:] = 0
                for row in range(rows):
                    square[row] = filters[first + row, word]
                _transpose(square)
                for bit in range(WORD):
                    planes[tile, word * WORD + bit, lane_word] = square[bit]


@_compiled
def _transpose(square: Words) -> None:
    """Transpose 64 by 64 bits in place, by exchanging ever smaller squares.

    Source: Warren (2012), Hacker's Delight, 2nd edition, section 7-3.
    """
    width, mask = np.uint64(WORD // 2), np.uint64(0xFFFFFFFF)
    while width:
        for first in range(0, WORD, 2 * np.int64(width)):
            for row in range(first, first + np.int64(width)):
                low = row + np.int64(width)
                changed = ((square[row] >> width) ^ square[low]) & mask
                square[low] ^= changed
                square[row] ^= changed << width
        width >>= np.uint64(1)
        mask ^= mask << width
