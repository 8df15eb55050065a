"""The search, by every engine, against twenty lines that do the same slowly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from linkage.engines.threads import ThreadsEngine
from linkage.search.anonlink_engine import AnonlinkEngine

BYTES = 16
BYTE = st.integers(0, 255)
by_every_engine = pytest.mark.parametrize("engine", [AnonlinkEngine(), ThreadsEngine(threads=2)], ids=["anonlink", "threads"])


def is_comparable(filters):
    return not ((filters == 0).all(axis=1) | (filters == 255).all(axis=1)).any()


FILTERS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 8), st.just(BYTES)), elements=BYTE).filter(is_comparable)
ALIKE = arrays.arrays(np.uint8, st.tuples(st.integers(1, 8), st.just(8)), elements=st.sampled_from([1, 3, 7])).filter(is_comparable)


def reference(left, right, cut):
    """Compare every filter with every filter; as anonlink, look at no pair whose lengths differ by more than rounding allows."""
    found = {}
    for row, one in enumerate(left):
        for other_row, other in enumerate(right):
            bits, other_bits = np.unpackbits(one), np.unpackbits(other)
            ones, other_ones = int(bits.sum()), int(other_bits.sum())
            dice = 2 * int((bits & other_bits).sum()) / (ones + other_ones)
            if dice >= cut and abs(ones - other_ones) <= int(2 * ones * (1 / cut - 1)):
                found[row, other_row] = dice
    return found


def best(found, side, top_k):
    """Keep the best pairs of every filter of one side: the highest score, then the lowest row of the other."""
    ranked = sorted(found, key=lambda pair: (pair[side], -found[pair], pair[1 - side]))
    return {pair: found[pair] for place, pair in enumerate(ranked) if [one[side] for one in ranked[:place]].count(pair[side]) < top_k}


def searched(engine, left, right, cut, top_k=None):
    pairs = engine.candidate_pairs(left, right, cut=cut, top_k=top_k)
    return {(int(one), int(other)): float(score) for one, other, score in zip(pairs.left, pairs.right, pairs.score, strict=True)}


@by_every_engine
@settings(deadline=None, max_examples=150)
@given(FILTERS, FILTERS, st.sampled_from([0.3, 0.45, 0.6, 0.75, 0.95]))
def test_pairs_and_scores_are_those_of_every_comparison(engine, left, right, cut):
    right = np.vstack([right, left[:1]])  # at least one pair
    assert searched(engine, left, right, cut) == reference(left, right, cut)


@by_every_engine
@settings(deadline=None, max_examples=60)
@given(FILTERS, FILTERS)
def test_turned_round_the_search_finds_the_same_pairs(engine, left, right):
    there, back = searched(engine, left, right, 0.5), searched(engine, right, left, 0.5)
    assert {(two, one): score for (one, two), score in there.items()} == back


@by_every_engine
@settings(deadline=None, max_examples=100)
@given(ALIKE, ALIKE, st.integers(1, 4))
def test_a_limit_keeps_the_best_of_each_left_filter_and_of_those_of_each_right_one(engine, left, right, top_k):
    expected = best(best(reference(left, right, 0.5), 0, top_k), 1, top_k)
    assert searched(engine, left, right, 0.5, top_k) == expected
