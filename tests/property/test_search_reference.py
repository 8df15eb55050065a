"""The search against twenty lines that do the same slowly."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from linkage.search.anonlink_engine import AnonlinkEngine

BYTES = 16
ENGINE = AnonlinkEngine()
BYTE = st.integers(0, 255)


def is_comparable(filters):
    return not ((filters == 0).all(axis=1) | (filters == 255).all(axis=1)).any()


FILTERS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 8), st.just(BYTES)), elements=BYTE).filter(is_comparable)


def reference(left, right, cut):
    """Compare every filter with every filter."""
    found = {}
    for row, one in enumerate(left):
        for other_row, other in enumerate(right):
            bits, other_bits = np.unpackbits(one), np.unpackbits(other)
            dice = 2 * int((bits & other_bits).sum()) / int(bits.sum() + other_bits.sum())
            if dice >= cut:
                found[row, other_row] = dice
    return found


def searched(left, right, cut, top_k=100):
    pairs = ENGINE.candidate_pairs(left, right, cut=cut, top_k=top_k)
    return {(int(one), int(other)): float(score) for one, other, score in zip(pairs.left, pairs.right, pairs.score, strict=True)}


@settings(deadline=None, max_examples=150)
@given(FILTERS, FILTERS, st.sampled_from([0.3, 0.45, 0.6, 0.75, 0.95]))
def test_pairs_and_scores_are_those_of_every_comparison(left, right, cut):
    right = np.vstack([right, left[:1]])  # at least one pair
    expected, found = reference(left, right, cut), searched(left, right, cut)
    assert set(found) == set(expected)
    assert all(abs(found[pair] - expected[pair]) < 1e-12 for pair in expected)


@settings(deadline=None, max_examples=60)
@given(FILTERS, FILTERS)
def test_turned_round_the_search_finds_the_same_pairs(left, right):
    assert {(two, one): score for (one, two), score in searched(left, right, 0.5).items()} == searched(right, left, 0.5)


@settings(deadline=None, max_examples=100)
@given(FILTERS, FILTERS, st.integers(1, 3))
def test_a_limit_keeps_what_is_among_the_best_of_both_filters(left, right, top_k):
    everything, limited = searched(left, right, 0.3), searched(left, right, 0.3, top_k)
    assert set(limited) <= set(everything)
    assert all(sum(pair[side] == row for pair in limited) <= top_k for side in (0, 1) for row in range(8))
    for (one, other), score in everything.items():
        ahead = [sum(found >= score for pair, found in everything.items() if pair[side] == (one, other)[side]) for side in (0, 1)]
        assert (one, other) in limited or max(ahead) > top_k
