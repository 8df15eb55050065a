"""The search cut: as many strangers reach it as may, whatever the pools' size; never above what was agreed."""

import numpy as np
import pytest

from linkage.engines.threads import ThreadsEngine
from linkage.search.cut import FEWEST_ROWS, computed_cut, measured
from schemas.agreement import Search

BYTES = 128
TERMS = Search(cut_per_mille=900, strangers=20, top_k=100)


def filters(rows, seed, share=0.5):
    random = np.random.default_rng(seed)
    return np.packbits(random.random((rows, 8 * BYTES)) < share, axis=1)


@pytest.mark.parametrize(("ours", "theirs"), [(400, 900), (900, 400), (2_500, 2_500)])
@pytest.mark.parametrize("share", [0.35, 0.5])
def test_as_many_strangers_reach_the_cut_as_may(ours, theirs, share):
    left, right = filters(ours, 1, share), filters(theirs, 2, share)
    found = ThreadsEngine().candidate_pairs(left, right, cut=computed_cut(TERMS, [left], [right]))
    expected = TERMS.strangers * min(ours, theirs)  # each filter of the smaller side meets all of the larger one
    assert 0.7 * expected <= len(found) <= 1.4 * expected


def test_a_larger_pool_has_a_higher_cut_up_to_the_agreed_one():
    left, right = filters(200, 1), filters(400, 2)
    found = [computed_cut(TERMS, [left], [right] * times) for times in (1, 10, 100)]
    assert found == sorted(found)
    assert found[0] < found[-1] < 0.9
    assert computed_cut(TERMS.model_copy(update={"cut_per_mille": 540}), [left], [right] * 100) == 0.54


def test_pools_are_measured_together_however_they_are_divided():
    left, right = filters(3_000, 1), filters(2_000, 2)
    assert measured([left], [right]) == measured([left[:7], left[7:1_500], left[1_500:]], [right[:1_999], right[1_999:]])


@pytest.mark.parametrize(
    ("terms", "rows"),
    [(TERMS.model_copy(update={"strangers": 0}), 500), (TERMS, FEWEST_ROWS - 1), (TERMS, 0)],
    ids=["agreed", "few", "none"],
)
def test_without_strangers_to_measure_or_to_let_in_the_agreed_cut_holds(terms, rows):
    assert computed_cut(terms, [filters(500, 1)], [filters(rows, 2)]) == 0.9


def test_no_more_pairs_are_expected_than_may_be_found():
    left, right = filters(2_000, 1), filters(2_000, 2)
    few = TERMS.model_copy(update={"max_pairs": 4_000})
    assert len(ThreadsEngine().candidate_pairs(left, right, cut=computed_cut(few, [left], [right]))) <= 4_000


def test_the_same_people_on_both_sides_hardly_raise_it():
    people, others = filters(3_000, 1), filters(3_000, 2)
    with_partners = np.concatenate([people[:1_500], others[:1_500]])
    assert computed_cut(TERMS, [people], [with_partners]) == pytest.approx(computed_cut(TERMS, [people], [others]), abs=0.01)
