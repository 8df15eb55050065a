"""Searching pools: which pairs of persons become candidates, with which scores."""

import numpy as np
import pyarrow as pa
import pytest
from linkage.search.pair_table import pairs_table, scored_pairs

from linkage.findings.graph import Scored
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.search.engine import check_filters
from linkage.search.pools import NO_PERSON, compare_persons, make_pool, search_pools
from schemas.agreement import PROJECTIONS
from schemas.byte_columns import as_ids, fixed_bytes
from schemas.errors import SubmissionError

BYTES = 128
DRAW = np.random.default_rng(3)
ENGINE = AnonlinkEngine()


def filters(*seeds):
    """Return one random filter for each seed, half of its bits set; equal seeds give equal filters."""
    return np.array([np.random.default_rng(seed).integers(0, 256, BYTES) for seed in seeds], dtype=np.uint8).reshape(len(seeds), BYTES)


def slipped(row, bits):
    """Return a filter with some bits turned."""
    changed = np.unpackbits(row)
    changed[DRAW.choice(len(changed), bits, replace=False)] ^= 1
    return np.packbits(changed)


def ids(*numbers):
    return as_ids(np.array([[number] * 16 for number in numbers], dtype=np.uint8).reshape(len(numbers), 16))


def pool(name, people):
    """Return a pool of person id → {projection: seeds of its filters}; person 0 is nobody, whose filters fill gaps."""
    encodings, joins = {}, ([], [])
    number = 100
    for projection in PROJECTIONS:
        seeds, pseudonyms = [], []
        for person, has in people.items():
            for seed in has.get(projection, ()):
                number += 1
                seeds.append(seed)
                pseudonyms.append(number)
                if person:
                    joins[0].append(person)
                    joins[1].append(number)
        encodings[projection] = (ids(*pseudonyms), filters(*seeds))
    return make_pool(name, encodings, (ids(*joins[0]), ids(*joins[1])))


def everywhere(*seeds):
    return dict.fromkeys(PROJECTIONS, seeds)


def search(left, right, top_k=10, cut=0.6):
    """Return the candidate pairs: (left person, right person) → scores."""
    found = search_pools(ENGINE, left, right, cut=cut, top_k=top_k)
    return {(int(one), int(other)): scores.tolist() for one, other, scores in zip(found.left, found.right, found.scores, strict=True)}


def test_equal_filters_score_one_and_unrelated_ones_are_no_pair():
    pairs = ENGINE.candidate_pairs(filters(1, 2, 3), filters(9, 2), cut=0.6, top_k=10)
    assert (pairs.left.tolist(), pairs.right.tolist(), pairs.score.tolist()) == ([1], [1], [1.0])


def test_pairs_come_in_order_of_their_rows():
    pairs = ENGINE.candidate_pairs(filters(4, 1, 4, 2), filters(2, 4, 1), cut=0.6, top_k=10)
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 1), (3, 0)]


def test_a_filter_keeps_its_best_candidates():
    original = filters(1)[0]
    others = np.array([slipped(original, bits) for bits in (200, 20, 100)])
    pairs = ENGINE.candidate_pairs(original[None, :], others, cut=0.6, top_k=1)
    assert 1 in pairs.right.tolist()
    assert pairs.score[pairs.right.tolist().index(1)] == pairs.score.max()


@pytest.mark.parametrize(("left", "right"), [((), (1,)), ((1,), ()), ((), ())])
def test_an_empty_side_has_no_pairs(left, right):
    pairs = ENGINE.candidate_pairs(filters(*left), filters(*right), cut=0.6, top_k=10)
    assert len(pairs.left) == len(pairs.right) == len(pairs.score) == 0


@pytest.mark.parametrize("value", [0, 255])
def test_a_constant_filter_is_refused(value):
    with pytest.raises(SubmissionError, match="one is constant"):
        check_filters(np.vstack([filters(1), np.full((1, BYTES), value, dtype=np.uint8)]))
    with pytest.raises(SubmissionError, match="one is constant"):
        ENGINE.candidate_pairs(filters(1), np.full((1, BYTES), value, dtype=np.uint8), cut=0.6, top_k=10)


def test_filters_without_bytes_are_refused():
    for shape in ((3, 0), (3,)):
        with pytest.raises(SubmissionError, match="one row of equal length"):
            check_filters(np.zeros(shape, dtype=np.uint8))


def test_a_pool_has_each_person_once_in_the_order_of_their_ids():
    made = pool("council", {7: everywhere(1, 2), 5: everywhere(3)})
    assert [person.tobytes()[0] for person in made.persons] == [5, 7]
    assert made.owner["A"].tolist() == [1, 1, 0]


def test_a_filter_that_fills_a_gap_belongs_to_nobody():
    made = pool("council", {1: everywhere(1), 0: everywhere(2)})
    assert made.owner["A"].tolist() == [0, NO_PERSON]
    assert made.has("A").tolist() == [True]


def test_candidates_are_the_union_over_projections_with_zero_below_the_cut():
    left = pool("prison", {1: everywhere(1), 2: {"A": (2,), "B": (20,), "C": (21,), "D": (22,)}})
    right = pool("council", {1: everywhere(1), 2: {"A": (30,), "B": (20,), "C": (31,), "D": (32,)}})
    assert search(left, right) == {(0, 0): [1.0] * 4, (1, 1): [0.0, 1.0, 0.0, 0.0]}


def test_a_projection_that_one_of_them_lacks_is_absent_not_below_the_cut():
    left, right = pool("prison", {1: {"A": (1,), "B": (2,)}}), pool("council", {1: {"A": (1,), "C": (3,)}})
    scores = search(left, right)[0, 0]
    assert scores[0] == 1.0
    assert np.isnan(scores[1])
    assert np.isnan(scores[2])


def test_the_best_of_a_persons_filters_counts():
    left = pool("prison", {1: everywhere(5, 1)})
    right = pool("council", {1: everywhere(1, 6)})
    assert search(left, right)[0, 0] == [1.0] * 4


def test_fills_find_nobody_and_are_found_by_nobody():
    left, right = pool("prison", {0: everywhere(1), 1: everywhere(2)}), pool("council", {1: everywhere(1), 0: everywhere(2)})
    assert search(left, right) == {}


def test_a_pool_without_people_has_no_candidates():
    assert search(pool("prison", {}), pool("council", {1: everywhere(1)})) == {}
    assert search(pool("prison", {1: everywhere(1)}), pool("council", {})) == {}


def test_two_persons_compared_directly_score_as_in_the_search():
    left, right = pool("prison", {1: {"A": (1, 2), "B": (3,)}}), pool("council", {1: {"A": (2,), "B": (4,), "C": (5,)}})
    scores = compare_persons(left, 0, right, 0)
    assert scores[0] == 1.0
    assert 0.4 < scores[1] < 0.6
    assert np.isnan(scores[2])


def test_a_sliced_column_is_read_from_where_it_begins():
    column = pa.chunked_array([pa.array([bytes([number]) * 4 for number in range(5)], pa.binary(4))]).slice(2, 2)
    assert fixed_bytes(column, 4).tolist() == [[2] * 4, [3] * 4]
    assert fixed_bytes(pa.chunked_array([], pa.binary(4)), 4).shape == (0, 4)


def test_a_searchs_result_is_kept_and_read_back():
    left = pool("prison", {1: everywhere(1), 2: {"A": (2,)}})
    right = pool("council", {1: everywhere(1), 2: everywhere(2)})
    found = [
        Scored(population, "prison", "council", search_pools(ENGINE, left, right, cut=0.6, top_k=10))
        for population in ("adults", "children")
    ]
    again = scored_pairs(pairs_table(found))
    assert [(item.population, item.left, item.right) for item in again] == [
        ("adults", "prison", "council"),
        ("children", "prison", "council"),
    ]
    for one, other in zip(found, again, strict=True):
        assert np.array_equal(one.pairs.left, other.pairs.left)
        assert np.array_equal(one.pairs.right, other.pairs.right)
        assert np.array_equal(one.pairs.scores, other.pairs.scores, equal_nan=True)
    assert scored_pairs(pairs_table([])) == []
